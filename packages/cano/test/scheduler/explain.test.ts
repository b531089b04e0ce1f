import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { Boom, failing, jumpingClock, makeScheduler, millis, quiet } from "../support/scheduling.ts"

describe("S13: preview and explain", () => {
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

describe("S13: explain", () => {
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

  const limited: ReadonlyArray<readonly [string, Trigger.Trigger, number]> = [
    ["an interval", Trigger.every("1 second", { firstRun: "afterInterval" }), 1000],
    ["cron", Trigger.cron("* * * * * *"), 1000],
    ["cron with a step", Trigger.cron("*/3 * * * * *"), 3000],
    ["cron in a zone", Trigger.cron("* * * * *", { timeZone: "Asia/Kolkata" }), 60_000]
  ]
  for (const [what, trigger, distance] of limited) {
    it.effect(`counts the runs that are left of ${what}, however many they are`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", trigger, Effect.void, { maxRuns: 1500 })
        yield* scheduler.start
        yield* TestClock.adjust(1)
        const say = (tick: number) => Effect.map(scheduler.explain("a", tick * distance), ({ message }) => message)
        const none = "will be skipped: it has made all its runs"
        for (const run of [1, 999, 1000, 1001, 1499, 1500]) assert.strictEqual(yield* say(run), "will run")
        for (const run of [1501, 1502, 3000, 100_000]) assert.strictEqual(yield* say(run), none)
        assert.strictEqual((yield* scheduler.preview("a", 9999)).length, 1500)
        yield* TestClock.adjust(100 * distance)
        assert.strictEqual(yield* say(1500), "will run")
        assert.strictEqual(yield* say(1501), none)
      })
    )
  }

  it.effect("others get a turn while a preview, or an explanation, takes long", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("rare", Trigger.cron("0 0 29 2 *", { timeZone: "Europe/Berlin" }), Effect.void)
      yield* scheduler.add("many", Trigger.cron("* * * * * *"), Effect.void, { maxRuns: 5000 })
      yield* scheduler.start
      yield* TestClock.adjust(1)
      for (const look of [scheduler.preview("rare", 1000), scheduler.explain("many", 1_000_000_000)]) {
        let turns = 0
        const turn = Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => void turns++)
        )
        const other = yield* Effect.forkChild(Effect.forever(turn))
        yield* look
        assert.isAtLeast(turns, 50)
        yield* Fiber.interrupt(other)
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

  it.effect("does not know the ticks between a stop and the next start", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const say = sayOf(scheduler)
      const options = { backoff: { base: "1 hour" } } as const
      yield* scheduler.add("a", Trigger.cron("* * * * * *"), failing, options)
      yield* scheduler.start
      yield* TestClock.adjust(2500)
      yield* scheduler.stop()
      yield* TestClock.adjust(5000)
      yield* scheduler.start
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(yield* Effect.forEach([1000, 2000, 5000, 8000, 9000], (instant) => say("a", instant)), [
        "ran: run 1",
        "skipped: backoff",
        unknown,
        "skipped: backoff",
        "skipped: backoff"
      ])
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
