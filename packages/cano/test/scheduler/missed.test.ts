import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { jumpingClock, makeScheduler, millis, timesOf, utc, watch } from "../support/scheduling.ts"

describe("S9: missed ticks", () => {
  type Missed = Scheduler.Options["missed"]

  /** Runs a flow on a clock that jumps by 10.5 s, as when the machine sleeps. */
  const afterJump = (trigger: Trigger.Trigger, options: Scheduler.Options, job = Effect.void) =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      const times = timesOf(job)
      const epoch = 100_000 * Math.ceil((yield* Clock.currentTimeMillis) / 100_000)
      yield* TestClock.setTime(epoch)
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", trigger, times.job, options)
        yield* scheduler.start
        yield* TestClock.adjust(500)
        yield* jump(10_500)
        yield* TestClock.adjust(2000)
        const { missed, runs } = yield* scheduler.status("a")
        const ticks = trigger._tag === "Every" ? 14 : trigger._tag === "Cron" ? 13 : 2
        assert.strictEqual(runs + missed, ticks)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
      return times.starts.map((start) => start - epoch)
    })

  const policies: ReadonlyArray<readonly [Missed, ReadonlyArray<number>]> = [
    ["skip", [0, 11_500, 12_000, 13_000]],
    ["once", [0, 11_500, 12_000, 13_000]],
    [{ all: "5 seconds" }, [0, 11_500, 11_500, 11_500, 11_500, 11_500, 12_000, 13_000]]
  ]
  for (const [missed, expected] of policies) {
    it.effect(`${JSON.stringify(missed)}, of an interval`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* afterJump(Trigger.every(1000), { missed }), expected)
      })
    )
    it.effect(`${JSON.stringify(missed)}, of a cron expression`, () =>
      Effect.gen(function* () {
        const starts = yield* afterJump(Trigger.cron("* * * * * *"), { missed })
        assert.deepStrictEqual(starts, expected.slice(1))
      })
    )
  }

  it.effect("are run one after another, and at once where runs may overlap", () =>
    Effect.gen(function* () {
      const slow = Effect.sleep(100)
      const serial = yield* afterJump(Trigger.every(1000), { missed: { all: "3 seconds" } }, slow)
      assert.deepStrictEqual(serial, [0, 11_500, 11_600, 11_700, 12_000, 13_000])
      const parallel = yield* afterJump(Trigger.every(1000), { missed: { all: "3 seconds" }, overlap: "allow" }, slow)
      assert.deepStrictEqual(parallel, [0, 11_500, 11_500, 11_500, 12_000, 13_000])
    })
  )

  const late = (missed: Missed, by: Duration.Input) =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      const { job, starts } = timesOf(Effect.void)
      const day = Duration.toMillis("1 day")
      yield* TestClock.setTime(day * Math.ceil((yield* Clock.currentTimeMillis) / day))
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.cron("0 2 * * *"), job, { missed })
        yield* scheduler.start
        yield* TestClock.adjust("1 hour")
        yield* jump(Duration.sum(Duration.hours(1), Duration.fromInputUnsafe(by)))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* scheduler.status("a")).missed, starts.length === 0 ? 1 : 0)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
      return starts.length
    })

  it.effect("a single tick is missed when it is more than a minute late", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* late("skip", 0), 1)
      assert.strictEqual(yield* late("skip", "1 hour"), 0)
      assert.strictEqual(yield* late("once", "1 hour"), 1)
      assert.strictEqual(yield* late({ all: "2 hours" }, "1 hour"), 1)
      assert.strictEqual(yield* late({ all: "30 minutes" }, "1 hour"), 0)
    })
  )

  it.effect("the event names the first tick that is not run", () =>
    Effect.gen(function* () {
      const hour = 3_600_000
      const from = (missed: Missed, lateness: Duration.Input) =>
        Effect.gen(function* () {
          const { clock, jump } = yield* jumpingClock
          yield* TestClock.setTime(100 * hour)
          return yield* Effect.gen(function* () {
            const scheduler = yield* makeScheduler
            yield* scheduler.add("a", Trigger.every("1 hour"), Effect.void, { missed })
            const events = yield* watch(scheduler)
            yield* scheduler.start
            yield* TestClock.adjust(hour / 2)
            yield* jump(Duration.sum(Duration.hours(2.5), Duration.fromInputUnsafe(lateness)))
            yield* TestClock.adjust(30_000)
            const ticks = events.flatMap((event) =>
              event._tag === "Missed" ? [`${event.count} from ${millis(event.from) / hour - 100}`] : []
            )
            const words = yield* Effect.forEach([1, 2, 3], (tick) => scheduler.explain("a", (100 + tick) * hour))
            return [...ticks, ...words.map(({ message }) => message.replace(/:.*/, ""))]
          }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
        })
      // The ticks at 1, 2 and 3 hours; the last is on time, or it is not.
      assert.deepStrictEqual(yield* from("once", 0), ["2 from 1", "missed", "missed", "ran"])
      assert.deepStrictEqual(yield* from("once", "5 minutes"), ["2 from 2", "ran", "missed", "missed"])
      assert.deepStrictEqual(yield* from("skip", "5 minutes"), ["3 from 1", "missed", "missed", "missed"])
      assert.deepStrictEqual(yield* from({ all: "90 minutes" }, "5 minutes"), ["1 from 1", "missed", "ran", "ran"])
    })
  )

  it.effect("a tick that comes after the machine has slept is noticed within 30 seconds", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      const { job, starts } = timesOf(Effect.void)
      yield* TestClock.setTime(utc("2026-01-01T00:00:00Z"))
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.cron("0 2 * * *"), job)
        yield* scheduler.start
        // It wakes up just before 2 o'clock, a moment after a look at the clock.
        yield* TestClock.adjust("600001 millis")
        yield* jump("6595 seconds")
        yield* TestClock.adjust("2 minutes")
        assert.deepInclude(yield* scheduler.status("a"), { runs: 1, missed: 0 })
        assert.isAtMost(starts[0]! - utc("2026-01-01T02:00:00Z"), 30_000)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect("no more than 1,000 are caught up", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      let runs = 0
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add(
          "a",
          Trigger.every(10),
          Effect.sync(() => runs++),
          { missed: { all: "1 day" } }
        )
        yield* scheduler.start
        yield* TestClock.adjust(5)
        yield* jump("1 hour")
        yield* TestClock.adjust(5)
        assert.strictEqual(runs, 1002)
        assert.strictEqual((yield* scheduler.status("a")).missed, 360_001 - 1001)
        const start = millis((yield* scheduler.status("a")).lastStart!) - 3_600_010
        const became = (tick: number) => Effect.map(scheduler.explain("a", start + 10 * tick), ({ message }) => message)
        assert.deepStrictEqual(yield* Effect.forEach([1, 1000, 1001, 360_000], became), [
          "ran",
          "ran",
          "missed",
          "missed"
        ])
      }).pipe(Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect(
    "of cron no more than 1,000 are caught up, nor counted in a row, and none of them passes for one that ran",
    () =>
      Effect.gen(function* () {
        const { clock, jump } = yield* jumpingClock
        yield* TestClock.setTime(utc("2026-01-01T00:00:00.5Z"))
        yield* Effect.gen(function* () {
          const scheduler = yield* makeScheduler
          let runs = 0
          const job = Effect.sync(() => void runs++)
          yield* scheduler.add("a", Trigger.cron("* * * * * *"), job, { missed: { all: "1 day" } })
          yield* scheduler.start
          yield* TestClock.adjust(1)
          yield* jump("1500 seconds")
          yield* TestClock.adjust(599)
          // The oldest 1,000, and the one that is on time.
          assert.strictEqual(runs, 1001)
          assert.strictEqual((yield* scheduler.status("a")).missed, 1501 - 1001)
          const start = utc("2026-01-01T00:00:00Z")
          const became = (tick: number) => Effect.map(scheduler.explain("a", start + 1000 * tick), ({ _tag }) => _tag)
          assert.deepStrictEqual(yield* Effect.forEach([1, 1000, 1001, 1500, 1501], became), [
            "Ran",
            "Ran",
            "Missed",
            "Missed",
            "Ran"
          ])
        }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
      })
  )

  it.effect("explain tells those that were caught up from those that were not", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      const start = yield* Clock.currentTimeMillis
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.every(10), Effect.void, { missed: { all: "20 seconds" } })
        yield* scheduler.start
        yield* TestClock.adjust(5)
        yield* jump("1 minute")
        yield* TestClock.adjust(5)
        const became = (tick: number) => Effect.map(scheduler.explain("a", start + 10 * tick), ({ message }) => message)
        const ticks = [4000, 4001, 5000, 5001, 6000, 6001]
        const told = ["missed", "ran", "ran", "missed", "missed", "ran: run 1002"]
        assert.deepStrictEqual(yield* Effect.forEach(ticks, became), told)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect("a schedule does not pile up its ticks", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* afterJump(Trigger.schedule(Schedule.spaced(1000)), {}), [11_500, 12_500])
    })
  )
})
