/** Services and stores from the context of a run. */
import { assert, describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Store from "effect-cano/Store"
import * as Workflow from "effect-cano/Workflow"
import type { Suite } from "./suite.ts"

const Count = Store.key("count", Schema.Number)

export const services = ({ given, run }: Suite): void => {
  describe("St4: sharing", () => {
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
    const counted = Effect.andThen(run(twice), Store.get(Count))

    given("once", "store").effect("a layer builds a fresh store each time it is built", () =>
      Effect.gen(function* () {
        const alone = Effect.provide(counted, Store.MemoryStore.layer)
        assert.strictEqual(yield* alone, 2)
        assert.strictEqual(yield* alone, 2)
        const many = yield* Effect.all([alone, alone, alone], { concurrency: "unbounded" })
        assert.deepStrictEqual(many, [2, 2, 2])
      })
    )

    given("once", "store").effect("a layer inside another is fresh too", () =>
      Effect.gen(function* () {
        yield* bump
        assert.strictEqual(yield* Effect.provide(counted, Store.MemoryStore.layer), 2)
        assert.strictEqual(yield* Store.get(Count), 1)
      }).pipe(Effect.provide(Store.MemoryStore.layer))
    )

    given("once", "store").effect("runs that are given one store share it", () =>
      Effect.gen(function* () {
        const store = yield* Store.MemoryStore.make
        const shared = Effect.provideService(counted, Store.MemoryStore, store)
        assert.strictEqual(yield* shared, 2)
        assert.strictEqual(yield* shared, 4)
        assert.strictEqual(yield* store.get(Count), 4)
      })
    )
  })

  describe("a store of your own", () => {
    given("once").effect("is any service: tasks yield it, and the run gets it from its context", () =>
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
        assert.strictEqual(yield* Effect.provideService(run(shopping), Basket, basket), "Done")
        assert.deepStrictEqual(basket.items, ["pear", "apple"])
      })
    )
  })
}
