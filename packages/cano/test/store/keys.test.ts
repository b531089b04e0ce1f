import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { random } from "effect-cano-testing/Seed"
import * as Store from "../../src/Store.ts"
import { check, fails } from "../support/store.ts"

describe("St2: any string is a key", () => {
  const names = [
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "toString",
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff",
    "\ud800\ud800",
    "x".repeat(10_000),
    "ключ",
    "👩‍👩‍👧",
    "e\u0301",
    "\u00e9",
    "0",
    "-0"
  ]
  const roundTrip = (names: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const distinct = Array.from(new Set(names))
      for (const [i, name] of distinct.entries()) yield* Store.put(Store.key(name, Schema.Number), i)
      assert.strictEqual(yield* Store.size, distinct.length)
      for (const [i, name] of distinct.entries()) {
        assert.strictEqual(yield* Store.get(Store.key(name, Schema.Number)), i)
      }
      assert.deepStrictEqual(yield* Store.keys, distinct)
      for (const name of distinct) yield* Store.remove(Store.key(name, Schema.Number))
      assert.isTrue(yield* Store.isEmpty)
    })

  check("the awkward ones", roundTrip(names))

  for (const name of names.slice(0, 9)) {
    check(
      `${JSON.stringify(name)} works with every operation, and no object is changed by it`,
      Effect.gen(function* () {
        const list = Store.key(name, Schema.Array(Schema.Number))
        assert.isFalse(yield* Store.has(list))
        yield* fails(Store.get(list), new Store.KeyNotFound({ key: name }))
        yield* Store.append(list, 1)
        yield* Store.append(list, 2)
        assert.deepStrictEqual(yield* Store.update(list, (items) => [...items, 3]), [1, 2, 3])
        assert.deepStrictEqual(Array.from((yield* Store.snapshot).keys()), [name])
        yield* Store.remove(list)
        assert.deepStrictEqual(Object.keys({}), [])
        assert.isUndefined(({} as Record<string, unknown>)["0"])
      })
    )
  }

  check(
    "10^4 random ones",
    Effect.suspend(() => {
      const { int } = random(2024)
      const char = () => String.fromCharCode(int(0x10000))
      return roundTrip(Array.from({ length: 10_000 }, () => Array.from({ length: int(12) }, char).join("")))
    })
  )
})
