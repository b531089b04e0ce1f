/** The same payment here. */
// #region program
import { Retry, Task, Workflow } from "effect-cano"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

class BankBusy extends Data.TaggedError("BankBusy")<{}> {}
class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}

let calls = 0
const bank = Effect.fnUntraced(function* (cents: number) {
  calls++
  if (cents > 50_000) return yield* new Declined({ why: "over the limit" })
  if (calls < 3) return yield* new BankBusy()
  return `receipt over ${cents}`
})

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { note: Schema.String },
  Refused: { note: Schema.String },
  Failed: {}
})

const charge = Task.make({
  name: "charge",
  retry: Schedule.while(
    Retry.exponentialCustom({ retries: 2, base: "10 millis", jitter: 0 }),
    ({ input }: { readonly input: BankBusy | Declined }) => input._tag === "BankBusy"
  ),
  run: function* ({ cents }: { readonly cents: number }) {
    return { _tag: "Paid", note: yield* bank(cents) }
  }
})

const payment = Workflow.make("payment", Payment, {
  initial: "Charge",
  exits: ["Paid", "Refused", "Failed"],
  states: {
    Charge: {
      to: ["Paid", "Refused", "Failed"],
      run: charge,
      catch: { Declined: ({ why }) => ({ _tag: "Refused", note: why }), BankBusy: "Failed" }
    }
  }
})

const pay = (cents: number) =>
  Effect.gen(function* () {
    const exit = yield* Workflow.run(payment, { _tag: "Charge", cents })
    yield* Console.log(`${exit._tag}: ${exit._tag === "Failed" ? "" : exit.note}`)
  })

await Effect.runPromise(pay(499))
console.log(`${calls} calls`)
await Effect.runPromise(pay(99_900))
// #endregion
