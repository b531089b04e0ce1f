import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Store from "../../src/Store.ts"
import * as Workflow from "../../src/Workflow.ts"
import { Count, Numbers, Text } from "../support/store.ts"

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
