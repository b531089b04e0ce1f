import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { Boom, failing, jumpingClock, makeScheduler, quiet, timesOf, utc } from "../support/scheduling.ts"

describe("S10: a clock that is set back", () => {
  const backBy = (trigger: Trigger.Trigger, by: Duration.Input) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(utc("2026-01-01T12:00:00Z"))
      const { clock, jumpBack } = yield* jumpingClock
      let runs = 0
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add(
          "a",
          trigger,
          Effect.sync(() => runs++)
        )
        yield* scheduler.start
        yield* TestClock.adjust("10 minutes")
        yield* jumpBack(by)
        runs = 0
        yield* TestClock.adjust("10 minutes")
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
      return runs
    })

  it.effect("does not stop intervals", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* backBy(Trigger.every("10 seconds"), "1 day"), 60)
      assert.strictEqual(yield* backBy(Trigger.every("10 seconds"), "30 seconds"), 60)
    })
  )

  it.effect("does not repeat calendar ticks, unless it was set back by hours", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* backBy(Trigger.cron("* * * * *"), "30 minutes"), 0)
      assert.isAtLeast(yield* backBy(Trigger.cron("* * * * *"), "1 day"), 9)
    })
  )
})

describe("S10: a clock that was set back, and not yet looked at by the timer", () => {
  /** Sets the clock back by a day between two ticks of a slow flow. */
  const setBack = (
    f: (
      scheduler: Scheduler.Scheduler["Service"],
      jumpBack: (by: Duration.Input) => Effect.Effect<void>
    ) => Effect.Effect<void, unknown, Scope.Scope>
  ) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(utc("2026-01-02T12:00:00Z"))
      const { clock, jumpBack } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("slow", Trigger.every("1 minute"), Effect.void)
        yield* f(scheduler, jumpBack)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock), quiet)
    })

  it.effect("does not stop a flow that was paused or tripped in the meantime", () =>
    setBack((scheduler, jumpBack) =>
      Effect.gen(function* () {
        const paused = timesOf(Effect.void)
        let outcome: Effect.Effect<void, Boom> = failing
        const tripped = timesOf(Effect.suspend(() => outcome))
        yield* scheduler.add("paused", Trigger.every("1 second"), paused.job)
        yield* scheduler.add("tripped", Trigger.every("1 second"), tripped.job, { trip: 1 })
        yield* scheduler.start
        yield* TestClock.adjust(2500)
        yield* scheduler.pause("paused")
        yield* jumpBack("1 day")
        yield* TestClock.adjust("2 minutes")
        outcome = Effect.void
        yield* scheduler.resume("paused")
        yield* scheduler.reset("tripped")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual([paused.starts.length, tripped.starts.length], [3 + 10, 1 + 10])
        assert.deepInclude(yield* scheduler.status("paused"), { missed: 0, skipped: 0 })
      })
    )
  )

  it.effect("does not move the grid of a flow that is added, resumed or reset", () =>
    setBack((scheduler, jumpBack) =>
      Effect.gen(function* () {
        yield* scheduler.add("resumed", Trigger.every("1 second"), Effect.void, { missed: { all: "2 days" } })
        yield* scheduler.start
        yield* TestClock.adjust(2500)
        yield* scheduler.pause("resumed")
        yield* jumpBack("1 day")
        yield* scheduler.resume("resumed")
        yield* scheduler.add("added", Trigger.every("1 second"), Effect.void, { missed: { all: "2 days" } })
        yield* TestClock.adjust("10 seconds")
        assert.deepInclude(yield* scheduler.status("resumed"), { runs: 13, missed: 0 })
        assert.deepInclude(yield* scheduler.status("added"), { runs: 11, missed: 0 })
      })
    )
  )

  it.effect("neither ends nor prolongs a backoff", () =>
    setBack((scheduler, jumpBack) =>
      Effect.gen(function* () {
        const before = timesOf(failing)
        const after = timesOf(Effect.andThen(Effect.sleep(300), failing))
        const options = { backoff: { base: "10 seconds" } } as const
        yield* scheduler.add("before", Trigger.cron("* * * * * *"), before.job, options)
        yield* scheduler.add("after", Trigger.every("1 second"), after.job, options)
        yield* scheduler.start
        yield* TestClock.adjust(1200)
        assert.deepStrictEqual([before.starts.length, after.starts.length], [1, 2 - 1])
        yield* jumpBack("1 day")
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual([before.starts.length, after.starts.length], [1, 1])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual([before.starts.length, after.starts.length], [2, 2])
      })
    )
  )
})
