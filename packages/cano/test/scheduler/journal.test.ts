/** S17: a scheduler with a journal goes on where the one before it has ended. */
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "effect-cano/Journal"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { failing, jumpingClock, quiet, watch } from "../support/scheduling.ts"
import { makeProcess, storedFlow, ticksOf } from "../support/schedulers.ts"

const withJournal = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect.pipe(Effect.provide(Journal.layerMemory), quiet)

describe("S17: the ticks of a scheduler with a journal", () => {
  it.effect("are those of the trigger", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const { scheduler } = yield* makeProcess((scheduler) => scheduler.add("a", Trigger.every("10 seconds"), job))
      yield* TestClock.adjust("35 seconds")
      assert.deepStrictEqual(ticks, [0, 10, 20, 30])
      assert.deepInclude(yield* scheduler.status("a"), { runs: 4, successes: 4, missed: 0, elsewhere: 0 })
      assert.deepInclude(yield* storedFlow("a"), { trigger: "every 10000 ms", anchor: 0, lastFire: 30_000, runs: 4 })
    }).pipe(withJournal)
  )

  const gaps: ReadonlyArray<{
    readonly missed: NonNullable<Scheduler.Options["missed"]>
    readonly down: Duration.Input
    readonly ticks: ReadonlyArray<number>
    readonly count: number
  }> = [
    { missed: "skip", down: "35 seconds", ticks: [0, 10, 50, 60], count: 3 },
    { missed: "skip", down: "3 seconds", ticks: [0, 10, 20, 30], count: 0 },
    { missed: "once", down: "35 seconds", ticks: [0, 10, 50, 60], count: 3 },
    { missed: { all: "25 seconds" }, down: "35 seconds", ticks: [0, 10, 30, 40, 50, 60], count: 1 },
    { missed: { all: "1 hour" }, down: "35 seconds", ticks: [0, 10, 20, 30, 40, 50, 60], count: 0 }
  ]
  for (const { count, down, missed, ticks: expected } of gaps) {
    it.effect(`keep their grid over ${down} without a scheduler, with missed: ${JSON.stringify(missed)}`, () =>
      Effect.gen(function* () {
        const { job, ticks } = ticksOf(Effect.sleep(10))
        const add = (scheduler: Scheduler.Scheduler["Service"]) =>
          scheduler.add("a", Trigger.every("10 seconds"), job, { missed })
        const one = yield* makeProcess(add)
        yield* TestClock.adjust("16 seconds")
        yield* one.crash
        yield* TestClock.adjust(down)
        const { scheduler } = yield* makeProcess(add)
        yield* TestClock.adjust("14 seconds")
        assert.deepStrictEqual(ticks, expected)
        assert.deepInclude(yield* scheduler.status("a"), { missed: count })
      }).pipe(withJournal)
    )
  }

  it.effect("that were late by hours run by the policy", () =>
    Effect.gen(function* () {
      const all = ticksOf(Effect.sleep("10 minutes"))
      const once = ticksOf(Effect.void)
      const skip = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        Effect.all([
          scheduler.add("all", Trigger.cron("0 * * * *"), all.job, { missed: { all: "150 minutes" } }),
          scheduler.add("once", Trigger.cron("0 * * * *"), once.job, { missed: "once" }),
          scheduler.add("skip", Trigger.cron("0 * * * *"), skip.job)
        ])
      const one = yield* makeProcess(add)
      yield* TestClock.adjust("65 minutes")
      yield* one.crash
      yield* TestClock.adjust("260 minutes")
      const two = yield* makeProcess(add)
      const events = yield* watch(two.scheduler)
      yield* TestClock.adjust("4 minutes")
      const hours = (ticks: ReadonlyArray<number>) => ticks.map((tick) => tick / 3600)
      assert.deepStrictEqual([hours(all.ticks), hours(once.ticks), hours(skip.ticks)], [[1, 3], [1, 2], [1]])
      yield* TestClock.adjust("60 minutes")
      assert.deepStrictEqual(
        [hours(all.ticks), hours(once.ticks), hours(skip.ticks)],
        [
          [1, 3, 4, 5, 6],
          [1, 2, 6],
          [1, 6]
        ]
      )
      const missed = events.flatMap((event) => (event._tag === "Missed" ? [`${event.flow} ${event.count}`] : []))
      assert.deepStrictEqual(missed, ["all 1", "once 3", "skip 4"])
    }).pipe(withJournal, Effect.scoped)
  )

  it.effect("that came before the first run was ever made are missed as well", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("a", Trigger.every("1 day", { firstRun: "afterInterval" }), job, { missed: "once" })
      for (let restart = 0; restart < 4; restart++) {
        const { crash } = yield* makeProcess(add)
        yield* TestClock.adjust("10 hours")
        yield* crash
      }
      assert.deepStrictEqual(ticks, [86_400])
    }).pipe(withJournal)
  )

  it.effect("of a changed trigger are planned anew, and those of the old one do not fire any more", () =>
    Effect.gen(function* () {
      const old = ticksOf(Effect.void)
      const changed = ticksOf(Effect.void)
      const one = yield* makeProcess((scheduler) => scheduler.add("a", Trigger.every("10 seconds"), old.job))
      yield* TestClock.adjust("25 seconds")
      const two = yield* makeProcess((scheduler) =>
        scheduler.add("a", Trigger.cron("*/30 * * * * *"), changed.job, { missed: { all: "1 day" } })
      )
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(
        [old.ticks, changed.ticks],
        [
          [0, 10, 20],
          [30, 60, 90]
        ]
      )
      assert.deepInclude(yield* one.scheduler.status("a"), { runs: 3, elsewhere: 7 })
      assert.deepInclude(yield* two.scheduler.status("a"), { runs: 3, elsewhere: 0, missed: 0 })
      assert.deepInclude(yield* storedFlow("a"), { trigger: "cron */30 * * * * *", anchor: 25_000, runs: 6 })
    }).pipe(withJournal)
  )

  it.effect("never come twice, also where the clock was set back", () =>
    Effect.gen(function* () {
      const { clock, jumpBack } = yield* jumpingClock
      yield* TestClock.setTime(86_400_000)
      yield* Effect.gen(function* () {
        const { job, ticks } = ticksOf(Effect.void)
        const add = (scheduler: Scheduler.Scheduler["Service"]) =>
          Effect.all([
            scheduler.add("a", Trigger.every("1 minute"), job),
            scheduler.add("b", Trigger.cron("* * * * *"), job)
          ])
        const one = yield* makeProcess(add)
        yield* TestClock.adjust("10 minutes")
        yield* jumpBack("5 minutes")
        yield* TestClock.adjust("10 minutes")
        yield* one.crash
        yield* jumpBack("5 hours")
        yield* makeProcess(add)
        yield* TestClock.adjust("310 minutes")
        const minutes = ticks.map((tick) => tick / 60 - 1440)
        assert.deepStrictEqual(
          minutes.toSorted((a, b) => a - b),
          [0, ...Array.from({ length: 25 }, (_, index) => index + 1).flatMap((minute) => [minute, minute])]
        )
      }).pipe(Effect.provideService(Clock.Clock, clock))
    }).pipe(withJournal)
  )

  it.effect("refuse what a journal cannot remember", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0, journal: true })
      const wrong = yield* Effect.all([
        Effect.flip(scheduler.add("a", Trigger.schedule(Schedule.spaced("1 second")), Effect.void)),
        Effect.flip(scheduler.add("a~b", Trigger.manual, Effect.void)),
        Effect.flip(scheduler.add("a".repeat(201), Trigger.manual, Effect.void))
      ])
      assert.deepStrictEqual(
        wrong.map(({ message }) => message.replace(/a{9,}/, "aa")),
        [
          'Flow "a": a journal cannot remember where an Effect schedule stands: use Trigger.every or Trigger.cron',
          'Flow "a~b": the id holds a character that no run id may hold',
          'Flow "aa": the id has 201 characters, at most 200 are allowed with a journal'
        ]
      )
    }).pipe(withJournal)
  )
})

