import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Cron from "effect/Cron"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { ConfigurationError } from "../src/ConfigurationError.ts"
import * as Scheduler from "../src/Scheduler.ts"
import * as Trigger from "../src/Trigger.ts"
import { defectsOf, errorOf } from "./support.ts"
import { briefly, iso, jumpingClock, makeScheduler, millis, quiet, timesOf, utc, watch } from "./scheduling.ts"

class Boom extends Data.TaggedError("Boom")<{}> {}

const failing = Effect.fail(new Boom())

describe("every", () => {
  it.effect("fires at the start, and then on a grid that is anchored there", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* TestClock.adjust(123)
      yield* scheduler.add("a", Trigger.every(1000), job)
      yield* TestClock.adjust(5000)
      assert.deepStrictEqual(starts, [])
      yield* scheduler.start
      yield* TestClock.adjust(3500)
      assert.deepStrictEqual(starts, [5123, 6123, 7123, 8123])
    })
  )

  it.effect("fires after an interval if asked to", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000, { firstRun: "afterInterval" }), job)
      yield* scheduler.start
      yield* TestClock.adjust(3500)
      assert.deepStrictEqual(starts, [1000, 2000, 3000])
    })
  )

  it.effect("keeps its grid under slow runs", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep(250))
      yield* scheduler.add("a", Trigger.every(100), job)
      yield* scheduler.start
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(starts, [0, 300, 600, 900])
    })
  )

  it.effect("does not drift with an interval that is no whole number of milliseconds", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(Duration.millis(100 / 3)), job)
      yield* scheduler.start
      yield* TestClock.adjust(10_000)
      assert.strictEqual(starts.length, 301)
      assert.deepStrictEqual(starts.slice(0, 4), [0, 33, 67, 100])
      assert.strictEqual(starts[300]!, 10_000)
    })
  )

  it.effect("takes flows that are added while it runs, in any order of their ticks", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const slow = timesOf(Effect.void)
      const quick = timesOf(Effect.void)
      yield* scheduler.start
      yield* scheduler.add("slow", Trigger.every(10_000, { firstRun: "afterInterval" }), slow.job)
      yield* TestClock.adjust(1000)
      yield* scheduler.add("quick", Trigger.every(400), quick.job)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(quick.starts, [1000, 1400, 1800])
      yield* TestClock.adjust(8000)
      assert.deepStrictEqual(slow.starts, [10_000])
    })
  )

  it.effect("starts flows that are due at the same time in the order in which they were added", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const order: Array<number> = []
      for (let i = 0; i < 50; i++)
        yield* scheduler.add(
          `f${i}`,
          Trigger.every(100),
          Effect.sync(() => order.push(i))
        )
      yield* scheduler.start
      yield* TestClock.adjust(250)
      const expected = Array.from({ length: 50 }, (_, i) => i)
      assert.deepStrictEqual(order, [...expected, ...expected, ...expected])
    })
  )
})

describe("cron", () => {
  it.effect("fires in UTC unless a zone is given", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* TestClock.setTime(utc("2026-01-01T00:00:00Z"))
      const inUtc = timesOf(Effect.void)
      const inBerlin = timesOf(Effect.void)
      yield* scheduler.add("utc", Trigger.cron("0 9 * * *"), inUtc.job)
      yield* scheduler.add("berlin", Trigger.cron("0 9 * * *", { timeZone: "Europe/Berlin" }), inBerlin.job)
      yield* scheduler.start
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(inUtc.starts.map(iso), ["2026-01-01T09:00:00.000Z"])
      assert.deepStrictEqual(inBerlin.starts.map(iso), ["2026-01-01T08:00:00.000Z"])
    })
  )

  it.effect("takes leading seconds, shorthands and Effect's own cron values", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* TestClock.setTime(utc("2026-01-01T00:00:00.500Z"))
      const next = (expression: string | Cron.Cron) =>
        Effect.gen(function* () {
          const id = `flow ${yield* Random.nextInt}`
          yield* scheduler.add(id, Trigger.cron(expression), Effect.void)
          return (yield* scheduler.preview(id, 1)).map(iso)[0]
        })
      assert.strictEqual(yield* next("*/20 * * * * *"), "2026-01-01T00:00:20.000Z")
      assert.strictEqual(yield* next("@hourly"), "2026-01-01T01:00:00.000Z")
      assert.strictEqual(yield* next("@daily"), "2026-01-02T00:00:00.000Z")
      assert.strictEqual(yield* next("@midnight"), "2026-01-02T00:00:00.000Z")
      assert.strictEqual(yield* next("@weekly"), "2026-01-04T00:00:00.000Z")
      assert.strictEqual(yield* next("@monthly"), "2026-02-01T00:00:00.000Z")
      assert.strictEqual(yield* next("@yearly"), "2027-01-01T00:00:00.000Z")
      assert.strictEqual(yield* next("@annually"), "2027-01-01T00:00:00.000Z")
      const both = Cron.make({ minutes: [0], hours: [9], days: [13], months: [], weekdays: [5], and: true })
      assert.strictEqual(yield* next(both), "2026-02-13T09:00:00.000Z")
      assert.strictEqual(yield* next(Cron.parseUnsafe("0 9 * * *", "+03:00")), "2026-01-01T06:00:00.000Z")
    })
  )

  it.effect("keeps a wildcard hour firing through the repeated hour, and fires a fixed one once, unless told", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      // Berlin repeats 02:00 to 02:59 on 25 October 2026: at 00:xxZ and at 01:xxZ.
      yield* TestClock.setTime(utc("2026-10-24T23:50:00Z"))
      const ticks = (expression: string, onDstOverlap?: Cron.DstOverlapPolicy) =>
        Effect.gen(function* () {
          const id = `${expression} ${onDstOverlap}`
          const trigger = Trigger.cron(expression, { timeZone: "Europe/Berlin", onDstOverlap })
          yield* scheduler.add(id, trigger, Effect.void)
          return (yield* scheduler.preview(id, 2)).map((time) => iso(time)!.slice(8, 16))
        })
      assert.deepStrictEqual(yield* ticks("30 * * * *"), ["25T00:30", "25T01:30"])
      assert.deepStrictEqual(yield* ticks("30 2 * * *"), ["25T00:30", "26T01:30"])
      assert.deepStrictEqual(yield* ticks("30 2 * * *", "both"), ["25T00:30", "25T01:30"])
      assert.deepStrictEqual(yield* ticks("30 2 * * *", "later"), ["25T01:30", "26T01:30"])
      assert.deepStrictEqual(yield* ticks("30 * * * *", "earlier"), ["25T00:30", "25T02:30"])
    })
  )

  it.effect("computes the ticks of equal expressions once", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      for (let i = 0; i < 500; i++) {
        yield* scheduler.add(`f${i}`, Trigger.cron("*/5 * * * *", { timeZone: "Asia/Kolkata" }), job)
      }
      yield* scheduler.start
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(starts.length, 2000)
      for (let i = 0; i < 500; i++) yield* scheduler.remove(`f${i}`)
      assert.deepStrictEqual(yield* scheduler.list, [])
    })
  )
})

