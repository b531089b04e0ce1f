/** The tests that the guide to the scheduler shows; they run with the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Scheduler, Trigger } from "effect-cano"

describe("a flow", () => {
  // #region flow
  it.effect("cleans up every night at 2 in Berlin", () =>
    Effect.gen(function* () {
      const nights: Array<string> = []
      const cleanup = ({ due }: Scheduler.Tick) => Effect.sync(() => void nights.push(DateTime.formatIso(due)))
      const scheduler = yield* Scheduler.make({ grace: 0 })
      yield* scheduler.add("cleanup", Trigger.cron("0 2 * * *", { timeZone: "Europe/Berlin" }), cleanup)
      yield* scheduler.start
      yield* TestClock.adjust("2 days")
      assert.deepStrictEqual(nights, ["1970-01-01T01:00:00.000Z", "1970-01-02T01:00:00.000Z"])
    })
  )
  // #endregion

  // #region missed
  /** A clock that can go on while the timers stand still, as on a machine that sleeps. */
  const sleepingClock = Effect.gen(function* () {
    const inner = yield* Clock.Clock
    let slept = 0
    const clock: Clock.Clock = {
      ...inner,
      currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + slept,
      currentTimeMillis: Effect.sync(() => inner.currentTimeMillisUnsafe() + slept)
    }
    const sleep = (duration: Duration.Input) => Effect.sync(() => void (slept += Duration.toMillis(duration)))
    return { clock, sleep }
  })

  it.effect("makes up for the ticks that a sleep of 2.5 hours has missed", () =>
    Effect.gen(function* () {
      const { clock, sleep } = yield* sleepingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler.make({ grace: 0 })
        yield* scheduler.add("sync", Trigger.every("1 hour"), Effect.void, { missed: "once" })
        yield* scheduler.start
        yield* TestClock.adjust("55 minutes")
        yield* sleep("150 minutes")
        // until the scheduler looks at the clock
        yield* TestClock.adjust("30 seconds")
        // at 0:00, and one run at 3:25 for those at 1:00, 2:00 and 3:00
        const { missed, runs } = yield* scheduler.status("sync")
        assert.deepStrictEqual([runs, missed], [2, 2])
      }).pipe(Effect.provideService(Clock.Clock, clock))
    })
  )
  // #endregion
})
