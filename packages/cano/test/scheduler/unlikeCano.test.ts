/**
 * What went wrong in Cano's scheduler (0.3 to 0.15), and what happens here instead.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, makeScheduler, quiet, timesOf, watch } from "../support/scheduling.ts"

describe("unlike Cano", () => {
  it.effect("no tick is lost: Cano made 14 of 21 runs in 20.2 s of every 1 s, and 11 of 14 of every 1.5 s", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const second = timesOf(Effect.sleep(5))
      const oneAndAHalf = timesOf(Effect.sleep(5))
      yield* scheduler.add("1 s", Trigger.every("1 second"), second.job)
      yield* scheduler.add("1.5 s", Trigger.every("1500 millis"), oneAndAHalf.job)
      yield* scheduler.start
      yield* TestClock.adjust("20200 millis")
      assert.strictEqual(second.starts.length, 21)
      assert.strictEqual(oneAndAHalf.starts.length, 14)
    })
  )

  it.effect("intervals below a second are kept: Cano ran them once a second", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every("10 millis"), job)
      yield* scheduler.start
      yield* TestClock.adjust("1 second")
      assert.strictEqual(starts.length, 101)
    })
  )

  it.effect("an interval is a rate: 0.15 counted it from the end of a run, 3 runs in 1.75 s instead of 4", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep("300 millis"))
      yield* scheduler.add("a", Trigger.every("500 millis"), job)
      yield* scheduler.start
      yield* TestClock.adjust("1750 millis")
      assert.deepStrictEqual(starts, [0, 500, 1000, 1500])
    })
  )

  it.effect("the status is right under overlap: the first run to end made a Cano flow Idle", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.every("1 second"), Effect.sleep("2500 millis"), {
        overlap: "allow",
        maxRuns: 3
      })
      yield* scheduler.start
      yield* TestClock.adjust("2600 millis")
      assert.deepInclude(yield* scheduler.status("a"), { state: "running", running: 2, successes: 1 })
      // Cano's stop returned at once, and left the others running.
      const stop = yield* Effect.forkChild(scheduler.stop({ grace: "1 minute" }), { startImmediately: true })
      yield* TestClock.adjust("1800 millis")
      assert.isUndefined(stop.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual(yield* Fiber.join(stop), { interrupted: [] })
      assert.deepInclude(yield* scheduler.status("a"), { running: 0, successes: 3 })
    })
  )

  it.effect("an unknown id is an error: Cano said Ok, and nothing happened", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.start
      assert.instanceOf(yield* Effect.flip(scheduler.trigger("nobody")), Scheduler.UnknownFlow)
    })
  )

  it.effect("a flow added after the start runs: Cano accepted it and never ran it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.start
      yield* TestClock.adjust("1 minute")
      const late = timesOf(Effect.void)
      const byHand = timesOf(Effect.void)
      yield* scheduler.add("late", Trigger.every("1 second"), late.job)
      yield* scheduler.add("by hand", Trigger.manual, byHand.job)
      yield* scheduler.trigger("by hand")
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual([late.starts, byHand.starts], [[60_000, 61_000], [60_000]])
    })
  )

  it.effect("a crash ends the run: Cano was stuck in Running for ever, and every stop timed out", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const crash = Effect.sync(() => {
        throw new Error("crash")
      })
      yield* scheduler.add("a", Trigger.every("1 second"), crash)
      yield* scheduler.start
      yield* TestClock.adjust("2500 millis")
      assert.deepInclude(yield* scheduler.status("a"), { state: "idle", running: 0, runs: 3, lastOutcome: "defect" })
      assert.deepStrictEqual(yield* scheduler.stop({ grace: "30 seconds" }), { interrupted: [] })
    }).pipe(quiet)
  )

  it.effect("a stop stops: Cano's left the runs going, 0.15's waited for them without an end", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let interrupted = false
      const job = Effect.onInterrupt(Effect.sleep("40 seconds"), () => Effect.sync(() => (interrupted = true)))
      yield* scheduler.add("a", Trigger.every("1 hour"), job)
      yield* scheduler.start
      yield* TestClock.adjust("1 second")
      const stop = yield* Effect.forkChild(scheduler.stop({ grace: "30 seconds" }), { startImmediately: true })
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* Fiber.join(stop), { interrupted: [{ flow: "a", run: 1 }] })
      assert.isTrue(interrupted)
    })
  )

  it.effect("a failed run is seen: Cano's run count had the successful ones only, and its log had none", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      let failures = 1
      const job = Effect.suspend(() => (failures-- > 0 ? Effect.fail("no") : Effect.void))
      yield* scheduler.add("a", Trigger.every("1 second"), job)
      yield* scheduler.start
      yield* TestClock.adjust("1500 millis")
      const status = yield* scheduler.status("a")
      assert.deepInclude(status, { runs: 2, successes: 1, failures: 1, lastOutcome: "success" })
      assert.isDefined(status.lastFailure)
      assert.include(briefly(events), "a 1 failure")
    }).pipe(quiet)
  )

  it.effect("a concurrent job runs and tells its counts: Cano's ended as still shared, or told zeros", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const batch = Concurrent.run([Effect.void, Effect.fail("no"), Effect.void])
      yield* scheduler.add("batch", Trigger.every("1 second"), batch)
      yield* scheduler.start
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual((yield* scheduler.status("batch")).lastCounters, {
        total: 3,
        completed: 2,
        failed: 1,
        cancelled: 0
      })
    })
  )

  it.effect(
    "late cron ticks are a policy: Cano looked back a second before the first firing, and merged them after",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const { job, starts } = timesOf(Effect.sleep("90 seconds"))
        yield* scheduler.add("a", Trigger.cron("* * * * *"), job)
        yield* scheduler.start
        yield* TestClock.adjust("6 minutes")
        assert.deepStrictEqual(starts, [60_000, 180_000, 300_000])
        assert.strictEqual((yield* scheduler.explain("a", 120_000)).message, "skipped: overlap with run 1")
      })
  )

  it.effect("weekday 1 is Monday: in Cano it was Sunday", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.cron("0 9 * * 1"), Effect.void)
      // 1 January 1970 was a Thursday.
      assert.deepStrictEqual((yield* scheduler.preview("a", 1)).map(String), ["DateTime.Utc(1970-01-05T09:00:00.000Z)"])
    })
  )
})
