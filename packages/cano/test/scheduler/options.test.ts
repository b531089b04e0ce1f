import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { errorOf } from "effect-cano-testing/Runs"
import { Boom, briefly, failing, makeScheduler, millis, quiet, timesOf, utc, watch } from "../support/scheduling.ts"

describe("S7, S11: options", () => {
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

  const jittered: ReadonlyArray<readonly [string, Trigger.Trigger, number]> = [
    ["an interval", Trigger.every("10 seconds"), 10_000],
    ["a cron expression", Trigger.cron("*/10 * * * * *"), 10_000],
    ["an interval of a millisecond", Trigger.every(1), 1]
  ]
  for (const [what, trigger, interval] of jittered) {
    it.effect(`S1: a jitter above the distance of the ticks loses none, of ${what}`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const { job, starts } = timesOf(Effect.void)
        yield* TestClock.adjust(1)
        yield* scheduler.add("a", trigger, job, { jitter: 6.5 * interval, startAt: 0, endAt: 1000 * interval })
        yield* scheduler.start
        yield* TestClock.adjust(1001 * interval)
        assert.deepInclude(yield* scheduler.status("a"), { runs: 1000, missed: 0, skipped: 0, state: "completed" })
        assert.isTrue(starts.every((start, index) => Math.floor(start / interval) === index + 1))
        assert.isAtMost(starts.at(-1)!, 1000 * interval)
      })
    )
  }

  it.effect("S1: a jitter above the delays of a schedule loses no tick", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const schedule = Schedule.upTo(Schedule.spaced("10 seconds"), { times: 50 })
      yield* scheduler.add("a", Trigger.schedule(schedule), Effect.void, { jitter: "20 minutes" })
      yield* scheduler.start
      yield* TestClock.adjust("1 day")
      assert.deepInclude(yield* scheduler.status("a"), { runs: 50, missed: 0, state: "completed" })
    })
  )

  it.effect("no jitter delays a run beyond endAt", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const { job, starts } = timesOf(Effect.void)
      const triggers = [
        Trigger.every("1 minute"),
        Trigger.cron("* * * * *"),
        Trigger.schedule(Schedule.spaced("1 minute"))
      ]
      for (let flow = 0; flow < 60; flow++) {
        yield* scheduler.add(`${flow}`, triggers[flow % 3]!, job, { jitter: "50 seconds", endAt: 60_500 })
      }
      yield* scheduler.start
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(starts.length, 20 * 2 + 20 + 20)
      assert.isTrue(starts.every((start) => start <= 60_500))
    })
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
