/** Pieces of code for the decisions. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Workflow } from "effect-cano"

class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}
declare const charge: (cents: number) => Effect.Effect<void, Declined>
const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: {},
  Refused: { why: Schema.String }
})

// #region annotated
const payment = Workflow.make("payment", Payment, {
  initial: "Charge",
  exits: ["Paid", "Refused"],
  states: {
    Charge: {
      to: ["Paid", "Refused"],
      run: ({ cents }) => Effect.as(charge(cents), { _tag: "Paid" }),
      catch: { Declined: (error: Declined) => ({ _tag: "Refused", why: error.why }) }
    }
  }
})
// #endregion

// #region combinator
const bounded = Workflow.withMaxTransitions(payment, 1000)

const run = Workflow.run(bounded, { _tag: "Charge", cents: 499 })
const nested = Workflow.asTask(
  bounded,
  (exit) => (exit._tag === "Paid" ? "Ship" : "Cancel"),
  () => ({ _tag: "Charge", cents: 499 })
)
// #endregion

export { nested, run }
