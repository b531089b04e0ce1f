import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Store from "../src/Store.ts"
import * as Workflow from "../src/Workflow.ts"
import { random } from "./laws/random.ts"
import { defectsOf, errorOf } from "./support.ts"

const Count = Store.key("count", Schema.Number)
const Text = Store.key("text", Schema.String)
const Numbers = Store.key("numbers", Schema.Array(Schema.Number))
/** The name of `Count` with another type. */
const CountAsText = Store.key("count", Schema.String)
const CountAsList = Store.key("count", Schema.Array(Schema.Number))
const NumbersAsTexts = Store.key("numbers", Schema.Array(Schema.String))

/** Store tests run once with the functions of the module and once with the methods of a store. */
const check = <E>(name: string, test: Effect.Effect<void, E, Store.MemoryStore>) =>
  it.effect(name, () => Effect.provide(test, Store.MemoryStore.layer))

const fails = <A, E>(effect: Effect.Effect<A, E, Store.MemoryStore>, error: E) =>
  Effect.map(Effect.exit(effect), (exit) => assert.deepStrictEqual(errorOf(exit), error))

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

describe("3. another type under the same name", () => {
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

describe("C1 atomicity", () => {
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

describe("C2 any string is a key", () => {
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

describe("4. sharing", () => {
  const bump = Store.modify(Count, (n) => {
    const next = Option.getOrElse(n, () => 0) + 1
    return [next, next]
  })
  const Letters = Schema.Literals(["A", "B", "Done"])
  const twice = Workflow.make("twice", Letters, {
    initial: "A",
    exits: ["Done"],
    states: { A: { to: ["B"], run: Effect.as(bump, "B") }, B: { to: ["Done"], run: Effect.as(bump, "Done") } }
  })
  const counted = Effect.andThen(Workflow.run(twice), Store.get(Count))

  it.effect("C1 a layer builds a fresh store each time it is built", () =>
    Effect.gen(function* () {
      const alone = Effect.provide(counted, Store.MemoryStore.layer)
      assert.strictEqual(yield* alone, 2)
      assert.strictEqual(yield* alone, 2)
      const many = yield* Effect.all([alone, alone, alone], { concurrency: "unbounded" })
      assert.deepStrictEqual(many, [2, 2, 2])
    })
  )

  it.effect("C1 a layer inside another is fresh too", () =>
    Effect.gen(function* () {
      yield* bump
      assert.strictEqual(yield* Effect.provide(counted, Store.MemoryStore.layer), 2)
      assert.strictEqual(yield* Store.get(Count), 1)
    }).pipe(Effect.provide(Store.MemoryStore.layer))
  )

  it.effect("runs that are given one store share it", () =>
    Effect.gen(function* () {
      const store = yield* Store.MemoryStore.make
      const shared = Effect.provideService(counted, Store.MemoryStore, store)
      assert.strictEqual(yield* shared, 2)
      assert.strictEqual(yield* shared, 4)
      assert.strictEqual(yield* store.get(Count), 4)
    })
  )

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

describe("a store of your own", () => {
  it.effect("is any service: tasks yield it, and the run gets it from its context", () =>
    Effect.gen(function* () {
      class Basket extends Context.Service<Basket, { readonly items: Array<string> }>()("test/Basket") {}
      const shopping = Workflow.make("shopping", Schema.Literals(["Pick", "Pay", "Done"]), {
        initial: "Pick",
        exits: ["Done"],
        states: {
          Pick: {
            to: ["Pay"],
            run: function* () {
              const { items } = yield* Basket
              items.push("apple")
              return "Pay"
            }
          },
          Pay: { to: ["Done"], run: () => Effect.as(Basket, "Done") }
        }
      })
      const basket = { items: ["pear"] }
      assert.strictEqual(yield* Effect.provideService(Workflow.run(shopping), Basket, basket), "Done")
      assert.deepStrictEqual(basket.items, ["pear", "apple"])
    })
  )
})
