/** The example of the README, and the first of the guide. */
// #region example
// #region imports
import { Workflow } from "effect-cano"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
// #endregion

// #region error
class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}
// #endregion

// #region states
const Order = Schema.TaggedUnion({
  Cart: { prices: Schema.Array(Schema.Number) },
  Charge: { total: Schema.Number },
  Paid: { total: Schema.Number },
  Refused: { why: Schema.String }
})
// #endregion

// #region machine
export const order = Workflow.make("order", Order, {
  initial: "Cart",
  exits: ["Paid", "Refused"],
  states: {
    Cart: { to: ["Charge"], run: ({ prices }) => ({ _tag: "Charge", total: prices.reduce((a, b) => a + b, 0) }) },
    Charge: {
      to: ["Paid", "Refused"],
      run: function* ({ total }) {
        if (total > 500) return yield* new Declined({ why: `${total} is over the limit` })
        return { _tag: "Paid", total }
      },
      catch: { Declined: (error: Declined) => ({ _tag: "Refused", why: error.why }) }
    }
  }
})
// #endregion

// #region run
const place = (...prices: Array<number>) => Effect.runPromise(Workflow.run(order, { _tag: "Cart", prices }))
console.log(await place(20, 30))
console.log(await place(400, 300))
// #endregion
// #endregion