describe("schedule", () => {
  it.effect("counts each delay from the tick before, whatever the runs take", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep(150))
      const trigger = Trigger.schedule(Schedule.exponential(100).pipe(Schedule.upTo({ times: 4 })))
      yield* scheduler.add("a", trigger, job)
      yield* scheduler.start
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(starts, [100, 300, 700, 1500])
      assert.strictEqual((yield* scheduler.status("a")).state, "completed")
    })
  )

  it.effect("may take time and services to step", () =>
    Effect.gen(function* () {
      class Pace extends Context.Service<Pace, { readonly millis: number }>()("Pace") {}
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      const paced = Schedule.modifyDelay(Schedule.forever, () =>
        Effect.gen(function* () {
          yield* Effect.sleep(10)
          return Duration.millis((yield* Pace).millis)
        })
      )
      yield* scheduler.add("a", Trigger.schedule(paced), job).pipe(Effect.provideService(Pace, { millis: 200 }))
      yield* scheduler.start
      yield* TestClock.adjust(605)
      assert.deepStrictEqual(starts, [200, 400, 600])
      assert.deepStrictEqual((yield* scheduler.preview("a", 5)).map(iso), [])
      yield* TestClock.adjust(50)
      assert.deepStrictEqual((yield* scheduler.preview("a", 5)).map(iso), [iso(800)])
    })
  )

  it.effect("that dies completes the flow and hurts no other", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.schedule(Schedule.modifyDelay(Schedule.forever, () => Effect.die("x"))), job)
      yield* scheduler.add("b", Trigger.every(100), job)
      yield* scheduler.start
      yield* TestClock.adjust(250)
      assert.strictEqual((yield* scheduler.status("a")).state, "completed")
      assert.deepStrictEqual(starts, [0, 100, 200])
    }).pipe(quiet)
  )
})

