/**
 * Cano's negotiation example: a seller and a buyer take turns until one accepts or the buyer gives up. The machine has a
 * cycle, and the offer travels as the payload of the states.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"

// #region states
const NegotiationState = Schema.TaggedUnion({
  Seller: { price: Schema.Number, round: Schema.Number },
  Buyer: { price: Schema.Number, round: Schema.Number },
  Deal: { price: Schema.Number, rounds: Schema.Number },
  NoDeal: { rounds: Schema.Number }
})
// #endregion

// #region workflow
const negotiation = (buyer: { readonly budget: number; readonly patience: number }) =>
  Workflow.make("negotiation", NegotiationState, {
    initial: "Seller",
    exits: ["Deal", "NoDeal"],
    states: {
      Seller: {
        to: ["Buyer"],
        run: function* ({ price, round }) {
          yield* Console.log(`Round ${round}: the seller asks ${price}`)
          return { _tag: "Buyer", price, round }
        }
      },
      Buyer: {
        to: ["Deal", "NoDeal", "Seller"],
        run: ({ price, round }) => {
          if (price <= buyer.budget) return { _tag: "Deal", price, rounds: round }
          if (round === buyer.patience) return { _tag: "NoDeal", rounds: round }
          return { _tag: "Seller", price: Math.round(price * 0.9), round: round + 1 }
        }
      }
    }
  }).pipe(Workflow.withMaxTransitions(100))
// #endregion

const negotiate = Effect.fnUntraced(function* (budget: number, patience: number) {
  const exit = yield* Workflow.run(negotiation({ budget, patience }), { _tag: "Seller", price: 1000, round: 1 })
  yield* Console.log(
    exit._tag === "Deal"
      ? `Accepted at ${exit.price} after ${exit.rounds} rounds\n`
      : `The buyer gave up after ${exit.rounds} rounds`
  )
})

NodeRuntime.runMain(Effect.andThen(negotiate(700, 10), negotiate(500, 3)))
