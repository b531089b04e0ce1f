import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Store from "../../src/Store.ts"
import { Count, CountAsList, CountAsText, Numbers, NumbersAsTexts, check, fails } from "../support/store.ts"

describe("St3: another type under the same name", () => {
  const mismatch = new Store.TypeMismatch({ key: "count" })
  const operations: Record<
    string,
    Effect.Effect<unknown, Store.TypeMismatch | Store.KeyNotFound, Store.MemoryStore>
  > = {
    get: Store.get(CountAsText),
    getOption: Store.getOption(CountAsText),
    getOrElse: Store.getOrElse(CountAsText, () => ""),
    update: Store.update(CountAsText, (text) => text + "!"),
    modify: Store.modify(CountAsText, () => [0, "!"]),
    append: Store.append(CountAsList, 1)
  }
  for (const [name, operation] of Object.entries(operations)) {
    check(
      `${name} fails with TypeMismatch, with the key, and the value stays`,
      Effect.gen(function* () {
        yield* Store.put(Count, 42)
        yield* fails(operation, mismatch)
        assert.strictEqual(yield* Store.get(Count), 42)
        assert.notInclude(mismatch.message, "42")
      })
    )
  }

  check(
    "is one only if the value does not fit: the type of a key is its schema's",
    Effect.gen(function* () {
      const Positive = Store.key("count", Schema.Number.check(Schema.isGreaterThan(0)))
      yield* Store.put(Count, 3)
      assert.strictEqual(yield* Store.get(Positive), 3)
      yield* Store.put(Count, -3)
      yield* fails(Store.get(Positive), mismatch)
      yield* Store.put(Numbers, [])
      assert.deepStrictEqual(yield* Store.get(NumbersAsTexts), [])
      yield* Store.append(Numbers, 1)
      yield* fails(Store.get(NumbersAsTexts), new Store.TypeMismatch({ key: "numbers" }))
    })
  )

  check(
    "has, remove and put do not ask for the type",
    Effect.gen(function* () {
      yield* Store.put(Count, 1)
      assert.isTrue(yield* Store.has(CountAsText))
      yield* Store.put(CountAsText, "one")
      assert.strictEqual(yield* Store.get(CountAsText), "one")
      yield* fails(Store.get(Count), mismatch)
      yield* Store.remove(Count)
      assert.isFalse(yield* Store.has(CountAsText))
    })
  )

  check(
    "two keys made alike are the same key",
    Effect.gen(function* () {
      yield* Store.put(Store.key("k", Schema.Struct({ a: Schema.Number })), { a: 1 })
      assert.deepStrictEqual(yield* Store.get(Store.key("k", Schema.Struct({ a: Schema.Number }))), { a: 1 })
    })
  )
})
