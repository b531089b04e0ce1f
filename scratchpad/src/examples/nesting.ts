/**
 * A workflow as a state of another one: the exit of the child chooses the next state of the parent.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"

// #region child
const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { receipt: Schema.String },
  Refused: {}
})

const payment = Workflow.make("payment", Payment, {
  initial: "Charge",
  exits: ["Paid", "Refused"],
  states: {
    Charge: {
      to: ["Paid", "Refused"],
      run: ({ cents }) => (cents <= 50_000 ? { _tag: "Paid", receipt: `receipt over ${cents}` } : { _tag: "Refused" })
    }
  }
})
// #endregion

// #region parent
const Order = Schema.TaggedUnion({
  Pay: { cents: Schema.Number },
  Ship: { receipt: Schema.String },
  Shipped: {},
  Cancelled: {}
})

const order = Workflow.make("order", Order, {
  initial: "Pay",
  exits: ["Shipped", "Cancelled"],
  states: {
    Pay: {
      to: ["Ship", "Cancelled"],
      run: Workflow.asTask(
        payment,
        (exit) => (exit._tag === "Paid" ? { _tag: "Ship", receipt: exit.receipt } : { _tag: "Cancelled" }),
        ({ cents }) => ({ _tag: "Charge", cents })
      )
    },
    Ship: {
      to: ["Shipped"],
      run: ({ receipt }) => Effect.as(Console.log(`Shipping against ${receipt}`), { _tag: "Shipped" })
    }
  }
})
// #endregion

const place = (cents: number) =>
  Effect.flatMap(Workflow.run(order, { _tag: "Pay", cents }), (exit) => Console.log(`${cents}: ${exit._tag}`))

NodeRuntime.runMain(Effect.forEach([499, 99_900], place, { discard: true }))
