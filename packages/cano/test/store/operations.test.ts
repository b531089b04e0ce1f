import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Store from "../../src/Store.ts"
import { Count, Numbers, Text, check, fails } from "../support/store.ts"

describe("the operations", () => {
  check(
    "get gives what put stored, by reference; put replaces it",
    Effect.gen(function* () {
      const first = [1]
      yield* Store.put(Numbers, first)
      assert.strictEqual(yield* Store.get(Numbers), first)
      const second = [2]
      yield* Store.put(Numbers, second)
      assert.strictEqual(yield* Store.get(Numbers), second)
    })
  )

  check(
    "what needs an entry fails with KeyNotFound, with the key, where there is none",
    Effect.gen(function* () {
      const missing = new Store.KeyNotFound({ key: "count" })
      assert.strictEqual(missing.message, 'Nothing is stored under key "count"')
      yield* fails(Store.get(Count), missing)
      yield* fails(
        Store.update(Count, (n) => n + 1),
        missing
      )
      yield* fails(Store.remove(Count), missing)
      assert.strictEqual(yield* Store.size, 0)
    })
  )

  check(
    "what needs no entry does without",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Store.getOption(Count), Option.none())
      assert.strictEqual(yield* Store.getOrElse(Count, () => 7), 7)
      assert.isFalse(yield* Store.has(Count))
      assert.deepStrictEqual(yield* Store.keys, [])
      assert.isTrue(yield* Store.isEmpty)
      yield* Store.clear
      assert.deepStrictEqual(yield* Store.snapshot, new Map())
    })
  )

  check(
    "getOption and getOrElse give what is there, and do not compute a default then",
    Effect.gen(function* () {
      yield* Store.put(Count, 1)
      assert.deepStrictEqual(yield* Store.getOption(Count), Option.some(1))
      assert.strictEqual(yield* Store.getOrElse(Count, () => assert.fail("computed")), 1)
    })
  )

  check(
    "falsy values are values",
    Effect.gen(function* () {
      const Anything = Store.key("anything", Schema.Unknown)
      for (const value of [undefined, null, 0, "", false, NaN]) {
        yield* Store.put(Anything, value)
        assert.deepStrictEqual(yield* Store.get(Anything), value)
        assert.deepStrictEqual(yield* Store.getOption(Anything), Option.some(value))
        assert.isTrue(yield* Store.has(Anything))
      }
    })
  )

  check(
    "remove takes one entry, clear takes all",
    Effect.gen(function* () {
      yield* Store.put(Count, 1)
      yield* Store.put(Text, "a")
      yield* Store.put(Numbers, [])
      yield* Store.remove(Text)
      assert.deepStrictEqual(yield* Store.keys, ["count", "numbers"])
      yield* Store.clear
      assert.isTrue(yield* Store.isEmpty)
      yield* fails(Store.get(Count), new Store.KeyNotFound({ key: "count" }))
    })
  )

  check(
    "keys come in the order in which they were first put; size counts them",
    Effect.gen(function* () {
      yield* Store.put(Text, "a")
      yield* Store.put(Count, 1)
      yield* Store.append(Numbers, 1)
      yield* Store.put(Text, "b")
      assert.deepStrictEqual(yield* Store.keys, ["text", "count", "numbers"])
      assert.strictEqual(yield* Store.size, 3)
      assert.isFalse(yield* Store.isEmpty)
      assert.isTrue(yield* Store.has(Text))
    })
  )

  check(
    "update gives the new value; modify gives the result and can create",
    Effect.gen(function* () {
      yield* Store.put(Count, 1)
      assert.strictEqual(yield* Store.update(Count, (n) => n + 1), 2)
      assert.strictEqual(yield* Store.modify(Count, (n) => [`was ${Option.getOrThrow(n)}`, 9]), "was 2")
      assert.strictEqual(yield* Store.get(Count), 9)
      assert.isTrue(yield* Store.modify(Text, (text) => [Option.isNone(text), "made"]))
      assert.strictEqual(yield* Store.get(Text), "made")
    })
  )

  check(
    "the snapshot is a copy: later writes do not show in it, and it does not write back",
    Effect.gen(function* () {
      yield* Store.append(Numbers, 1)
      yield* Store.append(Numbers, 2)
      const before = yield* Store.snapshot
      yield* Store.append(Numbers, 3)
      yield* Store.put(Count, 1)
      assert.deepStrictEqual(before, new Map([["numbers", [1, 2]]]))
      ;(before as Map<string, unknown>).clear()
      assert.strictEqual(yield* Store.size, 2)
    })
  )

  check(
    "the functions take the key first or last",
    Effect.gen(function* () {
      yield* Store.put(1)(Count)
      yield* Store.append(1)(Numbers)
      assert.strictEqual(yield* Store.update((n: number) => n + 1)(Count), 2)
      assert.strictEqual(yield* Store.modify((n: Option.Option<number>) => [Option.isSome(n), 5])(Count), true)
      assert.strictEqual(yield* Store.getOrElse(() => 0)(Count), 5)
      assert.deepStrictEqual(yield* Store.get(Numbers), [1])
    })
  )

  check(
    "an operation is a value: it can be built before and run again",
    Effect.gen(function* () {
      const bump = Store.modify(Count, (n) => [undefined, Option.getOrElse(n, () => 0) + 1])
      for (let i = 0; i < 3; i++) yield* bump
      assert.strictEqual(yield* Store.get(Count), 3)
    })
  )

  it.effect("without a store, an accessor is a defect as for any service", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Store.get(Count) as Effect.Effect<number, unknown>)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})

