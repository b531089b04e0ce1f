/**
 * The program that `node-sdk.ts` and `otlp.ts` run: an import that fetches orders from a busy feed and settles them, each
 * in an instance of another workflow, until three have an end. It knows nothing of OpenTelemetry; the layer it is given
 * decides where its spans, logs and metrics go.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as Concurrent from "effect-cano/Concurrent"
import * as Metrics from "effect-cano/Metrics"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

const Order = Schema.Struct({ id: Schema.String, cents: Schema.Number, card: Schema.String })

class FeedBusy extends Data.TaggedError("FeedBusy")<{}> {}
class Declined extends Data.TaggedError("Declined")<{}> {}
class Malformed extends Data.TaggedError("Malformed")<{ readonly message: string }> {}

class Feed extends Context.Service<
  Feed,
  { readonly fetch: Effect.Effect<ReadonlyArray<typeof Order.Type>, FeedBusy> }
>()("orders/Feed") {}

/** Busy when it is asked first. */
const layerFeed = Layer.sync(Feed, () => {
  let isBusy = true
  const orders = [
    { id: "A", cents: 4_900, card: "card-1" },
    { id: "B", cents: 90_000, card: "card-2" },
    { id: "C", cents: -1, card: "card-3" },
    { id: "D", cents: 0, card: "card-4" },
    { id: "E", cents: 1_250, card: "card-5" }
  ]
  const fetch = Effect.suspend(() => {
    if (!isBusy) return Effect.succeed(orders)
    isBusy = false
    return Effect.fail(new FeedBusy())
  })
  return { fetch }
})

// #region order
const State = Schema.TaggedUnion({
  Check: { order: Order },
  Charge: { order: Order },
  Paid: {},
  Refused: {}
})

const order = Workflow.make("order", State, {
  initial: "Check",
  exits: ["Paid", "Refused"],
  states: {
    Check: {
      to: ["Charge"],
      run: function* ({ order }) {
        if (order.cents < 0) return yield* new Malformed({ message: `${order.cents} from ${order.card}` })
        return { _tag: "Charge", order }
      }
    },
    Charge: {
      to: ["Paid", "Refused"],
      run: function* ({ order }) {
        if (order.cents === 0) yield* Effect.sleep("1 minute")
        if (order.cents > 50_000) return yield* new Declined()
        yield* Effect.annotateLogs(Effect.log("charged"), { "order.cents": order.cents })
        return { _tag: "Paid" }
      },
      catch: { Declined: "Refused" }
    }
  }
})
// #endregion

// #region import
const Import = Schema.TaggedUnion({
  Fetch: {},
  Settle: { orders: Schema.Array(Order) },
  Imported: { ends: Schema.Array(Schema.String) }
})

const fetch = Node.make({
  name: "fetch orders",
  retry: Retry.fixed(2, "10 millis"),
  prep: Feed,
  exec: (feed) => feed.fetch,
  post: (orders) => Effect.as(Effect.log(`fetched ${orders.length} orders`), { _tag: "Settle" as const, orders })
})

const imports = Workflow.make("import", Import, {
  initial: "Fetch",
  exits: ["Imported"],
  states: {
    Fetch: { to: ["Settle"], run: fetch },
    Settle: {
      to: ["Imported"],
      run: function* ({ orders }) {
        const { results } = yield* Concurrent.workflow(order, {
          instances: orders.map((order) => ({ id: order.id, state: { _tag: "Check", order } as const })),
          wait: Wait.quota(3)
        })
        const ends = results.map((result) => (result._tag === "Completed" ? result.value._tag : result._tag))
        for (const end of ends) yield* Metric.update(Metric.withAttributes(settled, { end }), 1)
        return { _tag: "Imported", ends }
      }
    }
  }
})

const settled = Metric.counter("orders.settled", { incremental: true, description: "Orders by the way they ended" })
// #endregion

// #region main
export const main = Workflow.run(imports).pipe(
  Effect.flatMap(({ ends }) => Console.log(ends.join("\n"))),
  Effect.provide([layerFeed, Metrics.layer()])
)
// #endregion
