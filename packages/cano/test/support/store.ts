/** Keys and checks that the tests of Store share. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorOf } from "effect-cano-testing/Runs"
import * as Store from "../../src/Store.ts"

export const Count = Store.key("count", Schema.Number)

export const Text = Store.key("text", Schema.String)

export const Numbers = Store.key("numbers", Schema.Array(Schema.Number))

/** The name of `Count` with another type. */
export const CountAsText = Store.key("count", Schema.String)

export const CountAsList = Store.key("count", Schema.Array(Schema.Number))

export const NumbersAsTexts = Store.key("numbers", Schema.Array(Schema.String))

/** Store tests run once with the functions of the module and once with the methods of a store. */
export const check = <E>(name: string, test: Effect.Effect<void, E, Store.MemoryStore>) =>
  it.effect(name, () => Effect.provide(test, Store.MemoryStore.layer))

export const fails = <A, E>(effect: Effect.Effect<A, E, Store.MemoryStore>, error: E) =>
  Effect.map(Effect.exit(effect), (exit) => assert.deepStrictEqual(errorOf(exit), error))
