import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Trigger from "../../src/Trigger.ts"
import { iso, makeScheduler, quiet, timesOf } from "../support/scheduling.ts"

describe("S1: every", () => {
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

describe("S1: schedule", () => {
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
