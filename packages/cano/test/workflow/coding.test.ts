import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { pipe } from "effect/Function"
import * as Schema from "effect/Schema"
import * as Workflow from "../../src/Workflow.ts"

const Order = Schema.TaggedUnion({
  Cart: { at: Schema.Date, ids: Schema.Array(Schema.BigInt) },
  Paid: { cents: Schema.Number },
  Refused: {}
})

const order = Workflow.make("order", Order, {
  initial: "Cart",
  exits: ["Paid", "Refused"],
  states: { Cart: { to: ["Paid", "Refused"], run: ({ ids }) => ({ _tag: "Paid", cents: ids.length }) } }
})

const light = Workflow.make("light", Schema.Literals(["On", "Off"]), {
  initial: "On",
  exits: ["Off"],
  states: { On: { to: ["Off"], run: () => "Off" } }
})

const cart = { _tag: "Cart", at: new Date(0), ids: [1n, 2n] } as const

describe("encodeState and decodeState", () => {
  it.effect("a state survives JSON, and a run goes on from it", () =>
    Effect.gen(function* () {
      const json = JSON.stringify(yield* Workflow.encodeState(order, cart))
      const state = yield* Workflow.decodeState(order, JSON.parse(json))
      assert.deepStrictEqual(state, cart)
      assert.deepStrictEqual(yield* Workflow.run(order, state), { _tag: "Paid", cents: 2 })
    })
  )

  it.effect("a literal is its own JSON, and both take the workflow last as well", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* pipe(light, Workflow.encodeState("On" as "On" | "Off")), "On")
      assert.strictEqual(yield* pipe(light, Workflow.decodeState("Off")), "Off")
    })
  )

  for (const [what, json] of Object.entries({
    "another tag": { _tag: "Shipped" },
    "a field of another type": { _tag: "Paid", cents: "7" },
    "a missing field": { _tag: "Cart", ids: [] },
    null: null,
    undefined,
    "a string": "Cart"
  })) {
    it.effect(`what is no state is a SchemaError: ${what}`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Workflow.decodeState(order, json))
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail")
      })
    )
  }

  it.effect("a value that does not fit the schema is not encoded", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Workflow.encodeState(order, { _tag: "Paid", cents: "7" } as any))
      assert.isTrue(Exit.isFailure(exit))
    })
  )
})
