import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Wait from "../../src/Wait.ts"
import { failing, makeScheduler } from "../support/scheduling.ts"

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
        elsewhere: 0,
        streak: 0,
        paused: false,
        tripped: false,
        lastStart: undefined,
        lastEnd: undefined,
        lastOutcome: undefined,
        lastFailure: undefined,
        lastCounters: undefined,
        nextRun: undefined,
        journalFailure: undefined
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
      const instances = [Effect.void, Effect.void, failing, Effect.void, Effect.never]
      const batch = Concurrent.run(instances, { wait: Wait.quota(3) })
      yield* scheduler.add("batch", Trigger.every(1000), batch)
      yield* scheduler.add("single", Trigger.every(1000), Effect.succeed({ status: { total: "5" } }))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const expected = { total: 5, completed: 3, failed: 1, cancelled: 1 }
      assert.deepStrictEqual((yield* scheduler.status("batch")).lastCounters, expected)
      assert.isUndefined((yield* scheduler.status("single")).lastCounters)
    })
  )

  it.effect("takes no other result for that of a concurrent job, however it looks", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const status = { total: 5, completed: 3, failed: 1, cancelled: 1, duration: Duration.zero, end: "settled" }
      const batch = Concurrent.run([Effect.void])
      const hostile = new Proxy({}, { has: () => assert.fail("looked at"), get: () => assert.fail("read") })
      const jobs: ReadonlyArray<readonly [string, Effect.Effect<unknown>]> = [
        ["look-alike", Effect.succeed({ results: [], status })],
        ["copy", Effect.map(batch, ({ status }) => ({ status: { ...status } }))],
        ["hostile", Effect.succeed(hostile)],
        ["own", Effect.map(batch, ({ status }) => ({ status, more: true }))]
      ]
      yield* scheduler.start
      for (const [id, job] of jobs) {
        yield* Effect.flatMap(scheduler.add(id, Trigger.manual, job), (flow) => scheduler.trigger(flow))
        assert.strictEqual((yield* scheduler.status(id)).successes, 1)
      }
      const found = (yield* scheduler.list).map(({ id, lastCounters }) => [id, lastCounters])
      assert.deepStrictEqual(found, [
        ["look-alike", undefined],
        ["copy", undefined],
        ["hostile", undefined],
        ["own", { total: 1, completed: 1, failed: 0, cancelled: 0 }]
      ])
      // The mark is nothing that a user sees.
      const plain = { total: 1, completed: 1, failed: 0, cancelled: 0, duration: Duration.zero, end: "settled" }
      assert.deepStrictEqual<object>((yield* batch).status, plain)
    })
  )
})
