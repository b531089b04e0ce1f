import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defectsOf } from "effect-cano-testing/Runs"
import * as Store from "../../src/Store.ts"
import { Count, Numbers, Text, check } from "../support/store.ts"

describe("St1: atomicity", () => {
  const fibers = 100
  const all = (effect: Effect.Effect<unknown, unknown, Store.MemoryStore>) =>
    Effect.forEach(
      Array.from({ length: fibers }),
      () =>
        Effect.gen(function* () {
          for (let i = 0; i < 10; i++) {
            yield* effect
            yield* Effect.yieldNow
          }
        }),
      { concurrency: "unbounded" }
    )

  check(
    "100 fibers count to 1,000 with update, and with modify",
    Effect.gen(function* () {
      yield* Store.put(Count, 0)
      yield* all(Store.update(Count, (n) => n + 1))
      assert.strictEqual(yield* Store.get(Count), 1000)
      yield* all(Store.modify(Count, (n) => [undefined, Option.getOrThrow(n) + 1]))
      assert.strictEqual(yield* Store.get(Count), 2000)
    })
  )

  check(
    "100 fibers append 1,000 items, each once, while others read",
    Effect.gen(function* () {
      let next = 0
      yield* all(Effect.suspend(() => Store.append(Numbers, next++)).pipe(Effect.andThen(Store.get(Numbers))))
      const found = yield* Store.get(Numbers)
      assert.deepStrictEqual(
        found.toSorted((a, b) => a - b),
        Array.from({ length: 1000 }, (_, i) => i)
      )
    })
  )

  const thrown = new Error("boom")
  const throwing: Record<string, Effect.Effect<unknown, unknown, Store.MemoryStore>> = {
    update: Store.update(Count, () => {
      throw thrown
    }),
    modify: Store.modify(Count, () => {
      throw thrown
    }),
    "modify of a missing key": Store.modify(Text, () => {
      throw thrown
    })
  }
  for (const [name, operation] of Object.entries(throwing)) {
    check(
      `${name} with a function that throws is a defect and leaves the store as it was`,
      Effect.gen(function* () {
        yield* Store.put(Count, 1)
        const before = yield* Store.snapshot
        assert.strictEqual(defectsOf(yield* Effect.exit(operation))[0], thrown)
        assert.deepStrictEqual(yield* Store.snapshot, before)
      })
    )
  }
})
