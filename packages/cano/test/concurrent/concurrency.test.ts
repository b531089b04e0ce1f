import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Wait from "../../src/Wait.ts"
import { value } from "../support/batches.ts"
import { refusal } from "../support/refusal.ts"

describe("concurrency", () => {
  /** Tells how many run at the same time, and in which order they start. */
  const probe = () => {
    const started: Array<number> = []
    let running = 0
    let most = 0
    const instance = (i: number, work: Effect.Effect<unknown>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          started.push(i)
          most = Math.max(most, ++running)
        }),
        () => work,
        () => Effect.sync(() => running--)
      )
    return { instance, started, most: () => most, running: () => running }
  }

  for (const concurrency of [1, 2, 3, 7, 50, 100, "unbounded"] as const) {
    it.effect(`C6: ${concurrency}: never exceeded, refilled at once, launched in order`, () =>
      Effect.gen(function* () {
        const { instance, most, started } = probe()
        const effects = Array.from({ length: 50 }, (_, i) => instance(i, Effect.sleep(10)))
        const { status } = yield* value(Concurrent.run(effects, { concurrency }))
        const limit = concurrency === "unbounded" ? 50 : Math.min(50, concurrency)
        assert.strictEqual(most(), limit)
        assert.deepStrictEqual(started, [...started.keys()])
        assert.strictEqual(Duration.toMillis(status.duration), Math.ceil(50 / limit) * 10)
      })
    )
  }

  it.effect("C6: holds while instances end at different times, fail and do not suspend", () =>
    Effect.gen(function* () {
      const { instance, most, running, started } = probe()
      const works = [Effect.sleep(7), Effect.void, Effect.die("x"), Effect.sleep(3), Effect.yieldNow, Effect.void]
      const effects = Array.from({ length: 300 }, (_, i) => instance(i, works[i % works.length]!))
      yield* value(Concurrent.run(effects, { concurrency: 5 }))
      assert.deepStrictEqual([most(), running(), started.length], [5, 0, 300])
    })
  )

  it.effect("C6: an instance that waits for its turn is not started when the waiting is over", () =>
    Effect.gen(function* () {
      const { instance, started } = probe()
      const effects = Array.from({ length: 50 }, (_, i) => instance(i, Effect.sleep(10)))
      const { status } = yield* value(Concurrent.run(effects, { concurrency: 4, wait: Wait.quota(6) }))
      assert.deepStrictEqual([started.length, status.completed, status.cancelled], [9, 6, 44])
    })
  )

  it("refuses what is no number of instances", () => {
    for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
      assert.deepStrictEqual(refusal(() => Concurrent.run([], { concurrency })).problems, [
        `concurrency is ${concurrency}, expected a whole number from 1 or "unbounded"`
      ])
    }
  })

  it("refuses another number of ids", () => {
    assert.deepStrictEqual(refusal(() => Concurrent.run([Effect.void], { ids: ["a", "b"] })).problems, [
      "there are 1 effects and 2 ids"
    ])
  })
})

describe("C7: fairness", () => {
  for (const concurrency of [16, "unbounded"] as const) {
    it.live(`a timer fires while 10,000 instances that never suspend run, concurrency ${concurrency}`, () =>
      Effect.gen(function* () {
        let done = 0
        let seen: number | undefined
        setTimeout(() => (seen = done), 0)
        const busy = Effect.sync(() => {
          for (let i = 0; i < 2000; i++) Math.sqrt(i)
          done++
        })
        yield* Concurrent.run(
          Array.from({ length: 10_000 }, () => busy),
          { concurrency }
        )
        assert.strictEqual(done, 10_000)
        assert.isBelow(seen!, 10_000)
      })
    )

    it.live(`an interruption arrives while they run, concurrency ${concurrency}`, () =>
      Effect.gen(function* () {
        let done = 0
        const busy = Effect.sync(() => {
          for (let i = 0; i < 2000; i++) Math.sqrt(i)
          done++
        })
        const effects = Array.from({ length: 100_000 }, () => busy)
        const fiber = yield* Effect.forkChild(Concurrent.run(effects, { concurrency }))
        yield* Effect.sleep(1)
        yield* Fiber.interrupt(fiber)
        const atReturn = done
        yield* Effect.sleep(5)
        assert.isBelow(atReturn, 100_000)
        assert.strictEqual(done, atReturn)
      })
    )
  }

  it.live("a deadline strikes while instances that never suspend are launched, and keeps what was done", () =>
    Effect.gen(function* () {
      const busy = Effect.sync(() => {
        for (let i = 0; i < 20_000; i++) Math.sqrt(i)
      })
      const { status } = yield* Concurrent.run(
        Array.from({ length: 100_000 }, () => busy),
        {
          wait: Wait.duration(20)
        }
      )
      assert.strictEqual(status.end, "deadline")
      assert.isAbove(status.completed, 0)
      assert.strictEqual(status.completed + status.cancelled, 100_000)
    })
  )

  it.live("instances that end while others are launched do not make the launching faster", () =>
    Effect.gen(function* () {
      const launchedIn = new Map<number, number>()
      let turn = 0
      let isOver = false
      const tick = () => {
        turn++
        if (!isOver) setImmediate(tick)
      }
      tick()
      const instance = Effect.andThen(
        Effect.sync(() => launchedIn.set(turn, (launchedIn.get(turn) ?? 0) + 1)),
        Effect.sleep(1)
      )
      const effects = Array.from({ length: 5000 }, () => instance)
      yield* Concurrent.run(effects, { wait: Wait.quota(5000) })
      isOver = true
      // The first slice goes on until the clock moves; after it, a turn of the event loop has room for a slice or two.
      const [, ...later] = launchedIn.values()
      assert.isAtMost(Math.max(...later), 64)
    })
  )

  it.effect("under a test clock all instances start at the same time, however many", () =>
    Effect.gen(function* () {
      const starts = new Set<number>()
      const instance = Effect.andThen(
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => starts.add(now))),
        Effect.sleep(10)
      )
      const fiber = yield* Effect.forkChild(Concurrent.run(Array.from({ length: 500 }, () => instance)))
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(fiber)).status.completed, 500)
      assert.deepStrictEqual([...starts], [0])
    })
  )
})
