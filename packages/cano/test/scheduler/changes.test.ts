import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, makeScheduler, timesOf, watch } from "../support/scheduling.ts"

describe("S14: changes", () => {
  it.effect("tells everything in order", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      yield* scheduler.add("a", Trigger.every(1000), Effect.void)
      yield* scheduler.start
      yield* TestClock.adjust(1)
      yield* scheduler.pause("a")
      yield* scheduler.resume("a")
      yield* scheduler.remove("a")
      yield* scheduler.stop()
      yield* Effect.yieldNow
      assert.deepStrictEqual(briefly(events), [
        "a Added",
        "SchedulerStarted",
        "a 1 started",
        "a 1 success",
        "a Paused",
        "a Resumed",
        "a Removed",
        "SchedulerStopping",
        "SchedulerStopped"
      ])
    })
  )

  it.effect("a slow reader loses the oldest, is told how many, and holds up nobody", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0, buffer: 10 })
      const seen: Array<Scheduler.Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(scheduler.changes, (event) =>
          Effect.delay(
            Effect.sync(() => seen.push(event)),
            5000
          )
        ),
        { startImmediately: true }
      )
      const quick = yield* watch(scheduler)
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(100), job)
      yield* scheduler.start
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(starts.length, 6001)
      assert.strictEqual(quick.length, 2 + 2 * 6001)
      assert.isAtMost(seen.length, 121)
      const lost = seen.flatMap((event) => (event._tag === "Lost" ? [event.count] : []))
      const told = seen.length - lost.length + lost.reduce((sum, count) => sum + count, 0)
      assert.isAbove(lost.length, 5)
      assert.isAtLeast(told, 2 + 2 * 6001 - 10 - 2 * 600)
    })
  )

  it.effect("ends when the scheduler is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const scheduler = yield* Scope.provide(makeScheduler, scope)
      const reader = yield* Effect.forkChild(Stream.runCollect(scheduler.changes), { startImmediately: true })
      yield* Effect.yieldNow
      yield* scheduler.start
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(briefly(yield* Fiber.join(reader)), [
        "SchedulerStarted",
        "SchedulerStopping",
        "SchedulerStopped"
      ])
      assert.deepStrictEqual(yield* Stream.runCollect(scheduler.changes), [])
    })
  )
})
