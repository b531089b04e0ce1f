import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, makeScheduler, timesOf, watch } from "../support/scheduling.ts"

describe("S2: overlap", () => {
  const runs = (overlap: Scheduler.Options["overlap"]) =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      const { job, starts } = timesOf(Effect.sleep(250))
      yield* scheduler.add("a", Trigger.every(100), job, { overlap, maxRuns: 5 })
      yield* scheduler.start
      yield* TestClock.adjust(5000)
      return { starts, status: yield* scheduler.status("a"), events: briefly(events).slice(2) }
    })

  it.effect("skip drops the ticks that come while a run is in flight, and says which run", () =>
    Effect.gen(function* () {
      const { events, starts, status } = yield* runs("skip")
      assert.deepStrictEqual(starts, [0, 300, 600, 900, 1200])
      assert.deepStrictEqual(events.slice(0, 5), [
        "a 1 started",
        "a skipped: overlap 1",
        "a skipped: overlap 1",
        "a 1 success",
        "a 2 started"
      ])
      assert.deepInclude(status, { state: "completed", runs: 5, successes: 5, skipped: 8, running: 0 })
    })
  )

  it.effect("queue keeps one", () =>
    Effect.gen(function* () {
      const { events, starts, status } = yield* runs("queue")
      assert.deepStrictEqual(starts, [0, 250, 500, 750, 1000])
      assert.deepStrictEqual(events.slice(0, 6), [
        "a 1 started",
        "a RunWaiting",
        "a skipped: queueFull 1",
        "a 1 success",
        "a 2 started",
        "a RunWaiting"
      ])
      assert.deepInclude(status, { runs: 5, successes: 5, waiting: 0 })
    })
  )

  it.effect("allow starts at once", () =>
    Effect.gen(function* () {
      const { starts, status } = yield* runs("allow")
      assert.deepStrictEqual(starts, [0, 100, 200, 300, 400])
      assert.deepInclude(status, { runs: 5, successes: 5, skipped: 0 })
    })
  )

  it.effect("atMost starts at once while there are fewer runs, and drops the ticks that come otherwise", () =>
    Effect.gen(function* () {
      const { events, starts, status } = yield* runs({ atMost: 2 })
      assert.deepStrictEqual(starts, [0, 100, 300, 400, 600])
      assert.deepStrictEqual(events.slice(0, 5), [
        "a 1 started",
        "a 2 started",
        "a skipped: overlap 2",
        "a 1 success",
        "a 3 started"
      ])
      assert.deepInclude(status, { state: "completed", runs: 5, successes: 5, skipped: 2 })
    })
  )

  it.effect("atMost counts for calls of trigger", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("two", Trigger.manual, Effect.never, { overlap: { atMost: 2 } })
      yield* scheduler.start
      yield* scheduler.trigger("two")
      yield* scheduler.trigger("two")
      const error = yield* Effect.flip(scheduler.trigger("two"))
      assert.deepStrictEqual(error, new Scheduler.TriggerRefused({ flow: "two", reason: "overlap", run: 2 }))
    })
  )

  it.effect("atMost 1 is skip", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* runs({ atMost: 1 })).starts, [0, 300, 600, 900, 1200])
    })
  )

  it.effect("cancelPrevious interrupts the run in flight, waits for its finalizers and starts", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const log: Array<string> = []
      const say = (text: string) => Effect.map(Clock.currentTimeMillis, (now) => void log.push(`${now} ${text}`))
      const job = say("start").pipe(
        Effect.andThen(Effect.sleep(250)),
        Effect.onInterrupt(() => Effect.andThen(Effect.sleep(30), say("cleaned up")))
      )
      yield* scheduler.add("a", Trigger.every(100), job, { overlap: "cancelPrevious", maxRuns: 3 })
      yield* scheduler.start
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["0 start", "130 cleaned up", "130 start", "230 cleaned up", "230 start"])
      assert.deepInclude(yield* scheduler.status("a"), { runs: 3, successes: 1, interruptions: 2, streak: 0 })
    })
  )

  it.effect("a newer tick takes the place of one that waits for the cancelled run", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      const job = Effect.onInterrupt(Effect.sleep(1000), () => Effect.sleep(150))
      yield* scheduler.add("a", Trigger.every(100), job, { overlap: "cancelPrevious", maxRuns: 2 })
      yield* scheduler.start
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(briefly(events).slice(2), [
        "a 1 started",
        "a RunWaiting",
        "a skipped: superseded",
        "a RunWaiting",
        "a 1 interrupted",
        "a 2 started",
        "a Completed",
        "a 2 success"
      ])
    })
  )
})