describe("overlap", () => {
  const runs = (overlap: "skip" | "queue" | "allow" | "cancelPrevious") =>
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

describe("missed ticks", () => {
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

describe("a clock that is set back", () => {
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

describe("a clock that was set back, and not yet looked at by the timer", () => {
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

describe("options", () => {
  it.effect("jitter delays each tick, and the grid stays", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000), job, { jitter: 500 })
      yield* scheduler.start
      yield* TestClock.adjust("100 seconds")
      const offsets = starts.map((start, tick) => start - tick * 1000)
      assert.isTrue(starts.length === 100 || starts.length === 101)
      assert.isTrue(offsets.every((offset) => offset >= 0 && offset < 500))
      assert.isAbove(new Set(offsets).size, 50)
      assert.strictEqual((yield* scheduler.status("a")).missed, 0)
    }).pipe(Random.withSeed("jitter"))
  )

  it.effect("timeout interrupts a run and fails it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const flow = yield* scheduler.add("a", Trigger.manual, Effect.sleep(1000), { timeout: 300 })
      yield* scheduler.start
      const run = yield* scheduler.trigger(flow)
      const ended = yield* Effect.forkChild(run.await)
      yield* TestClock.adjust(300)
      const error = errorOf(yield* Fiber.join(ended))
      assert.instanceOf(error, Scheduler.RunTimeout)
      assert.strictEqual(error.message, 'A run of flow "a" took longer than 300ms')
      assert.deepInclude(yield* scheduler.status("a"), { lastOutcome: "timeout", failures: 1, running: 0 })
    }).pipe(quiet)
  )

  it.effect("maxRuns counts the runs by hand, and then the flow is completed", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000), job, { maxRuns: 3 })
      yield* scheduler.start
      yield* TestClock.adjust(500)
      yield* scheduler.trigger("a")
      assert.deepStrictEqual((yield* scheduler.preview("a", 9)).map(millis), [1000])
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(starts, [0, 500, 1000])
      const error = yield* Effect.flip(scheduler.trigger("a"))
      assert.strictEqual(error.message, 'Flow "a" was not triggered: maxRuns')
      assert.deepInclude(yield* scheduler.status("a"), { state: "completed", nextRun: undefined })
    })
  )

  it.effect("startAt and endAt bound the ticks, both included; an interval is anchored at startAt", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const interval = timesOf(Effect.void)
      const cron = timesOf(Effect.void)
      const window = { startAt: 5000, endAt: "1970-01-01T00:00:08Z" }
      yield* scheduler.add("interval", Trigger.every(1500), interval.job, window)
      yield* scheduler.add("cron", Trigger.cron("* * * * * *"), cron.job, window)
      yield* TestClock.adjust(100)
      yield* scheduler.start
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(interval.starts, [5000, 6500, 8000])
      assert.deepStrictEqual(cron.starts, [5000, 6000, 7000, 8000])
      assert.deepStrictEqual(
        (yield* scheduler.list).map(({ state }) => state),
        ["completed", "completed"]
      )
    })
  )

  it.effect("an interval with a startAt in the past keeps the grid that began there, after each start", () =>
    Effect.gen(function* () {
      const at = (time: string) => utc(`2026-03-31T${time}:00Z`)
      yield* TestClock.setTime(at("10:20"))
      const scheduler = yield* makeScheduler
      const hourly = timesOf(Effect.void)
      const later = timesOf(Effect.void)
      const since = { startAt: at("09:50") }
      yield* scheduler.add("hourly", Trigger.every("1 hour"), hourly.job, since)
      yield* scheduler.add("later", Trigger.every("1 hour", { firstRun: "afterInterval" }), later.job, since)
      yield* scheduler.add("monthly", Trigger.every("1 hour"), Effect.void, { startAt: "2026-03-01T00:00:00Z" })
      yield* scheduler.add("ahead", Trigger.every("1 hour"), Effect.void, { startAt: at("10:30") })
      const soon = (id: string) => Effect.map(scheduler.preview(id, 2), (times) => times.map(millis))
      for (const start of [false, true]) {
        if (start) yield* scheduler.start
        assert.deepStrictEqual(yield* soon("hourly"), [at("10:50"), at("11:50")])
        assert.deepStrictEqual(yield* soon("later"), [at("10:50"), at("11:50")])
        assert.deepStrictEqual(yield* soon("monthly"), [at("11:00"), at("12:00")])
        assert.deepStrictEqual(yield* soon("ahead"), [at("10:30"), at("11:30")])
      }
      yield* TestClock.setTime(at("11:55"))
      assert.deepStrictEqual(hourly.starts, [at("10:50"), at("11:50")])
      assert.deepStrictEqual(later.starts, [at("10:50"), at("11:50")])
      const message = (time: string) => Effect.map(scheduler.explain("hourly", at(time)), ({ message }) => message)
      assert.match(yield* message("09:50"), /^unknown: the flow was not scheduled then/)
      assert.strictEqual(yield* message("10:50"), "ran")
      assert.strictEqual(yield* message("12:50"), "will run")
      assert.match(yield* message("12:00"), /^not due: the next time is 2026-03-31T12:50/)

      yield* scheduler.stop()
      yield* TestClock.setTime(at("13:07"))
      yield* scheduler.start
      assert.deepStrictEqual(yield* soon("hourly"), [at("13:50"), at("14:50")])
      assert.deepStrictEqual(yield* soon("ahead"), [at("13:30"), at("14:30")])
      yield* scheduler.pause("hourly")
      yield* TestClock.setTime(at("14:00"))
      yield* scheduler.resume("hourly")
      assert.deepStrictEqual(yield* soon("hourly"), [at("14:50"), at("15:50")])
      yield* scheduler.stop()
    })
  )

  it.effect("startAt holds also for a flow that was paused before it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      for (const trigger of [Trigger.every(1000), Trigger.cron("* * * * * *")]) {
        yield* scheduler.add(trigger._tag, trigger, Effect.void, { startAt: 5000 })
      }
      yield* scheduler.start
      for (const { id } of yield* scheduler.list) {
        yield* scheduler.pause(id)
        yield* scheduler.resume(id)
        assert.deepStrictEqual((yield* scheduler.preview(id, 1)).map(millis), [5000])
      }
    })
  )

  it.effect("backoff holds the ticks after failures in a row, but not a trigger", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      const { job, starts } = timesOf(failing)
      yield* scheduler.add("a", Trigger.every(1000), job, { backoff: { base: 1500, factor: 2, maxDelay: 4000 } })
      yield* scheduler.start
      yield* TestClock.adjust(20_500)
      // Held until 1500, 5000 (from 2000 for 3 s), 9000 (for 4 s), and so on.
      assert.deepStrictEqual(starts, [0, 2000, 5000, 9000, 13_000, 17_000])
      assert.deepInclude(yield* scheduler.status("a"), { state: "backoff", streak: 6, failures: 6, skipped: 15 })
      assert.deepStrictEqual((yield* scheduler.preview("a", 2)).map(millis), [21_000, 22_000])
      assert.strictEqual(briefly(events).filter((event) => event === "a BackedOff").length, 6)
      yield* scheduler.trigger("a")
      assert.strictEqual(starts.length, 7)
      yield* scheduler.reset("a")
      assert.deepInclude(yield* scheduler.status("a"), { state: "idle", streak: 0 })
      yield* TestClock.adjust(500)
      assert.strictEqual(starts.length, 8)
    }).pipe(quiet)
  )

  it.effect("trip stops a flow after so many failures in a row, until it is reset", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const events = yield* watch(scheduler)
      let outcome: Effect.Effect<void, Boom> = failing
      const { job, starts } = timesOf(Effect.suspend(() => outcome))
      yield* scheduler.add("a", Trigger.every(1000), job, { trip: 3 })
      yield* scheduler.start
      yield* TestClock.adjust(10_500)
      assert.deepStrictEqual(starts, [0, 1000, 2000])
      assert.deepInclude(yield* scheduler.status("a"), {
        state: "tripped",
        tripped: true,
        streak: 3,
        nextRun: undefined
      })
      const error = yield* Effect.flip(scheduler.trigger("a"))
      assert.strictEqual(error.message, 'Flow "a" was not triggered: tripped')
      assert.deepStrictEqual(yield* scheduler.preview("a", 3), [])
      outcome = Effect.void
      yield* scheduler.reset("a")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(starts.slice(3), [11_000])
      assert.include(briefly(events), "a Tripped")
      assert.include(briefly(events), "a Reset")
    }).pipe(quiet)
  )

  it.effect("a success ends a streak, an interruption does not", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const outcomes = [failing, failing, Effect.interrupt, failing, Effect.void, failing]
      yield* scheduler.add(
        "a",
        Trigger.every(1000),
        Effect.suspend(() => outcomes.shift() ?? Effect.void)
      )
      yield* scheduler.start
      const streaks: Array<number> = []
      for (let i = 0; i < 6; i++) {
        yield* TestClock.adjust(i === 0 ? 1 : 1000)
        streaks.push((yield* scheduler.status("a")).streak)
      }
      assert.deepStrictEqual(streaks, [1, 2, 2, 3, 0, 1])
    }).pipe(quiet)
  )
})

describe("failures", () => {
  it.effect("of a job hurt no other flow, and are told apart", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const jobs: Record<Scheduler.Outcome, Effect.Effect<void, Boom>> = {
        success: Effect.void,
        failure: failing,
        defect: Effect.die("ouch"),
        interrupted: Effect.interrupt,
        timeout: Effect.never
      }
      for (const [outcome, job] of Object.entries(jobs)) {
        yield* scheduler.add(outcome, Trigger.every(1000), job, { timeout: 100 })
        yield* scheduler.add(
          `throwing ${outcome}`,
          Trigger.every(1000),
          Effect.sync(() => {
            throw new Error()
          })
        )
      }
      yield* scheduler.start
      yield* TestClock.adjust(3500)
      for (const outcome of Object.keys(jobs)) {
        const status = yield* scheduler.status(outcome)
        assert.deepInclude(status, {
          runs: 4,
          running: 0,
          lastOutcome: outcome as Scheduler.Outcome,
          successes: outcome === "success" ? 4 : 0,
          interruptions: outcome === "interrupted" ? 4 : 0,
          failures: outcome === "success" || outcome === "interrupted" ? 0 : 4
        })
      }
      assert.isDefined((yield* scheduler.status("failure")).lastFailure)
      const empty = yield* scheduler.add("empty", Trigger.manual, Effect.failCause(Cause.empty))
      yield* (yield* scheduler.trigger(empty)).await
      assert.strictEqual((yield* scheduler.status("empty")).lastOutcome, "failure")
      assert.strictEqual((yield* scheduler.status("throwing success")).failures, 4)
    }).pipe(quiet)
  )
})

