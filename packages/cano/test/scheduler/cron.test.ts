import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { TestClock } from "effect/testing"
import * as Trigger from "../../src/Trigger.ts"
import { iso, jumpingClock, makeScheduler, timesOf, utc } from "../support/scheduling.ts"

describe("S8: cron", () => {
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

  it.effect("fires at the start as well, if told to", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(utc("2026-01-01T08:59:30.999Z"))
      const trigger = Trigger.cron("*/10 * * * * *", { firstRun: "atStart" })
      const scheduler = yield* makeScheduler
      const [plain, now, ahead, past] = [
        timesOf(Effect.void),
        timesOf(Effect.void),
        timesOf(Effect.void),
        timesOf(Effect.void)
      ]
      const seconds = ({ starts }: { readonly starts: ReadonlyArray<number> }) =>
        starts.map((start) => (start - utc("2026-01-01T08:59:00Z")) / 1000)
      yield* scheduler.add("plain", Trigger.cron("*/10 * * * * *"), plain.job)
      yield* scheduler.add("now", trigger, now.job)
      yield* scheduler.add("ahead", trigger, ahead.job, { startAt: "2026-01-01T08:59:42Z" })
      yield* scheduler.add("past", trigger, past.job, { startAt: "2026-01-01T00:00:00Z" })
      assert.deepStrictEqual((yield* scheduler.preview("now", 2)).map(iso), [
        "2026-01-01T08:59:30.999Z",
        "2026-01-01T08:59:40.000Z"
      ])
      yield* scheduler.start
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* scheduler.explain("now", "2026-01-01T08:59:30.999Z")).message, "ran: run 1")
      assert.strictEqual((yield* scheduler.explain("ahead", "2026-01-01T08:59:42Z")).message, "will run")
      assert.strictEqual((yield* scheduler.explain("plain", "2026-01-01T08:59:30.999Z"))._tag, "NotDue")
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual([plain, now, ahead, past].map(seconds), [
        [40, 50],
        [30.999, 40, 50],
        [42, 50],
        [30.999, 40, 50]
      ])
      yield* scheduler.stop()
      yield* TestClock.adjust(1500)
      yield* scheduler.start
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(seconds(now).slice(3), [52.5, 60])
      assert.deepStrictEqual(seconds(plain).slice(2), [60])
    })
  )

  it.effect("loses no match that follows the start at once, also of a machine that is late", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      yield* TestClock.setTime(utc("2026-01-01T08:59:59.900Z"))
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.cron("* * * * *", { firstRun: "atStart" }), Effect.void, {
          missed: { all: "1 hour" }
        })
        yield* scheduler.start
        yield* jump(500)
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* scheduler.status("a"), { runs: 2, missed: 0 })
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
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
