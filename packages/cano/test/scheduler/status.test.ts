import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Trigger from "../../src/Trigger.ts"
import { makeScheduler } from "../support/scheduling.ts"

describe("S4: status", () => {
  it.effect("is exact at every step", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const trigger = Trigger.every(1000)
      yield* scheduler.add("a", trigger, Effect.sleep(300))
      const untouched = {
        id: "a",
        trigger,
        state: "idle",
        running: 0,
        waiting: 0,
        runs: 0,
        successes: 0,
        failures: 0,
        interruptions: 0,
        skipped: 0,
        missed: 0,
        streak: 0,
        paused: false,
        tripped: false,
        lastStart: undefined,
        lastEnd: undefined,
        lastOutcome: undefined,
        lastFailure: undefined,
        lastCounters: undefined,
        nextRun: undefined
      } as const
      const time = (millis: number) => DateTime.makeUnsafe(millis)
      assert.deepStrictEqual(yield* scheduler.status("a"), untouched)
      yield* scheduler.start
      yield* TestClock.adjust(100)
      const running = {
        ...untouched,
        state: "running",
        running: 1,
        runs: 1,
        lastStart: time(0),
        nextRun: time(1000)
      } as const
      assert.deepStrictEqual(yield* scheduler.status("a"), running)
      yield* TestClock.adjust(200)
      assert.deepStrictEqual(yield* scheduler.status("a"), {
        ...running,
        state: "idle",
        running: 0,
        successes: 1,
        lastEnd: time(300),
        lastOutcome: "success"
      })
    })
  )

  it.effect("has the counters of a concurrent job", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const status = { total: 5, completed: 3, failed: 1, cancelled: 1, duration: Duration.zero }
      yield* scheduler.add("batch", Trigger.every(1000), Effect.succeed({ results: [], status }))
      yield* scheduler.add("single", Trigger.every(1000), Effect.succeed({ status: { total: "5" } }))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const expected = { total: 5, completed: 3, failed: 1, cancelled: 1 }
      assert.deepStrictEqual((yield* scheduler.status("batch")).lastCounters, expected)
      assert.isUndefined((yield* scheduler.status("single")).lastCounters)
    })
  )
})
