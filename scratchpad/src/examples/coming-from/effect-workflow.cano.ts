/** The same order here. */
// #region program
import { Retry, Task, Workflow } from "effect-cano"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

class BankBusy extends Data.TaggedError("BankBusy")<{}> {}
class NoCarrier extends Data.TaggedError("NoCarrier")<{}> {}

let calls = 0
const bank = Effect.suspend(() => (++calls < 3 ? Effect.fail(new BankBusy()) : Effect.succeed("r-1")))
const carrier = (weight: number) => (weight > 30 ? Effect.fail(new NoCarrier()) : Effect.succeed("t-1"))

const Order = Schema.TaggedUnion({
  Charge: { weight: Schema.Number },
  Ship: { weight: Schema.Number, receipt: Schema.String },
  Refund: { receipt: Schema.String },
  Shipped: { tracking: Schema.String },
  Refunded: { why: Schema.String }
})

const order = Workflow.make("order", Order, {
  initial: "Charge",
  exits: ["Shipped", "Refunded"],
  states: {
    Charge: {
      to: ["Ship"],
      run: Task.make({
        retry: Retry.fixed(2, 0),
        run: function* ({ weight }: { readonly weight: number }) {
          return { _tag: "Ship", weight, receipt: yield* bank }
        }
      })
    },
    Ship: {
      to: ["Shipped", "Refund"],
      run: function* ({ weight }) {
        return { _tag: "Shipped", tracking: yield* carrier(weight) }
      },
      catch: { NoCarrier: (_: NoCarrier, { receipt }) => ({ _tag: "Refund", receipt }) }
    },
    Refund: {
      to: ["Refunded"],
      run: ({ receipt }) => Effect.as(Console.log(`refund ${receipt}`), { _tag: "Refunded", why: "NoCarrier" })
    }
  }
})

const place = (id: string, weight: number) =>
  Effect.flatMap(Workflow.run(order, { _tag: "Charge", weight }), (exit) =>
    Console.log(exit._tag === "Shipped" ? `${id}: shipped as ${exit.tracking}` : `${id}: ${exit.why}`)
  )

await Effect.runPromise(Effect.andThen(place("tea", 1), place("piano", 400)))
// #endregion