describe("trigger", () => {
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

describe("control", () => {
  it.effect("pause and resume keep the grid, and may be repeated", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      yield* scheduler.add("a", Trigger.every(1000), job)
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      yield* scheduler.pause("a")
      yield* scheduler.pause("a")
      assert.deepInclude(yield* scheduler.status("a"), { state: "paused", paused: true, nextRun: undefined })
      yield* TestClock.adjust(3000)
      yield* scheduler.resume("a")
      yield* scheduler.resume("a")
      assert.strictEqual(iso((yield* scheduler.status("a")).nextRun), iso(5000))
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(starts, [0, 1000, 5000, 6000])
    })
  )

  it.effect("pause lets the run in flight end, and drops the tick that waits", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.sleep(150))
      yield* scheduler.add("a", Trigger.every(100), job, { overlap: "queue" })
      yield* scheduler.start
      yield* TestClock.adjust(120)
      yield* scheduler.pause("a")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(starts, [0])
      assert.deepInclude(yield* scheduler.status("a"), { successes: 1, skipped: 1, waiting: 0 })
    })
  )

  it.effect("remove interrupts the runs, waits for their finalizers, and frees the id", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let cleanedUp = false
      const job = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(100),
          Effect.sync(() => (cleanedUp = true))
        )
      )
      yield* scheduler.add("a", Trigger.every(1000), job, { overlap: "allow" })
      yield* scheduler.start
      yield* TestClock.adjust(1500)
      const removal = yield* Effect.forkChild(scheduler.remove("a"), { startImmediately: true })
      assert.isUndefined(removal.pollUnsafe())
      assert.deepStrictEqual(yield* Effect.flip(scheduler.status("a")), new Scheduler.UnknownFlow({ flow: "a" }))
      assert.deepStrictEqual(yield* scheduler.list, [])
      yield* TestClock.adjust(100)
      yield* Fiber.join(removal)
      assert.isTrue(cleanedUp)
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 0, running: 0 })
    })
  )

  it.effect("a job may remove or pause its own flow, trigger others and add more", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const later = timesOf(Effect.void)
      yield* scheduler.add("removed", Trigger.every(100), scheduler.remove("removed"))
      yield* scheduler.add("paused", Trigger.every(100), scheduler.pause("paused"))
      yield* scheduler.add("other", Trigger.manual, Effect.void)
      yield* scheduler.add(
        "adding",
        Trigger.every(100),
        Effect.andThen(scheduler.trigger("other"), scheduler.add("later", Trigger.every(50), later.job)),
        { maxRuns: 1 }
      )
      yield* scheduler.start
      yield* TestClock.adjust(190)
      const statuses = yield* scheduler.list
      assert.deepStrictEqual(
        statuses.map(({ id, runs, state }) => [id, runs, state]),
        [
          ["paused", 1, "paused"],
          ["other", 1, "idle"],
          ["adding", 1, "completed"],
          ["later", 4, "idle"]
        ]
      )
    })
  )

  it.effect("of an unknown flow is an error that names it", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { explain, pause, preview, remove, reset, resume, status } = scheduler
      const calls = [pause("x"), resume("x"), remove("x"), reset("x"), status("x"), preview("x", 1), explain("x", 0)]
      for (const call of calls) {
        const error = yield* Effect.flip(call as Effect.Effect<unknown, Scheduler.UnknownFlow>)
        assert.strictEqual(error.message, 'There is no flow "x"')
      }
    })
  )

  it.effect("list is in the order of registration", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      for (const id of ["b", "a", "__proto__", "1", "0"]) yield* scheduler.add(id, Trigger.manual, Effect.void)
      assert.deepStrictEqual(
        (yield* scheduler.list).map(({ id }) => id),
        ["b", "a", "__proto__", "1", "0"]
      )
    })
  )
})

