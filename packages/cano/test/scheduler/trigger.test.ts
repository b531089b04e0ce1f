import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { Boom, briefly, failing, makeScheduler, quiet, watch } from "../support/scheduling.ts"

describe("S12: trigger", () => {
  it.effect("gives a handle that knows the types of a flow", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const flow = yield* scheduler.add("a", Trigger.manual, Effect.as(Effect.sleep(100), 42))
      yield* scheduler.start
      const run = yield* scheduler.trigger(flow)
      const result = yield* Effect.forkChild(run.join)
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* Fiber.join(result), 42)
      assert.deepStrictEqual(yield* run.await, Exit.succeed(42))
    })
  )

  it.effect("fails as the run fails", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const fails = yield* scheduler.add("fails", Trigger.manual, failing)
      const dies = yield* scheduler.add("dies", Trigger.manual, Effect.die("ouch"))
      yield* scheduler.start
      assert.instanceOf(yield* Effect.flip((yield* scheduler.trigger(fails)).join), Boom)
      assert.deepStrictEqual(defectsOf(yield* (yield* scheduler.trigger(dies)).await), ["ouch"])
    }).pipe(quiet)
  )

  it.effect("of an unknown flow, or of a scheduler that is not running, is an error", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      assert.deepStrictEqual(yield* Effect.flip(scheduler.trigger("a")), new Scheduler.NotRunning({ flow: "a" }))
      yield* scheduler.start
      assert.deepStrictEqual(yield* Effect.flip(scheduler.trigger("b")), new Scheduler.UnknownFlow({ flow: "b" }))
      const other = Scheduler.flow("a", Trigger.manual, Effect.succeed("another flow of this name"))
      const error = yield* Effect.flip(scheduler.trigger(other))
      assert.deepStrictEqual(error, new Scheduler.UnknownFlow({ flow: "a", isOther: true }))
      assert.strictEqual(error.message, 'This flow was not added: another flow has the id "a"')
      yield* scheduler.stop()
      assert.deepStrictEqual(yield* Effect.flip(scheduler.trigger("a")), new Scheduler.NotRunning({ flow: "a" }))
    })
  )

  it.effect("obeys the overlap policy, and says which run is in the way", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const job = Effect.sleep(1000)
      yield* scheduler.add("skip", Trigger.manual, job)
      yield* scheduler.add("queue", Trigger.manual, job, { overlap: "queue" })
      yield* scheduler.start
      for (const id of ["skip", "queue", "queue"]) yield* scheduler.trigger(id)
      const skipped = yield* Effect.flip(scheduler.trigger("skip"))
      assert.strictEqual(skipped.message, 'Flow "skip" was not triggered: overlap with run 1')
      const full = yield* Effect.flip(scheduler.trigger("queue"))
      assert.strictEqual(full.message, 'Flow "queue" was not triggered: queueFull with run 1')
      yield* TestClock.adjust(2000)
      assert.deepInclude(yield* scheduler.status("queue"), { runs: 2, successes: 2 })
    })
  )

  it.effect("may be called by a run, and by the run that it starts, and so on", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let runs = 0
      const job = Effect.suspend(() => (++runs < 20_000 ? Effect.asVoid(scheduler.trigger("a")) : Effect.void))
      yield* scheduler.add("a", Trigger.manual, Effect.orDie(job), { overlap: "allow" })
      yield* scheduler.start
      yield* scheduler.trigger("a")
      while (runs < 20_000) yield* Effect.yieldNow
      yield* TestClock.adjust(1)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 20_000, successes: 20_000, running: 0 })
    })
  )

  it.effect("a run that waits is told when it is dropped", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.manual, Effect.sleep(1000), { overlap: "queue" })
      yield* scheduler.start
      yield* scheduler.trigger("a")
      const waiting = yield* scheduler.trigger("a")
      assert.deepInclude(yield* scheduler.status("a"), { running: 1, waiting: 1 })
      yield* scheduler.stop()
      assert.isTrue(Exit.hasInterrupts(yield* waiting.await))
    })
  )

  it.effect(
    "the caller of a run that is dropped may trigger at once, and that run takes the place of the newer one",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const events = yield* watch(scheduler)
        const job = Effect.onInterrupt(Effect.sleep(1000), () => Effect.sleep(100))
        yield* scheduler.add("a", Trigger.manual, job, { overlap: "cancelPrevious" })
        yield* scheduler.start
        yield* scheduler.trigger("a")
        const dropped = yield* scheduler.trigger("a")
        yield* Effect.forkChild(Effect.andThen(dropped.await, scheduler.trigger("a")), { startImmediately: true })
        yield* scheduler.trigger("a")
        yield* TestClock.adjust(5000)
        assert.deepStrictEqual(briefly(events).slice(2), [
          "a 1 started",
          "a RunWaiting",
          "a skipped: superseded",
          "a RunWaiting",
          "a skipped: superseded",
          "a RunWaiting",
          "a 1 interrupted",
          "a 2 started",
          "a 2 success"
        ])
      })
  )

  it.effect("works in a pause", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.every(1000), Effect.void)
      yield* scheduler.pause("a")
      yield* scheduler.start
      yield* TestClock.adjust(5000)
      yield* scheduler.trigger("a")
      assert.strictEqual((yield* scheduler.status("a")).runs, 1)
    })
  )
})
