import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Wait from "../../src/Wait.ts"
import { after, tags, value, withFiberCount } from "../support/batches.ts"

describe("C5: losers", () => {
  it.effect("are awaited, also when their finalizers take time: nothing of theirs happens afterwards", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = (name: string) =>
        Effect.sleep(1000).pipe(
          Effect.andThen(Effect.sync(() => events.push(`${name} ran`))),
          Effect.onInterrupt(() =>
            Effect.andThen(
              Effect.sleep(300),
              Effect.sync(() => events.push(`${name} cleaned up`))
            )
          )
        )
      for (const wait of [Wait.any, Wait.duration(15), Wait.quotaOrDuration(2, 15)]) {
        events.length = 0
        const { status } = yield* value(
          Effect.tap(Concurrent.run([loser("a"), after(10), loser("b")], { wait }), () =>
            Effect.sync(() => events.push("returned"))
          )
        )
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(events, ["a cleaned up", "b cleaned up", "returned"])
        assert.strictEqual(status.cancelled, 2)
        assert.strictEqual(Duration.toMillis(status.duration), wait === Wait.any ? 310 : 315)
      }
    })
  )

  it.effect("a loser whose finalizer dies has failed: the defect is not lost", () =>
    Effect.gen(function* () {
      const loser = Effect.onInterrupt(Effect.never, () => Effect.die("in the finalizer"))
      const { results, status } = yield* value(Concurrent.run([loser, after(10)], { wait: Wait.any }))
      assert.deepStrictEqual(tags(results), ["Failed", "Completed"])
      assert.strictEqual(status.failed, 1)
    })
  )

  it.effect("an instance that ends the waiting while it starts is itself stopped", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const opener = Effect.andThen(Deferred.succeed(gate, undefined), Effect.never)
      const { results } = yield* value(Concurrent.run([Deferred.await(gate), opener], { wait: Wait.any }))
      assert.deepStrictEqual(tags(results), ["Completed", "Cancelled"])
    })
  )
})

describe("C5: interruption", () => {
  it.effect("interrupts every instance and waits for their finalizers, at every time of the batch", () =>
    withFiberCount((fibers) =>
      Effect.gen(function* () {
        const before = fibers()
        for (const time of [0, 1, 5, 10, 11, 15, 20, 25, 30, 35]) {
          let held = 0
          let starts = 0
          const instance = Effect.acquireUseRelease(
            Effect.sync(() => (starts++, held++)),
            () => Effect.sleep(10),
            () =>
              Effect.andThen(
                Effect.sleep(3),
                Effect.sync(() => held--)
              )
          )
          const batch = Concurrent.run(
            Array.from({ length: 9 }, () => instance),
            { concurrency: 3 }
          )
          const fiber = yield* Effect.forkChild(Effect.delay(batch, 1))
          yield* TestClock.adjust(1 + time)
          const startsThen = starts
          const stop = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(stop)
          const exit = yield* Fiber.await(fiber)
          assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause), `${time} ms`)
          assert.deepStrictEqual([held, starts], [0, startsThen], `${time} ms`)
          assert.strictEqual(fibers(), before, `${time} ms: no fiber is left`)
        }
      })
    )
  )

  it.effect("before anything has run, and twice, is harmless", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Concurrent.run([Effect.never, after(5)]))
      yield* Fiber.interrupt(fiber)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    })
  )

  it.effect("by an instance, while it starts, stops that instance as well", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const parent = yield* Deferred.make<Fiber.Fiber<unknown, unknown>>()
      const culprit = Deferred.await(parent).pipe(
        Effect.tap((fiber) => Effect.sync(() => fiber.interruptUnsafe())),
        Effect.andThen(Effect.sleep(10)),
        Effect.andThen(Effect.sync(() => events.push("went on")))
      )
      const fiber = yield* Effect.forkChild(Concurrent.run([culprit, Effect.never]))
      yield* Deferred.succeed(parent, fiber)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(events, [])
    })
  )

  it.effect("a race stops the batch that loses", () =>
    Effect.gen(function* () {
      let stopped = 0
      const instance = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      const winner = yield* value(Effect.raceFirst(Concurrent.run([instance, instance, instance]), after(10)))
      assert.deepStrictEqual([winner, stopped], [10, 3])
    })
  )
})

describe("nesting", () => {
  it.effect("a batch in a batch: each has its own strategy, and stopping the outer one stops the inner ones", () =>
    withFiberCount((fibers) =>
      Effect.gen(function* () {
        const before = fibers()
        const inner = (base: number) => Concurrent.run([base, base * 2, base * 3].map(after), { wait: Wait.quota(2) })
        const { results, status } = yield* value(
          Concurrent.run([inner(100), inner(10), inner(20)], { wait: Wait.quota(2), concurrency: 3 })
        )
        assert.deepStrictEqual(tags(results), ["Cancelled", "Completed", "Completed"])
        assert.strictEqual(Duration.toMillis(status.duration), 40)
        const second = results[1]
        assert.deepStrictEqual(second._tag === "Completed" && tags(second.value.results), [
          "Completed",
          "Completed",
          "Cancelled"
        ])
        assert.strictEqual(fibers(), before)
      })
    )
  )
})