describe("S17: what holds a flow survives", () => {
  it.effect("a pause, whose ticks do not come back", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("a", Trigger.every("10 seconds"), job, { missed: { all: "1 hour" } })
      const one = yield* makeProcess(add)
      yield* TestClock.adjust("15 seconds")
      yield* one.scheduler.pause("a")
      yield* one.crash
      yield* TestClock.adjust("20 seconds")
      const two = yield* makeProcess(add)
      yield* TestClock.adjust("20 seconds")
      assert.deepInclude(yield* two.scheduler.status("a"), { paused: true, runs: 0, state: "paused" })
      yield* two.scheduler.resume("a")
      yield* two.crash
      const three = yield* makeProcess(add)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(ticks, [0, 10, 60])
      assert.deepInclude(yield* three.scheduler.status("a"), { paused: false, missed: 0 })
    }).pipe(withJournal)
  )

  it.effect("a pause that was asked for before the start", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        Effect.andThen(scheduler.add("a", Trigger.every("10 seconds"), job), scheduler.pause("a"))
      const one = yield* makeProcess(add)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(ticks, [])
      assert.deepInclude(yield* storedFlow("a"), { isPaused: true })
      yield* one.scheduler.resume("a")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(ticks, [20])
    }).pipe(withJournal)
  )

  it.effect("the number of runs, those by hand included", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("a", Trigger.every("10 seconds"), job, { maxRuns: 4 })
      const one = yield* makeProcess(add)
      yield* TestClock.adjust("11 seconds")
      yield* (yield* one.scheduler.trigger("a")).await
      yield* one.crash
      const two = yield* makeProcess(add)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ticks, [0, 10, 11, 20])
      assert.deepInclude(yield* two.scheduler.status("a"), { runs: 1, state: "completed" })
      assert.deepInclude(yield* Effect.flip(two.scheduler.trigger("a")), { _tag: "TriggerRefused", reason: "maxRuns" })
    }).pipe(withJournal)
  )

  it.effect("failures in a row, a backoff and a trip, until reset", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(failing)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("a", Trigger.every("10 seconds"), job, { trip: 3, backoff: { base: "12 seconds", factor: 1 } })
      const one = yield* makeProcess(add)
      yield* TestClock.adjust("5 seconds")
      yield* one.crash
      const two = yield* makeProcess(add)
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* two.scheduler.status("a"), { streak: 1, skipped: 1, runs: 0 })
      yield* TestClock.adjust("10 seconds")
      yield* two.crash
      const three = yield* makeProcess(add)
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(ticks, [0, 20, 40])
      yield* three.crash
      const four = yield* makeProcess(add)
      yield* TestClock.adjust("20 seconds")
      assert.deepInclude(yield* four.scheduler.status("a"), { streak: 3, tripped: true, runs: 0, skipped: 0 })
      yield* four.scheduler.reset("a")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(ticks, [0, 20, 40, 100])
    }).pipe(withJournal)
  )
})