describe("append", () => {
  check(
    "creates a list of one, and extends what put, modify or append made",
    Effect.gen(function* () {
      yield* Store.append(Numbers, 1)
      yield* Store.append(Numbers, 2)
      assert.deepStrictEqual(yield* Store.get(Numbers), [1, 2])
      yield* Store.put(Numbers, [7])
      yield* Store.append(Numbers, 8)
      yield* Store.append(Numbers, 9)
      assert.deepStrictEqual(yield* Store.get(Numbers), [7, 8, 9])
    })
  )

  const readers: Record<string, Effect.Effect<ReadonlyArray<number>, unknown, Store.MemoryStore>> = {
    get: Store.get(Numbers),
    getOption: Effect.map(Store.getOption(Numbers), Option.getOrThrow),
    getOrElse: Store.getOrElse(Numbers, () => []),
    modify: Store.modify(Numbers, (list) => {
      const value = Option.getOrThrow(list)
      return [value, value]
    }),
    "update, from its result": Store.update(Numbers, (list) => list),
    "an update that throws": Effect.suspend(() => {
      let held: ReadonlyArray<number> = []
      const thrown = Store.update(Numbers, (list) => {
        held = list
        throw new Error("boom")
      })
      return Effect.map(Effect.exit(thrown), () => held)
    }),
    "a modify that throws": Effect.suspend(() => {
      let held: ReadonlyArray<number> = []
      const thrown = Store.modify(Numbers, (list) => {
        held = Option.getOrThrow(list)
        throw new Error("boom")
      })
      return Effect.map(Effect.exit(thrown), () => held)
    }),
    snapshot: Effect.map(Store.snapshot, (all) => all.get("numbers") as ReadonlyArray<number>)
  }
  for (const [name, read] of Object.entries(readers)) {
    check(
      `never changes a list that was read before, by ${name}`,
      Effect.gen(function* () {
        yield* Store.append(Numbers, 1)
        yield* Store.append(Numbers, 2)
        const before = yield* read
        assert.deepStrictEqual(before, [1, 2])
        yield* Store.append(Numbers, 3)
        yield* Store.append(Numbers, 4)
        assert.deepStrictEqual(before, [1, 2])
        assert.deepStrictEqual(yield* Store.get(Numbers), [1, 2, 3, 4])
      })
    )
  }

  check(
    "never changes a list that was put",
    Effect.gen(function* () {
      const mine = [1]
      yield* Store.put(Numbers, mine)
      yield* Store.append(Numbers, 2)
      assert.deepStrictEqual(mine, [1])
    })
  )
})

describe("a store", () => {
  it.effect("the methods of a store are the functions of the module", () =>
    Effect.gen(function* () {
      const store = yield* Store.MemoryStore.make
      yield* store.put(Count, 1)
      yield* store.append(Numbers, 1)
      assert.strictEqual(yield* store.update(Count, (n) => n + 1), 2)
      assert.strictEqual(yield* store.modify(Count, () => ["r", 3]), "r")
      assert.strictEqual(yield* store.getOrElse(Text, () => "none"), "none")
      assert.deepStrictEqual(yield* store.getOption(Count), Option.some(3))
      assert.isTrue(yield* store.has(Count))
      assert.strictEqual(yield* store.size, 2)
      assert.deepStrictEqual(yield* store.keys, ["count", "numbers"])
      assert.deepStrictEqual(
        yield* store.snapshot,
        new Map<string, unknown>([
          ["count", 3],
          ["numbers", [1]]
        ])
      )
      yield* store.remove(Count)
      yield* store.clear
      assert.isTrue(yield* store.isEmpty)
    })
  )
})
