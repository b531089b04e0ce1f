import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Wait from "../../src/Wait.ts"
import { after, tags, value } from "../support/batches.ts"

// What Cano 0.3 and 0.6 really did, and what happens here.
describe("where Cano was wrong", () => {
  it.effect("0.3 refused no instances: here they give an empty result", () =>
    Effect.gen(function* () {
      const { results, status } = yield* Concurrent.run([])
      assert.deepStrictEqual(results, [])
      assert.deepStrictEqual([status.total, status.completed, status.failed, status.cancelled], [0, 0, 0, 0])
    })
  )

  it.effect(
    "C2, C3: 0.3 dropped an instance that panicked and counted it as cancelled: here it is Failed, in its place",
    () =>
      Effect.gen(function* () {
        const { results, status } = yield* value(Concurrent.run([after(1), Effect.die("panic"), after(2)]))
        assert.deepStrictEqual(tags(results), ["Completed", "Failed", "Completed"])
        assert.deepStrictEqual([status.failed, status.cancelled], [1, 0])
      })
  )

  const twoFastFailures = [
    Effect.andThen(after(10), Effect.fail("a")),
    Effect.andThen(after(21), Effect.fail("b")),
    after(30),
    after(40)
  ]

  it.effect("two fast failures met a quota of 2: here a quota counts successes", () =>
    Effect.gen(function* () {
      const { status } = yield* value(Concurrent.run(twoFastFailures, { wait: Wait.quota(2) }))
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled, status.end], [2, 2, 0, "quota"])
    })
  )

  it.effect("and its rule is there for those who want it", () =>
    Effect.gen(function* () {
      const wait = Wait.quota(2, { count: "settled" })
      const { status } = yield* value(Concurrent.run(twoFastFailures, { wait }))
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [0, 2, 2])
      assert.strictEqual(Duration.toMillis(status.duration), 21)
    })
  )

  it.effect("0.3 took a quota of 0 for 1: here nothing starts", () =>
    Effect.gen(function* () {
      let started = 0
      const count = Effect.sync(() => started++)
      const { status } = yield* Concurrent.run([count, count], { wait: Wait.quota(0) })
      assert.deepStrictEqual([started, status.cancelled], [0, 2])
    })
  )

  it.effect("C1: 0.6 put results into the wrong slots: here a failure keeps its place and so do those after it", () =>
    Effect.gen(function* () {
      for (const wait of [Wait.quota(9), Wait.duration("1 minute"), Wait.quotaOrDuration(9, "1 minute"), Wait.all]) {
        const effects = [Effect.andThen(after(10), Effect.fail("first")), after(20), after(30), after(40)]
        const { results, status } = yield* value(Concurrent.run(effects, { wait }))
        assert.deepStrictEqual(tags(results), ["Failed", "Completed", "Completed", "Completed"])
        assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [3, 1, 0])
      }
    })
  )

  for (const [name, millis] of [
    ["first", [500, 10, 20]],
    ["in the middle", [10, 500, 20]],
    ["last", [10, 20, 500]]
  ] as const) {
    it.effect(`C4: a time limit lost what had finished behind a slow instance: here it is kept, slow one ${name}`, () =>
      Effect.gen(function* () {
        for (const wait of [Wait.duration(100), Wait.quotaOrDuration(3, 100)]) {
          const { results, status } = yield* value(Concurrent.run(millis.map(after), { wait }))
          assert.deepStrictEqual(
            tags(results),
            millis.map((n) => (n === 500 ? "Cancelled" : "Completed"))
          )
          assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [2, 0, 1])
        }
      })
    )
  }

  it.effect("C5: after a time limit the rest ran on in the background: here it is stopped", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const slow = Effect.andThen(
        Effect.sleep(500),
        Effect.sync(() => events.push("slow side effect"))
      )
      const { status } = yield* value(Concurrent.run([after(10), slow], { wait: Wait.duration(100) }))
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(events, [])
      assert.strictEqual(status.cancelled, 1)
    })
  )

  it.effect("its README and its code named the duration differently: here it is that of the whole batch", () =>
    Effect.gen(function* () {
      const { status } = yield* value(Concurrent.run([10, 70, 30].map(after)))
      assert.deepStrictEqual(status.duration, Duration.millis(70))
    })
  )
})
