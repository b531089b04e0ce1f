/**
 * The order workflow of Cano's README with payloads and an error edge. The states carry the order; nothing needs a store.
 * (The large version with quality checks and repairs is the demo.)
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"

// #region states
const Line = Schema.Struct({ item: Schema.String, quantity: Schema.Number })

const OrderState = Schema.TaggedUnion({
  Start: { raw: Schema.String },
  Validate: { lines: Schema.Array(Line) },
  Process: { lines: Schema.Array(Line) },
  Complete: { total: Schema.Number },
  Failed: { why: Schema.String }
})
type OrderState = typeof OrderState.Type
// #endregion

// #region errors
class Unreadable extends Data.TaggedError("Unreadable")<{ readonly raw: string }> {}
class OutOfStock extends Data.TaggedError("OutOfStock")<{ readonly item: string }> {}
class StockBusy extends Data.TaggedError("StockBusy")<{}> {}
// #endregion

const prices = new Map([
  ["tea", 4],
  ["cake", 6]
])

/** The stock answers every second question only. */
let questions = 0
const reserve = Effect.fnUntraced(function* (item: string) {
  if (++questions % 2 === 1) return yield* new StockBusy()
  const price = prices.get(item)
  return price === undefined ? yield* new OutOfStock({ item }) : price
})

// #region task
const parse = Task.make({
  name: "parse",
  run: function* ({ raw }: { readonly raw: string }) {
    const matches = Array.from(raw.matchAll(/(\d+) (\w+)/g), ([, quantity, item]) => ({
      item: item!,
      quantity: Number(quantity)
    }))
    if (matches.length === 0) return yield* new Unreadable({ raw })
    return { _tag: "Validate", lines: matches }
  }
})

const process = Task.make({
  name: "process",
  retry: Retry.fixed(1, "10 millis"),
  run: function* ({ lines }: Extract<OrderState, { _tag: "Process" }>) {
    let total = 0
    for (const { item, quantity } of lines) {
      const price = yield* Effect.retry(reserve(item), { times: 2, while: (error) => error._tag === "StockBusy" })
      total += quantity * price
    }
    return { _tag: "Complete", total }
  }
})
// #endregion

// #region workflow
const order = Workflow.make("order", OrderState, {
  initial: "Start",
  exits: ["Complete", "Failed"],
  states: {
    Start: {
      to: ["Validate", "Failed"],
      run: parse,
      catch: { Unreadable: ({ raw }) => ({ _tag: "Failed", why: `cannot read "${raw}"` }) }
    },
    Validate: {
      to: ["Process", "Failed"],
      run: ({ lines }) =>
        lines.some(({ quantity }) => quantity === 0)
          ? { _tag: "Failed", why: "a quantity is 0" }
          : { _tag: "Process", lines }
    },
    Process: {
      to: ["Complete", "Failed"],
      run: process,
      catch: { OutOfStock: ({ item }) => ({ _tag: "Failed", why: `no ${item} in stock` }) }
    }
  }
})
// #endregion

// #region run
const place = (raw: string) =>
  Workflow.run(order, { _tag: "Start", raw }).pipe(
    Effect.flatMap((exit) =>
      exit._tag === "Complete" ? Console.log(`${raw}: ${exit.total} €`) : Console.log(`${raw}: ${exit.why}`)
    ),
    // The one failure that no edge routes: it is still in the type.
    Effect.catchTag("StockBusy", () => Console.log(`${raw}: try again later`))
  )

NodeRuntime.runMain(Effect.forEach(["2 tea, 1 cake", "0 tea", "3 coffee", "hello"], place, { discard: true }))
// #endregion
