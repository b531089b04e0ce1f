import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { jumpingClock, makeScheduler, quiet, timesOf } from "../support/scheduling.ts"

describe("S5: start and stop", () => {
  it.effect("a second start is an error, a second stop is fine, and a new start begins afresh", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000), job)
      assert.deepStrictEqual(yield* scheduler.stop(), { interrupted: [] })
      assert.isFalse(yield* scheduler.isRunning)
      yield* scheduler.start
      assert.isTrue(yield* scheduler.isRunning)
      const error = yield* Effect.flip(scheduler.start)
      assert.strictEqual(error.message, "The scheduler cannot be started: it is running")
      yield* TestClock.adjust(1500)
      assert.deepStrictEqual(yield* scheduler.stop(), { interrupted: [] })
      assert.deepStrictEqual(yield* scheduler.stop(), { interrupted: [] })
      assert.strictEqual((yield* scheduler.status("a")).nextRun, undefined)
      yield* TestClock.adjust(2000)
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      assert.deepStrictEqual(starts, [0, 1000, 3500, 4500])
    })
  )

  it.effect("stop lets runs in flight end within the grace", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep(500))
      yield* scheduler.add("a", Trigger.every(100), job, { overlap: "allow" })
      yield* scheduler.start
      yield* TestClock.adjust(250)
      const stop = yield* Effect.forkChild(scheduler.stop({ grace: 1000 }), { startImmediately: true })
      yield* TestClock.adjust(449)
      assert.isUndefined(stop.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Fiber.join(stop), { interrupted: [] })
      assert.deepStrictEqual(starts, [0, 100, 200])
      assert.deepInclude(yield* scheduler.status("a"), { successes: 3, interruptions: 0 })
    })
  )

  it.effect("stop interrupts what takes longer, waits for its finalizers, and names it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let cleanedUp = 0
      const job = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(50),
          Effect.sync(() => cleanedUp++)
        )
      )
      yield* scheduler.add("slow", Trigger.every(1000), job, { overlap: "allow" })
      yield* scheduler.add("quick", Trigger.every(1000), Effect.sleep(200))
      yield* scheduler.add("stuck", Trigger.every(5000), job)
      yield* scheduler.start
      yield* TestClock.adjust(1100)
      const stop = yield* Effect.forkChild(scheduler.stop({ grace: 500 }), { startImmediately: true })
      yield* TestClock.adjust(499)
      assert.strictEqual((yield* scheduler.status("slow")).running, 2)
      assert.strictEqual((yield* scheduler.status("quick")).running, 0)
      yield* TestClock.adjust(51)
      assert.deepStrictEqual(yield* Fiber.join(stop), {
        interrupted: [
          { flow: "slow", run: 1 },
          { flow: "slow", run: 2 },
          { flow: "stuck", run: 1 }
        ]
      })
      assert.strictEqual(cleanedUp, 3)
    })
  )

  it.effect("nothing starts after a stop by a run, also while missed ticks are caught up", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const { job, starts } = timesOf(Effect.forkDetach(scheduler.stop(), { startImmediately: true }))
        const other = timesOf(Effect.void)
        yield* scheduler.add("a", Trigger.every(1000, { firstRun: "afterInterval" }), job, { missed: { all: "1 day" } })
        yield* scheduler.add("b", Trigger.every(1000, { firstRun: "afterInterval" }), other.job)
        yield* scheduler.start
        yield* TestClock.adjust(500)
        yield* jump("1 minute")
        yield* TestClock.adjust(5000)
        assert.deepStrictEqual([starts.length, other.starts.length], [1, 0])
        assert.isFalse(yield* scheduler.isRunning)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect("all who stop get the same answer, and the shortest grace counts", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.every(1000), Effect.never)
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const patient = yield* Effect.forkChild(scheduler.stop({ grace: Infinity }), { startImmediately: true })
      assert.strictEqual(
        (yield* Effect.flip(scheduler.start)).message,
        "The scheduler cannot be started: it is stopping"
      )
      yield* TestClock.adjust(10_000)
      const hurried = yield* Effect.forkChild(scheduler.stop({ grace: 100 }), { startImmediately: true })
      yield* TestClock.adjust(100)
      const expected = { interrupted: [{ flow: "a", run: 1 }] }
      assert.deepStrictEqual(yield* Fiber.join(hurried), expected)
      assert.deepStrictEqual(yield* Fiber.join(patient), expected)
    })
  )

  it.effect("a stop goes on when the one who asked for it is interrupted", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.every(1000), Effect.never)
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const stop = yield* Effect.forkChild(scheduler.stop({ grace: 100 }), { startImmediately: true })
      yield* Fiber.interrupt(stop)
      yield* TestClock.adjust(100)
      assert.isFalse(yield* scheduler.isRunning)
      yield* scheduler.start
      yield* scheduler.stop({ grace: 0 })
    })
  )

  it.effect("closing the scope is a stop with the default grace of 30 seconds", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const scheduler = yield* Scope.provide(Scheduler.make(), scope)
      let ended = 0
      const job = (millis: number) =>
        Effect.ensuring(
          Effect.sleep(millis),
          Effect.sync(() => ended++)
        )
      yield* scheduler.add("a", Trigger.every("1 hour"), job(29_000))
      yield* scheduler.add("b", Trigger.every("1 hour"), job(31_000))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(29_998)
      assert.strictEqual(ended, 1)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(2)
      yield* Fiber.join(closing)
      assert.strictEqual(ended, 2)
      assert.deepInclude(yield* scheduler.status("a"), { successes: 1 })
      assert.deepInclude(yield* scheduler.status("b"), { interruptions: 1 })
      assert.strictEqual((yield* Effect.flip(scheduler.start)).message, "The scheduler cannot be started: it is closed")
    }).pipe(quiet)
  )

  it.effect("a grace that makes no sense is a defect", () =>
    Effect.gen(function* () {
      for (const grace of [-1, NaN]) {
        assert.instanceOf(defectsOf(yield* Effect.exit(Scheduler.make({ grace })))[0], ConfigurationError)
      }
      for (const buffer of [0, -1, 1.5, NaN]) {
        assert.instanceOf(defectsOf(yield* Effect.exit(Scheduler.make({ buffer })))[0], ConfigurationError)
      }
      const scheduler = yield* makeScheduler
      assert.instanceOf(defectsOf(yield* Effect.exit(scheduler.stop({ grace: -1 })))[0], ConfigurationError)
    })
  )
})
