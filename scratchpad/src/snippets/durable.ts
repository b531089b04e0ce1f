/** The code in docs/durable.md. */
// #region imports
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Durable from "effect-cano/Durable"
import * as Metrics from "effect-cano/Metrics"
import * as Observer from "effect-cano/Observer"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"
// #endregion

// #region workflow
class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { item: Schema.String }) {}

const Order = Schema.TaggedUnion({
  Reserve: { item: Schema.String },
  Charge: { item: Schema.String, price: Schema.Number },
  Shipped: { item: Schema.String }
})

const order = Workflow.make("order", Order, {
  initial: "Reserve",
  exits: ["Shipped"],
  states: {
    Reserve: {
      to: ["Charge"],
      run: ({ item }) => Effect.map(reserve(item), (price) => ({ _tag: "Charge", item, price }))
    },
    Charge: { to: ["Shipped"], run: ({ item, price }) => Effect.as(charge(price), { _tag: "Shipped", item }) }
  }
})
// #endregion

const reserve = (item: string) => (item === "" ? Effect.fail(new OutOfStock({ item })) : Effect.succeed(20))

// #region key
// The payment service knows the key of an earlier call, and then charges nothing.
const charge = (price: number) => Effect.flatMap(Durable.Run, ({ key }) => pay({ price, idempotencyKey: key }))
// #endregion

const pay = (_: { readonly price: number; readonly idempotencyKey: string }) => Effect.void

// #region worker
export const worker = Durable.register(order, { errors: OutOfStock }).pipe(
  Layer.provideMerge(Durable.layer({ concurrency: 50 })),
  Layer.provide(SqliteJournal.layer({ file: "runs.db" }))
)
// #endregion

declare const layerTracer: Layer.Layer<never>

// #region watching
const watched = Layer.mergeAll(
  layerTracer, // such as Otlp.layerJson({ ... })
  Metrics.layer(),
  Observer.layer((event) => (event._tag === "RunLeft" ? Console.log(`${event.run} is ${event.why}`) : Effect.void))
)

export const watchedWorker = worker.pipe(Layer.provide(watched))
// #endregion

// #region run
export const program = Effect.gen(function* () {
  // starts the run, or joins the one that has the id, and waits for its exit
  const exit = yield* Durable.run(order, { runId: "order-1042", state: { _tag: "Reserve", item: "tea" } })
  yield* Effect.log(exit.item)
  // only written down: a worker runs it, here or elsewhere
  yield* Durable.start(order, {
    runId: "order-1043",
    state: { _tag: "Reserve", item: "milk" },
    labels: { customer: "42" },
    delay: "1 hour"
  })
}).pipe(Effect.provide(worker))
// #endregion

// #region looking
export const looking = Effect.gen(function* () {
  const { runs, next } = yield* Durable.list({ workflow: "order", status: ["failed", "retrying"], limit: 20 })
  for (const { runId, tag, errorTag, attempt } of runs) yield* Effect.log({ runId, tag, errorTag, attempt })
  if (next !== undefined) yield* Durable.list({ workflow: "order", after: next })
  yield* Stream.runForEach(Durable.history("order-1042"), ({ at, from, tag }) => Effect.log({ at, from, tag }))
})
// #endregion

// #region restart
export const again = Durable.restart(order, { from: "order-1042", sequence: 1, runId: "order-1042-again" })
// #endregion

// #region migration
const Before = Schema.TaggedUnion({ Reserve: { sku: Schema.String }, Shipped: { sku: Schema.String } })

export const migrating = Durable.register(order, {
  migrations: [Durable.migration(Before, (old): typeof Order.Type => ({ _tag: old._tag, item: old.sku }))]
})
// #endregion

// #region checkpoint
declare const ask: (model: string) => Effect.Effect<string>

export const compare = Task.fork({
  branches: {
    small: ask("small").pipe(Durable.checkpoint("small", Schema.String)),
    large: ask("large").pipe(Durable.checkpoint("large", Schema.String))
  },
  join: ({ small, large }) => ({ _tag: "Judge", answers: [small, large] })
})
// #endregion

// #region transactional
export const withdraw = SqliteJournal.transactional(
  Task.make({
    name: "withdraw",
    run: ({ amount }: { readonly amount: number }) =>
      SqliteJournal.Sql.use((sql) => sql.run("update account set balance = balance - ?", amount)).pipe(
        Effect.as("Withdrawn")
      )
  })
)
// #endregion

// #region retention
/** Removes runs that ended a month ago, in slices of 500, once an hour. */
export const retention = Durable.remove({ status: ["done", "cancelled"], endedFor: "30 days", limit: 500 }).pipe(
  Effect.repeat({ while: (removed) => removed > 0 }),
  Effect.schedule(Schedule.spaced("1 hour"))
)
// #endregion

// #region store
const Receipt = Store.key("receipt", Schema.String)

export const receiptOf = (runId: string) =>
  Store.get(Receipt).pipe(Effect.provideServiceEffect(Store.MemoryStore, Durable.store(runId)))
// #endregion

// #region failed
export const told = Durable.awaitOutcome(order, "order-1042").pipe(
  Effect.catchTag("RunFailed", ({ error, errorTag, state }) => Effect.logError(`${state}: ${errorTag}: ${error}`))
)
// #endregion

// #region checkpoint-loop
export const mailAll = (addresses: ReadonlyArray<string>) =>
  Effect.forEach(addresses, (address, index) => mail(address).pipe(Durable.checkpoint(`mail ${index}`, Schema.String)))
// #endregion

declare const mail: (address: string) => Effect.Effect<string>
