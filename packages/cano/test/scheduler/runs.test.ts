import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, makeScheduler, millis, watch } from "../support/scheduling.ts"

describe("S12: runs in flight", () => {
  it.effect("are listed, and one of them is cancelled", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      const cleaned: Array<number> = []
      const job = ({ run }: Scheduler.Tick) =>
        Effect.onInterrupt(Effect.sleep("1 hour"), () =>
          // Nobody moves the clock for those that the end of the test interrupts.
          Effect.delay(
            Effect.sync(() => void cleaned.push(run)),
            run === 2 ? 50 : 0
          )
        )
      const flow = yield* scheduler.add("a", Trigger.every(1000), job, { overlap: "allow", trip: 1 })
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      yield* scheduler.trigger(flow)
      const runs = yield* scheduler.running("a")
      assert.deepStrictEqual(
        runs.map(({ by, due, flow, run, startedAt }) => [flow, run, by, millis(due), millis(startedAt)]),
        [
          ["a", 1, "timer", 0, 0],
          ["a", 2, "timer", 1000, 1000],
          ["a", 3, "hand", 1500, 1500]
        ]
      )
      yield* Effect.forkChild(runs[1]!.cancel, { startImmediately: true })
      assert.deepStrictEqual(cleaned, [])
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(cleaned, [2])
      yield* runs[1]!.cancel
      assert.deepStrictEqual(
        (yield* scheduler.running(flow)).map(({ run }) => run),
        [1, 3]
      )
      assert.deepInclude(yield* scheduler.status("a"), { running: 2, interruptions: 1, tripped: false })
      assert.include(briefly(events), "a 2 interrupted")
    })
  )

  it.effect("a run by hand is cancelled, in flight, waiting or ended", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      const flow = yield* scheduler.add("a", Trigger.manual, Effect.as(Effect.sleep(100), 3), { overlap: "queue" })
      yield* scheduler.start
      const first = yield* scheduler.trigger(flow)
      const second = yield* scheduler.trigger(flow)
      yield* second.cancel
      assert.isTrue(Exit.hasInterrupts(yield* second.await))
      const third = yield* scheduler.trigger(flow)
      yield* first.cancel
      assert.isTrue(Exit.hasInterrupts(yield* first.await))
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* third.join, 3)
      yield* third.cancel
      assert.strictEqual(yield* third.join, 3)
      assert.deepStrictEqual(briefly(events).slice(2), [
        "a 1 started",
        "a RunWaiting",
        "a skipped: cancelled",
        "a RunWaiting",
        "a 1 interrupted",
        "a 2 started",
        "a 2 success"
      ])
      assert.deepStrictEqual(yield* scheduler.running(flow), [])
    })
  )

  it.effect("a run sees itself, and may cancel itself", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const seen: Array<number> = []
      const job = Effect.gen(function* () {
        const [run] = yield* scheduler.running("a")
        seen.push(run!.run)
        yield* run!.cancel
        seen.push(-1)
      })
      yield* scheduler.add("a", Trigger.every(1000), Effect.orDie(job))
      yield* scheduler.start
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(seen, [1])
      assert.deepInclude(yield* scheduler.status("a"), { running: 0, interruptions: 1 })
      assert.instanceOf(yield* Effect.flip(scheduler.running("b")), Scheduler.UnknownFlow)
    })
  )
})
