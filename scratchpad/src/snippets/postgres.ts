/** The code in docs/postgres.md and in the README of effect-cano-sql. */
import { PgClient } from "@effect/sql-pg"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Durable from "effect-cano/Durable"
import * as Workflow from "effect-cano/Workflow"
import * as SqlJournal from "effect-cano-sql/SqlJournal"

const Order = Schema.TaggedUnion({ Charge: { price: Schema.Number }, Shipped: {} })

const order = Workflow.make("order", Order, {
  initial: "Charge",
  exits: ["Shipped"],
  states: { Charge: { to: ["Shipped"], run: () => Effect.succeed({ _tag: "Shipped" }) } }
})

// #region worker
const database = PgClient.layerConfig({
  url: Config.Redacted("DATABASE_URL"),
  maxConnections: Config.succeed(10)
})

export const worker = Durable.register(order).pipe(
  Layer.provideMerge(Durable.layer({ concurrency: 200 })),
  Layer.provide(SqlJournal.layer()),
  Layer.provide(database)
)
// #endregion

// #region schema
export const printSchema = Console.log(SqlJournal.schema())

export const checked = SqlJournal.layer({ migrate: "check" })
// #endregion
