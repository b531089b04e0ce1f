import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { iso, makeScheduler, timesOf } from "../support/scheduling.ts"

describe("S11: control", () => {
  it.effect("pause and resume keep the grid, and may be repeated", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000), job)
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      yield* scheduler.pause("a")
      yield* scheduler.pause("a")
      assert.deepInclude(yield* scheduler.status("a"), { state: "paused", paused: true, nextRun: undefined })
      yield* TestClock.adjust(3000)
      yield* scheduler.resume("a")
      yield* scheduler.resume("a")
      assert.strictEqual(iso((yield* scheduler.status("a")).nextRun), iso(5000))
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(starts, [0, 1000, 5000, 6000])
    })
  )

  it.effect("pause lets the run in flight end, and drops the tick that waits", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep(150))
      yield* scheduler.add("a", Trigger.every(100), job, { overlap: "queue" })
      yield* scheduler.start
      yield* TestClock.adjust(120)
      yield* scheduler.pause("a")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(starts, [0])
      assert.deepInclude(yield* scheduler.status("a"), { successes: 1, skipped: 1, waiting: 0 })
    })
  )

  it.effect("remove interrupts the runs, waits for their finalizers, and frees the id", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let cleanedUp = false
      const job = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(100),
          Effect.sync(() => (cleanedUp = true))
        )
      )
      yield* scheduler.add("a", Trigger.every(1000), job, { overlap: "allow" })
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      const removal = yield* Effect.forkChild(scheduler.remove("a"), { startImmediately: true })
      assert.isUndefined(removal.pollUnsafe())
      assert.deepStrictEqual(yield* Effect.flip(scheduler.status("a")), new Scheduler.UnknownFlow({ flow: "a" }))
      assert.deepStrictEqual(yield* scheduler.list, [])
      yield* TestClock.adjust(100)
      yield* Fiber.join(removal)
      assert.isTrue(cleanedUp)
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 0, running: 0 })
    })
  )

  it.effect("a job may remove or pause its own flow, trigger others and add more", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const later = timesOf(Effect.void)
      yield* scheduler.add("removed", Trigger.every(100), scheduler.remove("removed"))
      yield* scheduler.add("paused", Trigger.every(100), scheduler.pause("paused"))
      yield* scheduler.add("other", Trigger.manual, Effect.void)
      yield* scheduler.add(
        "adding",
        Trigger.every(100),
        Effect.andThen(scheduler.trigger("other"), scheduler.add("later", Trigger.every(50), later.job)),
        { maxRuns: 1 }
      )
      yield* scheduler.start
      yield* TestClock.adjust(190)
      const statuses = yield* scheduler.list
      assert.deepStrictEqual(
        statuses.map(({ id, runs, state }) => [id, runs, state]),
        [
          ["paused", 1, "paused"],
          ["other", 1, "idle"],
          ["adding", 1, "completed"],
          ["later", 4, "idle"]
        ]
      )
    })
  )

  it.effect("of an unknown flow is an error that names it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { explain, pause, preview, remove, reset, resume, status } = scheduler
      const calls = [pause("x"), resume("x"), remove("x"), reset("x"), status("x"), preview("x", 1), explain("x", 0)]
      for (const call of calls) {
        const error = yield* Effect.flip(call as Effect.Effect<unknown, Scheduler.UnknownFlow>)
        assert.strictEqual(error.message, 'There is no flow "x"')
      }
    })
  )

  it.effect("list is in the order of registration", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      for (const id of ["b", "a", "__proto__", "1", "0"]) yield* scheduler.add(id, Trigger.manual, Effect.void)
      assert.deepStrictEqual(
        (yield* scheduler.list).map(({ id }) => id),
        ["b", "a", "__proto__", "1", "0"]
      )
    })
  )
})