describe("start and stop", () => {
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

describe("add", () => {
  const add = (id: string, trigger: Trigger.Trigger = Trigger.manual, options?: Scheduler.Options<any>) =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      return yield* scheduler.add(id, trigger, Effect.void, options)
    })

  it.effect("refuses a second flow with the id of another", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      const error = yield* Effect.flip(scheduler.add("a", Trigger.every(1), Effect.void))
      assert.deepStrictEqual(error, new Scheduler.DuplicateFlow({ flow: "a" }))
      assert.strictEqual(error.message, 'There is a flow "a" already')
    })
  )

  const long = "x".repeat(257)
  const invalid: ReadonlyArray<readonly [string, ReturnType<typeof add>, string]> = [
    ["an empty id", add(""), "the id is empty"],
    ["an over-long id", add(long), "257 characters long, at most 256"],
    ["a zero interval", add("a", Trigger.every(0)), "the interval is 0, expected a finite duration from 1 ms"],
    ["a negative interval", add("a", Trigger.every(-5)), "expected a finite duration from 1 ms"],
    ["an interval of NaN", add("a", Trigger.every(NaN)), "the interval is not a duration"],
    ["an infinite interval", add("a", Trigger.every(Infinity)), "the interval is Infinity"],
    ["an interval that is none", add("a", Trigger.every("soon" as any)), "the interval is not a duration"],
    [
      "an interval in no unit of time",
      add("a", Trigger.every("5 parsecs" as any)),
      'not a duration: "5 parsecs"; write'
    ],
    [
      "half a millisecond",
      add("a", Trigger.every(0.5)),
      "the interval is 0.5 ms, expected a finite duration from 1 ms"
    ],
    ["some nanoseconds", add("a", Trigger.every("250 nanos")), "the interval is 0.00025 ms, expected"],
    ["an end before the start", add("a", Trigger.manual, { startAt: 2, endAt: 1 }), "is after endAt"],
    ["a start that is no time", add("a", Trigger.manual, { startAt: "soon" }), "startAt is not a time"],
    ["a timeout of 0", add("a", Trigger.manual, { timeout: 0 }), "timeout is 0"],
    ["a negative jitter", add("a", Trigger.manual, { jitter: -1 }), "jitter is"],
    ["no runs at all", add("a", Trigger.manual, { maxRuns: 0 }), "maxRuns is 0, expected a whole number from 1"],
    ["half a failure", add("a", Trigger.manual, { trip: 0.5 }), "trip is 0.5, expected a whole number from 1"],
    ["a shrinking backoff", add("a", Trigger.manual, { backoff: { base: 1, factor: 0.5 } }), "factor is 0.5"],
    ["an unknown policy", add("a", Trigger.manual, { overlap: "both" as any }), 'no overlap policy "both"'],
    ["an unknown misfire policy", add("a", Trigger.manual, { missed: "twice" as any }), 'no policy "twice"'],
    ["a window of 0", add("a", Trigger.manual, { missed: { all: 0 } }), "the window of missed ticks is 0"]
  ]
  for (const [what, call, message] of invalid) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(call)
        assert.instanceOf(error, Scheduler.InvalidFlow)
        assert.include(error.message, message)
        assert.isAtMost(error.flow.length, 40)
      })
    )
  }

  const untyped: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, string]> = [
    ["an id that is null", [null, Trigger.manual, Effect.void], "the id is not a string"],
    ["a flow that is null", [null], "the id is not a string"],
    ["an object that is no flow", [{}], "the id is not a string"],
    ["no trigger", ["a", undefined, Effect.void], "the trigger is none of Trigger's"],
    ["a trigger of another make", ["a", { _tag: "Daily" }, Effect.void], "the trigger is none of Trigger's"],
    ["a schedule that is none", ["a", Trigger.schedule("daily" as any), Effect.void], "the schedule is not a Schedule"],
    ["no job", ["a", Trigger.manual], "the job is neither an Effect nor a function"],
    [
      "a job that is a promise",
      ["a", Trigger.manual, Promise.resolve()],
      "the job is neither an Effect nor a function"
    ],
    ["a policy for missed ticks of null", ["a", Trigger.manual, Effect.void, { missed: null }], 'no policy "null"'],
    ["a backoff of null", ["a", Trigger.manual, Effect.void, { backoff: null }], "the backoff is not an object"],
    ["a cron expression that is none", ["a", Trigger.cron(undefined as any), Effect.void], "it is not a string"]
  ]
  for (const [what, args, message] of untyped) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const add = scheduler.add as unknown as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, Error>
        const error = yield* Effect.flip(add(...args))
        assert.include(["InvalidFlow", "InvalidCron"], error.name)
        assert.include(error.message, message)
        assert.deepStrictEqual(yield* scheduler.list, [])
      })
    )
  }

  it.effect("completes a flow whose next tick no date can tell", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("first", Trigger.every(Number.MAX_SAFE_INTEGER), Effect.void)
      yield* scheduler.add("later", Trigger.every(1e300, { firstRun: "afterInterval" }), Effect.void)
      yield* scheduler.add("cron", Trigger.cron("* * * * *"), Effect.void, { startAt: 8.64e15 })
      yield* scheduler.start
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(
        (yield* scheduler.list).map(({ runs, state }) => [runs, state]),
        [
          [1, "completed"],
          [0, "completed"],
          [0, "completed"]
        ]
      )
      assert.deepStrictEqual(yield* scheduler.preview("first", 3), [])
    })
  )

  it.effect("names every fault at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(add("", Trigger.manual, { trip: -1, maxRuns: -1 }))
      assert.deepStrictEqual((error as Scheduler.InvalidFlow).problems.length, 3)
    })
  )

  const crons: ReadonlyArray<readonly [string, Trigger.Trigger, Scheduler.InvalidCron["fault"], string]> = [
    ["a malformed expression", Trigger.cron("* * *"), "syntax", 'cron expression "* * *"'],
    ["an over-long expression", Trigger.cron(`${"1,".repeat(200)}1 * * * *`), "length", "at most 256"],
    ["a day that never comes", Trigger.cron("0 0 30 2 *"), "impossible", "no date ever matches it"],
    ["an unknown time zone", Trigger.cron("* * * * *", { timeZone: "Mars/Olympus" }), "timeZone", '"Mars/Olympus"'],
    ["too few fields", Trigger.cron("* * *"), "syntax", "3 fields found, 5 or 6 are expected, or @hourly, @daily"],
    ["one field", Trigger.cron("5"), "syntax", ": 1 field found, 5 or 6 are expected"],
    ["an unknown shorthand", Trigger.cron("@every 5s"), "syntax", 'there is no "@every 5s", only @hourly, @daily'],
    ["an hour of 25", Trigger.cron("0 25 * * *"), "syntax", ": the hour is 25, expected 0 to 23"],
    ["a second of 60", Trigger.cron("60 * * * * *"), "syntax", ": the second is 60, expected 0 to 59"],
    ["a range too long", Trigger.cron("0-75 * * * *"), "syntax", ": the minute is 75, expected 0 to 59"],
    ["a day in words", Trigger.cron("0 9 * * MONDAY"), "syntax", ": MONDAY is no weekday: use MON, or 1"],
    ["a month in words", Trigger.cron("0 9 1 september *"), "syntax", ": september is no month: use SEP, or 9"],
    ["no weekday", Trigger.cron("0 9 * * FOO"), "syntax", ": FOO is no weekday: expected SUN to SAT, or 0 to 7"],
    ["a range that descends", Trigger.cron("0 17-9 * * *"), "syntax", ": the hour is 17-9, expected the smaller value"],
    ["days that descend", Trigger.cron("0 9 * * FRI-MON"), "syntax", ": the weekday is FRI-MON, expected the smaller"],
    ["a step of 0", Trigger.cron("*/0 * * * *"), "syntax", ": the step of the minute is 0, expected 1 to 59"],
    ["an end that is missing", Trigger.cron("1- * * * *"), "syntax", ": the minute is empty in 1-, expected 0 to 59"],
    ["a list with a gap", Trigger.cron("1,,2 * * * *"), "syntax", ': the minute is empty in "1,,2", expected 0 to 59'],
    ["text", Trigger.cron("x * * * *"), "syntax", ": the minute is x, expected 0 to 59"],
    ["hours east", Trigger.cron("* * * * *", { timeZone: "+2" }), "timeZone", 'no time zone "+2": write "+02:00"'],
    ["an empty time zone", Trigger.cron("* * * * *", { timeZone: "" }), "timeZone", 'no time zone ""']
  ]
  for (const [what, trigger, fault, message] of crons) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(add("a", trigger))
        assert.instanceOf(error, Scheduler.InvalidCron)
        assert.strictEqual(error.fault, fault)
        assert.include(error.message, 'Flow "a": cron expression')
        assert.include(error.message, message)
      })
    )
  }

  it.effect("gives the job the services of the caller", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("Name") {}
      const scheduler = yield* makeScheduler
      const names: Array<string> = []
      const job = Effect.map(Name, (name) => void names.push(name))
      yield* scheduler.add("a", Trigger.every(1000), job).pipe(Effect.provideService(Name, "Ada"))
      yield* scheduler.add("b", Trigger.every(1000), job).pipe(Effect.provideService(Name, "Grace"))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(names, ["Ada", "Grace"])
    })
  )
})

