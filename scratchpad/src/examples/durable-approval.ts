/**
 * A human approval with a deadline. The run waits in the journal, without a fiber, while its process is away: the first
 * process ends, the signal comes through a second one, and a third one goes on.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Durable from "effect-cano/Durable"
import * as Signal from "effect-cano/Signal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"

// #region workflow
const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String, approved: Schema.Boolean }))

const Request = Schema.TaggedUnion({
  Ask: { amount: Schema.Number },
  Decide: { amount: Schema.Number },
  Paid: { by: Schema.String },
  Refused: { why: Schema.String }
})

const expense = Workflow.make("expense", Request, {
  initial: "Ask",
  exits: ["Paid", "Refused"],
  states: {
    Ask: {
      to: ["Decide"],
      run: ({ amount }) => Effect.as(Console.log(`asked for ${amount}`), { _tag: "Decide", amount })
    },
    Decide: {
      to: ["Paid", "Refused"],
      run: Task.awaitSignal(
        Approval,
        ({ by, approved }) => (approved ? { _tag: "Paid", by } : { _tag: "Refused", why: `${by} said no` }),
        { timeout: "3 days", onTimeout: () => ({ _tag: "Refused", why: "nobody answered" }) }
      )
    }
  }
})
// #endregion

const folder = mkdtempSync(join(tmpdir(), "cano-"))
const journal = SqliteJournal.layer({ file: join(folder, "runs.db") })

// #region processes
const worker = Durable.register(expense).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(journal))

const first = Effect.gen(function* () {
  yield* Durable.start(expense, { runId: "e-1", state: { _tag: "Ask", amount: 120 }, labels: { team: "blue" } })
  while ((yield* Durable.get("e-1")).status !== "waiting") yield* Effect.sleep("10 millis")
  yield* Console.log("the first process ends")
}).pipe(Effect.provide(worker))

// A web server, for one: it runs nothing itself.
const second = Effect.gen(function* () {
  const { runs } = yield* Durable.list({ labels: { team: "blue" }, status: ["waiting"] })
  for (const { runId, waitsFor } of runs) yield* Console.log(`${runId} waits for ${waitsFor}`)
  yield* Console.log(yield* Durable.signal("e-1", Approval, { by: "Ada", approved: true }, { id: "click-1" }))
  yield* Console.log(yield* Durable.signal("e-1", Approval, { by: "Ada", approved: true }, { id: "click-1" }))
}).pipe(Effect.provide(Durable.layerClient.pipe(Layer.provide(journal))))

const third = Effect.gen(function* () {
  yield* Console.log(yield* Durable.awaitOutcome(expense, "e-1"))
}).pipe(Effect.provide(worker))
// #endregion

Effect.andThen(first, Effect.andThen(second, third)).pipe(
  Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))),
  NodeRuntime.runMain
)
