import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, failing, makeScheduler, quiet, timesOf, watch } from "../support/scheduling.ts"

describe("S12: debounce", () => {
  const debounced = (options: Scheduler.Options, work: Effect.Effect<unknown, unknown> = Effect.void) =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(work)
      const flow = yield* scheduler.add("a", Trigger.manual, job, options)
      yield* scheduler.start
      return { scheduler, flow, starts }
    })

  it.effect("one run starts when no call has come for a while, and all calls get it", () =>
    Effect.gen(function* () {
      const { flow, scheduler, starts } = yield* debounced({ debounce: { quiet: 100 } }, Effect.succeed({}))
      const runs: Array<Scheduler.Run<unknown, unknown>> = []
      for (let call = 0; call < 5; call++) {
        runs.push(yield* scheduler.trigger(flow))
        yield* TestClock.adjust(99)
      }
      assert.deepStrictEqual(starts, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(starts, [4 * 99 + 100])
      const results = yield* Effect.forEach(runs, (run) => run.join)
      assert.strictEqual(new Set(results).size, 1)
      yield* TestClock.adjust(1000)
      yield* scheduler.trigger(flow)
      yield* TestClock.adjust(100)
      assert.strictEqual(starts.length, 2)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 2, skipped: 0 })
    })
  )

  it.effect("it starts no later than latest after the first call", () =>
    Effect.gen(function* () {
      const { flow, scheduler, starts } = yield* debounced({ debounce: { quiet: 100, latest: 250 } })
      for (let call = 0; call < 12; call++) {
        yield* scheduler.trigger(flow)
        yield* TestClock.adjust(50)
      }
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(starts, [250, 500, 650])
    })
  )

  it.effect("a run that may not start in the end is skipped, and ends as interrupted", () =>
    Effect.gen(function* () {
      const { flow, scheduler } = yield* debounced({ debounce: { quiet: 100 } }, Effect.never)
      const events = yield* watch(scheduler)
      yield* scheduler.trigger(flow)
      yield* TestClock.adjust(100)
      const second = yield* scheduler.trigger(flow)
      yield* TestClock.adjust(100)
      assert.isTrue(Exit.hasInterrupts(yield* second.await))
      assert.deepStrictEqual(briefly(events), ["a 1 started", "a skipped: overlap 1"])
    })
  )

  it.effect("it is dropped by a cancel, a stop and a remove", () =>
    Effect.gen(function* () {
      const { flow, scheduler, starts } = yield* debounced({ debounce: { quiet: 100 } })
      const events = yield* watch(scheduler)
      const cancelled = yield* scheduler.trigger(flow)
      yield* cancelled.cancel
      yield* TestClock.adjust(200)
      const stopped = yield* scheduler.trigger(flow)
      yield* scheduler.stop()
      yield* scheduler.start
      yield* TestClock.adjust(200)
      const removed = yield* scheduler.trigger(flow)
      yield* scheduler.remove(flow)
      yield* TestClock.adjust(200)
      for (const run of [cancelled, stopped, removed]) assert.isTrue(Exit.hasInterrupts(yield* run.await))
      assert.deepStrictEqual(starts, [])
      const skips = briefly(events).filter((event) => event.includes("skipped"))
      assert.deepStrictEqual(skips, ["a skipped: cancelled", "a skipped: stopped", "a skipped: stopped"])
    })
  )

  it.effect("a flow that has tripped, or made all its runs, refuses the call; ticks are not debounced", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const debounce = { quiet: 100 }
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("tripped", Trigger.manual, failing, { debounce, trip: 1 })
      yield* scheduler.add("done", Trigger.manual, Effect.void, { debounce, maxRuns: 1 })
      yield* scheduler.add("ticks", Trigger.every(1000), job, { debounce })
      yield* scheduler.start
      for (const id of ["tripped", "done"]) yield* scheduler.trigger(id)
      yield* TestClock.adjust(1000)
      assert.propertyVal(yield* Effect.flip(scheduler.trigger("tripped")), "reason", "tripped")
      assert.propertyVal(yield* Effect.flip(scheduler.trigger("done")), "reason", "maxRuns")
      assert.deepStrictEqual(starts, [0, 1000])
      const wrong = scheduler.add("wrong", Trigger.manual, Effect.void, { debounce: { quiet: 0 } })
      assert.include(
        (yield* Effect.flip(wrong)).message,
        "the debounce's quiet is 0, expected a finite duration above 0"
      )
    }).pipe(quiet)
  )
})