describe("a job that is a function", () => {
  it.effect("is told its tick, on time, caught up, queued or by hand", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const ticks: Array<unknown> = []
        const note = ({ by, due, flow, run }: Scheduler.Tick) =>
          Effect.as(
            Effect.delay(
              Effect.sync(() => void ticks.push([flow, run, millis(due), by])),
              10
            ),
            run
          )
        const flow = yield* scheduler.add("a", Trigger.every(1000), note, { missed: { all: "1 minute" } })
        yield* scheduler.add(Scheduler.flow("b", Trigger.manual, note))
        yield* scheduler.start
        yield* TestClock.adjust(500)
        yield* jump(2500)
        yield* TestClock.adjust(600)
        const run = yield* scheduler.trigger(flow)
        yield* TestClock.adjust(10)
        assert.strictEqual(yield* run.join, 5)
        yield* scheduler.trigger("b")
        yield* TestClock.adjust(10)
        assert.deepStrictEqual(ticks, [
          ["a", 1, 0, "timer"],
          ["a", 2, 1000, "timer"],
          ["a", 3, 2000, "timer"],
          ["a", 4, 3000, "timer"],
          ["a", 5, 3600, "hand"],
          ["b", 1, 3610, "hand"]
        ])
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect("gets the timeout; one that throws, or gives no Effect, is a defect of the run", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const add = scheduler.add as (...args: ReadonlyArray<unknown>) => Effect.Effect<Scheduler.Flow<unknown>>
      const outcome = (job: unknown, options?: Scheduler.Options<Duration.Input>) =>
        Effect.gen(function* () {
          const flow = yield* add("a", Trigger.manual, job, options)
          const run = yield* scheduler.trigger(flow)
          yield* TestClock.adjust(1000)
          const status = yield* scheduler.status("a")
          yield* scheduler.remove("a")
          return [status.lastOutcome, yield* run.await] as const
        })
      yield* scheduler.start
      assert.strictEqual((yield* outcome(() => Effect.never, { timeout: 500 }))[0], "timeout")
      const thrown = yield* outcome(() => {
        throw new Boom()
      })
      assert.strictEqual(thrown[0], "defect")
      assert.instanceOf(defectsOf(thrown[1])[0], Boom)
      const [wrong, exit] = yield* outcome(() => 3)
      assert.strictEqual(wrong, "defect")
      assert.instanceOf(defectsOf(exit)[0], ConfigurationError)
      assert.match(String(defectsOf(exit)[0]), /Flow "a": the job is a function that gave 3, expected an Effect/)
    }).pipe(quiet)
  )

  it.effect("is not an Effect that is a function as well", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("Name") {}
      const scheduler = yield* makeScheduler
      const flow = yield* scheduler.add("a", Trigger.manual, Name).pipe(Effect.provideService(Name, "Ada"))
      yield* scheduler.start
      assert.strictEqual(yield* Effect.flatMap(scheduler.trigger(flow), (run) => run.join), "Ada")
    })
  )
})

describe("status", () => {
  it.effect("is exact at every step", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const trigger = Trigger.every(1000)
      yield* scheduler.add("a", trigger, Effect.sleep(300))
      const untouched = {
        id: "a",
        trigger,
        state: "idle",
        running: 0,
        waiting: 0,
        runs: 0,
        successes: 0,
        failures: 0,
        interruptions: 0,
        skipped: 0,
        missed: 0,
        streak: 0,
        paused: false,
        tripped: false,
        lastStart: undefined,
        lastEnd: undefined,
        lastOutcome: undefined,
        lastFailure: undefined,
        lastCounters: undefined,
        nextRun: undefined
      } as const
      const time = (millis: number) => DateTime.makeUnsafe(millis)
      assert.deepStrictEqual(yield* scheduler.status("a"), untouched)
      yield* scheduler.start
      yield* TestClock.adjust(100)
      const running = {
        ...untouched,
        state: "running",
        running: 1,
        runs: 1,
        lastStart: time(0),
        nextRun: time(1000)
      } as const
      assert.deepStrictEqual(yield* scheduler.status("a"), running)
      yield* TestClock.adjust(200)
      assert.deepStrictEqual(yield* scheduler.status("a"), {
        ...running,
        state: "idle",
        running: 0,
        successes: 1,
        lastEnd: time(300),
        lastOutcome: "success"
      })
    })
  )

  it.effect("has the counters of a concurrent job", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const status = { total: 5, completed: 3, failed: 1, cancelled: 1, duration: Duration.zero }
      yield* scheduler.add("batch", Trigger.every(1000), Effect.succeed({ results: [], status }))
      yield* scheduler.add("single", Trigger.every(1000), Effect.succeed({ status: { total: "5" } }))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      const expected = { total: 5, completed: 3, failed: 1, cancelled: 1 }
      assert.deepStrictEqual((yield* scheduler.status("batch")).lastCounters, expected)
      assert.isUndefined((yield* scheduler.status("single")).lastCounters)
    })
  )
})

