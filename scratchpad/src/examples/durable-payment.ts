/**
 * A payment saga on a SQLite file: a flight and a hotel are booked, the card is declined, and both bookings are undone.
 * All of it is rows: a crash at any point would go on from the latest one.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Durable from "effect-cano/Durable"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"

// #region workflow
class Declined extends Schema.TaggedError<Declined>()("Declined", { amount: Schema.Number }) {}

const Trip = Schema.TaggedUnion({
  Flight: { amount: Schema.Number },
  Hotel: { amount: Schema.Number },
  Pay: { amount: Schema.Number },
  Booked: { amount: Schema.Number }
})

const trip = Workflow.make("trip", Trip, {
  initial: "Flight",
  exits: ["Booked"],
  states: {
    Flight: {
      to: ["Hotel"],
      run: ({ amount }) => Effect.as(book("flight"), { _tag: "Hotel", amount: amount + 300 }),
      compensate: () => Console.log("the flight is cancelled")
    },
    Hotel: {
      to: ["Pay"],
      run: ({ amount }) => Effect.as(book("hotel"), { _tag: "Pay", amount: amount + 200 }),
      compensate: () => Console.log("the hotel is cancelled")
    },
    Pay: {
      to: ["Booked"],
      run: ({ amount }) =>
        amount > 400 ? Effect.fail(new Declined({ amount })) : Effect.succeed({ _tag: "Booked", amount })
    }
  }
})
// #endregion

// The key of the state in flight makes a booking safe to repeat: a service that knows the key books once.
const book = (what: string) =>
  Effect.flatMap(Durable.Run, ({ key }) => Console.log(`the ${what} is booked, with key ${key}`))

const program = Effect.gen(function* () {
  const declined = yield* Effect.flip(Durable.run(trip, { runId: "trip-7", state: { _tag: "Flight", amount: 0 } }))
  yield* Console.log(`${declined._tag}: ${declined.message || "the card has too little"}`)
  const rows = yield* Stream.runCollect(Durable.history("trip-7"))
  for (const { sequence, status, phase, tag } of rows) yield* Console.log(`${sequence} ${status} ${phase} ${tag}`)
})

const folder = mkdtempSync(join(tmpdir(), "cano-"))

const worker = Durable.register(trip, { errors: Declined }).pipe(
  Layer.provideMerge(Durable.layer()),
  Layer.provide(SqliteJournal.layer({ file: join(folder, "runs.db") }))
)

program.pipe(
  Effect.provide(worker),
  Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))),
  NodeRuntime.runMain
)