describe("preview and explain", () => {
  it.effect("preview tells the next runs, also of a scheduler that is not running", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* TestClock.adjust(100)
      yield* scheduler.add("every", Trigger.every(1000), Effect.void, { endAt: 2500 })
      yield* scheduler.add("cron", Trigger.cron("*/10 * * * * *"), Effect.void, { maxRuns: 2 })
      yield* scheduler.add("manual", Trigger.manual, Effect.void)
      yield* scheduler.add("schedule", Trigger.schedule(Schedule.spaced(500)), Effect.void)
      const previews = Effect.forEach(["every", "cron", "manual", "schedule"], (id) =>
        Effect.map(scheduler.preview(id, 4), (times) => times.map(millis))
      )
      assert.deepStrictEqual(yield* previews, [[100, 1100, 2100], [10_000, 20_000], [], []])
      yield* scheduler.start
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(yield* previews, [[1100, 2100], [10_000, 20_000], [], [600]])
      assert.deepStrictEqual(yield* scheduler.preview("every", 0), [])
      for (const n of [-1, 1.5, NaN, 10_001]) {
        assert.instanceOf(defectsOf(yield* Effect.exit(scheduler.preview("every", n)))[0], ConfigurationError)
      }
    })
  )

  it.effect("explain says what became of a tick, and what will", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = (instant: DateTime.DateTime.Input) => Effect.map(scheduler.explain("a", instant), (it) => it.message)
      let job: Effect.Effect<void, Boom> = Effect.sleep(2500)
      yield* TestClock.adjust(10_000)
      yield* scheduler.add(
        "a",
        Trigger.every(1000),
        Effect.suspend(() => job),
        { trip: 2, endAt: 60_000 }
      )
      assert.strictEqual(yield* say(11_000), "will be skipped: the scheduler is not running")
      yield* scheduler.start
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* say(10_000), "running: run 1")
      yield* TestClock.adjust(2599)
      assert.strictEqual(yield* say(10_000), "ran: run 1")
      assert.strictEqual(yield* say(11_000), "skipped: overlap with run 1")
      assert.strictEqual(yield* say(12_000), "skipped: overlap with run 1")
      assert.strictEqual(yield* say(13_000), "will run")
      assert.strictEqual(yield* say("1970-01-01T00:00:13.001Z"), "not due: the next time is 1970-01-01T00:00:14.000Z")
      assert.strictEqual(yield* say(9000), "not due: the next time is 1970-01-01T00:00:10.000Z")
      assert.strictEqual(yield* say(61_000), "will be skipped: ended")
      job = failing
      yield* TestClock.adjust(2000)
      assert.strictEqual(yield* say(13_000), "ran")
      assert.strictEqual(yield* say(14_000), "ran: run 3")
      assert.strictEqual(yield* say(15_000), "will be skipped: tripped")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* say(15_000), "skipped: tripped")
      yield* scheduler.reset("a")
      assert.strictEqual(yield* say(15_000), "skipped: tripped")
      assert.strictEqual(yield* say(16_000), "will run")
      yield* scheduler.pause("a")
      assert.strictEqual(yield* say(16_000), "will be skipped: paused")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* say(16_000), "skipped: paused")
      yield* scheduler.resume("a")
      assert.strictEqual(yield* say(16_000), "skipped: paused")
    }).pipe(quiet)
  )

  it.effect("explain knows missed ticks, backoffs, the last runs there may be, and what it has forgotten", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const say = (id: string, instant: number) => Effect.map(scheduler.explain(id, instant), (it) => it.message)
        yield* scheduler.add("gap", Trigger.every(1000), Effect.void)
        yield* scheduler.add("few", Trigger.every(1000), Effect.void, { maxRuns: 30 })
        yield* scheduler.add("sick", Trigger.every(1000), failing, { backoff: { base: 1500 } })
        yield* scheduler.add("busy", Trigger.every(1000), Effect.never)
        yield* scheduler.start
        yield* TestClock.adjust(500)
        assert.strictEqual(yield* say("sick", 1000), "will be skipped: backoff")
        assert.strictEqual(yield* say("sick", 2000), "will run")
        yield* TestClock.adjust(1000)
        assert.strictEqual(yield* say("sick", 1000), "skipped: backoff")
        assert.strictEqual(yield* say("few", 29_000), "will run")
        assert.strictEqual(yield* say("few", 30_000), "will be skipped: it has made all its runs")
        yield* jump(5500)
        yield* TestClock.adjust(2000)
        assert.strictEqual(yield* say("gap", 4000), "missed")
        assert.strictEqual(yield* say("gap", 7000), "ran")
        assert.strictEqual(yield* say("busy", 1000), "skipped: overlap with run 1")
        assert.strictEqual(yield* say("busy", 4000), "missed")
        assert.strictEqual(yield* say("busy", 7000), "skipped: overlap with run 1")
        yield* TestClock.adjust(30_000)
        assert.strictEqual(yield* say("busy", 7000), "skipped: overlap with run 1")
        assert.strictEqual(yield* say("busy", 30_000), "skipped: overlap with run 1")
        const { missed, runs } = yield* scheduler.status("few")
        assert.deepStrictEqual([runs, missed], [30, 5])
        assert.strictEqual(yield* say("few", 34_000), "ran: run 30")
        assert.strictEqual(yield* say("few", 35_000), "skipped: it has made all its runs")
      }).pipe(Effect.provideService(Clock.Clock, clock))
    }).pipe(quiet)
  )
})

describe("explain", () => {
  it.effect("takes no longer for a flow with very many runs", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const options = { maxRuns: Number.MAX_SAFE_INTEGER }
      yield* scheduler.add("interval", Trigger.every(1), Effect.void, options)
      yield* scheduler.add("cron", Trigger.cron("* * * * *"), Effect.void, options)
      yield* scheduler.start
      yield* TestClock.adjust(1)
      for (const id of ["interval", "cron"]) {
        assert.strictEqual((yield* scheduler.explain(id, "2070-01-01T00:00:00Z")).message, "will run")
      }
    })
  )

  it.effect("refuses an instant that is none, and answers for any other", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.cron("* * * * *"), Effect.void)
      yield* scheduler.start
      for (const instant of [NaN, Infinity, "soon", null, undefined]) {
        const exit = yield* Effect.exit(scheduler.explain("a", instant as any))
        assert.instanceOf(defectsOf(exit)[0], ConfigurationError)
      }
      for (const instant of [8.64e15, -8.64e15]) {
        assert.strictEqual((yield* scheduler.explain("a", instant))._tag, "NotDue")
      }
    })
  )

  const unknown = "unknown: the flow was not scheduled then, or it is too long ago"

  const sayOf = (scheduler: Scheduler.Scheduler["Service"]) => (id: string, instant: number) =>
    Effect.map(scheduler.explain(id, instant), (it) => it.message)

  it.effect("names the run that was in the way of each tick, and says what it has forgotten", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      // Every second tick is skipped.
      yield* scheduler.add("a", Trigger.every(1000), Effect.sleep(1500))
      yield* scheduler.start
      yield* TestClock.adjust(64 * 2000 - 100)
      for (let run = 1; run <= 64; run++) {
        assert.strictEqual(yield* say("a", run * 2000 - 1000), `skipped: overlap with run ${run}`)
      }
      assert.strictEqual(yield* say("a", 2000), "ran")
      yield* TestClock.adjust(4000)
      assert.strictEqual(yield* say("a", 0), unknown)
      assert.strictEqual(yield* say("a", 1000), unknown)
      assert.strictEqual(yield* say("a", 3000), unknown)
      assert.strictEqual(yield* say("a", 4000), "ran")
      assert.strictEqual(yield* say("a", 5000), "skipped: overlap with run 3")
      assert.strictEqual(yield* say("a", 131_000), "skipped: overlap with run 66")
    })
  )

  it.effect("is not misled by calls of trigger", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      yield* scheduler.add("a", Trigger.every(1000), Effect.sleep(2500))
      yield* scheduler.start
      yield* TestClock.adjust(500)
      for (let call = 0; call < 100; call++) yield* Effect.flip(scheduler.trigger("a"))
      yield* TestClock.adjust(2500)
      // The tick at 3000 has just started run 2.
      yield* Effect.flip(scheduler.trigger("a"))
      assert.strictEqual(yield* say("a", 3000), "running: run 2")
      yield* TestClock.adjust(2600)
      yield* scheduler.trigger("a")
      assert.strictEqual(yield* say("a", 1000), "skipped: overlap with run 1")
      assert.strictEqual(yield* say("a", 3000), "ran: run 2")
      yield* TestClock.adjust(400)
      assert.strictEqual(yield* say("a", 6000), "skipped: overlap with run 3")
    })
  )

  it.effect("tells which of several runs in flight a tick has started", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      yield* scheduler.add("a", Trigger.every(1000), Effect.sleep(2500), { overlap: "allow" })
      yield* scheduler.start
      yield* TestClock.adjust(3100)
      assert.deepStrictEqual(yield* Effect.forEach([0, 1000, 2000, 3000], (instant) => say("a", instant)), [
        "ran",
        "running: run 2",
        "running: run 3",
        "running: run 4"
      ])
      yield* scheduler.pause("a")
      yield* TestClock.adjust(2500)
      assert.strictEqual(yield* say("a", 3000), "ran: run 4")
    })
  )

  it.effect("tells of a tick that waits", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      yield* scheduler.add("a", Trigger.every(1000), Effect.sleep(2500), { overlap: "queue" })
      yield* scheduler.start
      yield* TestClock.adjust(2100)
      assert.strictEqual(yield* say("a", 1000), "waiting: overlap with run 1")
      assert.strictEqual(yield* say("a", 2000), "skipped: the queue was full, overlap with run 1")
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* say("a", 1000), "running: run 2")
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* say("a", 3000), "waiting: overlap with run 2")
      yield* scheduler.pause("a")
      assert.strictEqual(yield* say("a", 3000), "skipped: paused")
      assert.strictEqual(yield* say("a", 2000), "skipped: the queue was full, overlap with run 1")
    })
  )

  it.effect("knows since when a flow has tripped, whatever ends later", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      let outcome: Effect.Effect<void, Boom> = Effect.sleep(5500)
      const job = Effect.suspend(() => outcome)
      yield* scheduler.add("a", Trigger.every(1000), job, { overlap: "allow", trip: 1 })
      yield* scheduler.start
      yield* TestClock.adjust(500)
      outcome = failing
      yield* TestClock.adjust(9000)
      const said = () => Effect.forEach([0, 1000, 2000, 5000, 6000], (instant) => say("a", instant))
      const expected = ["ran", "ran: run 2", "skipped: tripped", "skipped: tripped", "skipped: tripped"]
      assert.deepStrictEqual(yield* said(), expected)
      yield* scheduler.reset("a")
      assert.deepStrictEqual(yield* said(), expected)
    }).pipe(quiet)
  )

  it.effect("forgets what became of a time that comes a second time", () =>
    Effect.gen(function* () {
      const { clock, jumpBack } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const say = sayOf(scheduler)
        let job: Effect.Effect<void> = Effect.sleep(8500)
        yield* TestClock.adjust(60_000)
        yield* scheduler.add(
          "a",
          Trigger.every(1000),
          Effect.suspend(() => job)
        )
        yield* scheduler.start
        yield* TestClock.adjust(8700)
        job = Effect.void
        yield* TestClock.adjust(800)
        assert.strictEqual(yield* say("a", 66_000), "skipped: overlap with run 1")
        yield* jumpBack(5000)
        yield* TestClock.adjust(500)
        assert.strictEqual(yield* say("a", 66_000), "will run")
        yield* TestClock.adjust(3000)
        assert.strictEqual(yield* say("a", 66_000), "ran")
        assert.strictEqual(yield* say("a", 68_000), "ran: run 6")
        assert.strictEqual(yield* say("a", 62_000), "skipped: overlap with run 1")
      }).pipe(Effect.provideService(Clock.Clock, clock))
    })
  )
})

describe("changes", () => {
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

describe("layers", () => {
  it.effect("layerFlows adds all, starts, and lets jobs use the scheduler", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const second = Scheduler.flow(
        "second",
        Trigger.manual,
        Effect.sync(() => void seen.push("second"))
      )
      const first = Scheduler.flow(
        "first",
        Trigger.every(1000),
        Effect.gen(function* () {
          seen.push("first")
          yield* (yield* Scheduler.Scheduler).trigger(second)
        })
      )
      const fiber = yield* Effect.forkChild(Layer.launch(Scheduler.layerFlows([first, second], { grace: 0 })))
      yield* TestClock.adjust(1500)
      assert.deepStrictEqual(seen, ["first", "second", "first", "second"])
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust(1500)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("layerFlows fails with what is wrong with a flow", () =>
    Effect.gen(function* () {
      const flows = [Scheduler.flow("a", Trigger.manual, Effect.void), Scheduler.flow("a", Trigger.manual, Effect.void)]
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Scheduler.layerFlows(flows))))
      assert.deepStrictEqual(errorOf(exit), new Scheduler.DuplicateFlow({ flow: "a" }))
    })
  )
})

describe("tracing", () => {
  const spansOf = <A, E, R>(effect: Effect.Effect<A, E, R>, isTraced: boolean) =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* isTraced ? Effect.withTracer(effect, tracer) : effect
      return spans
    })

  const program = Effect.gen(function* () {
    const scheduler = yield* makeScheduler
    yield* Effect.withSpan(scheduler.add("a", Trigger.every(1000), Effect.withSpan(Effect.void, "inside")), "adding")
    yield* scheduler.start
    yield* TestClock.adjust(500)
    yield* scheduler.trigger("a")
  })

  it.effect("gives each run a root span", () =>
    Effect.gen(function* () {
      const spans = yield* spansOf(program, true)
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["adding", "scheduler.flow", "inside", "scheduler.flow", "inside"]
      )
      const [, run, inside, byHand] = spans
      assert.strictEqual(run!.parent._tag, "None")
      assert.strictEqual((inside!.parent as any).value, run)
      assert.deepStrictEqual(Object.fromEntries(run!.attributes), {
        "cano.flow.id": "a",
        "cano.flow.run": 1,
        "cano.flow.by": "timer",
        "cano.flow.outcome": "success"
      })
      assert.strictEqual(byHand!.attributes.get("cano.flow.by"), "hand")
    })
  )
})
