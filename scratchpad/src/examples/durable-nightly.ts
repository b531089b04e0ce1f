/**
 * A nightly job that survives restarts, in virtual time: the process is away over two nights, and the next one runs the
 * report once for them. What ran before is not run again.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Durable from "effect-cano/Durable"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"

// #region job
const Report = Schema.TaggedUnion({ Collect: { day: Schema.String }, Send: { day: Schema.String }, Sent: {} })

const report = Workflow.make("report", Report, {
  initial: "Collect",
  exits: ["Sent"],
  states: {
    Collect: { to: ["Send"], run: ({ day }) => ({ _tag: "Send", day }) },
    Send: { to: ["Sent"], run: ({ day }) => Effect.as(Console.log(`  the report of ${day} is sent`), { _tag: "Sent" }) }
  }
})

const nightly = Scheduler.flow(
  "nightly",
  Trigger.cron("0 2 * * *"),
  Durable.job(report, { state: ({ due }) => ({ _tag: "Collect", day: DateTime.formatIsoDateUtc(due) }) }),
  { missed: "once" }
)
// #endregion

const folder = mkdtempSync(join(tmpdir(), "cano-"))

/** A process: a scheduler and a worker on the file, for some time. */
const processFor = (hours: number) =>
  Effect.gen(function* () {
    yield* Console.log(`a process begins on ${DateTime.formatIsoDateUtc(yield* DateTime.now)}`)
    for (let hour = 0; hour < hours; hour++) {
      yield* TestClock.adjust("1 hour")
      yield* Effect.repeat(Effect.yieldNow, { times: 100 })
    }
  }).pipe(
    Effect.provide(
      Scheduler.layerFlows([nightly], { journal: true }).pipe(
        Layer.provideMerge(Durable.register(report)),
        Layer.provideMerge(Durable.layer({ poll: "1 minute", staleAfter: "1 hour" })),
        Layer.provide(SqliteJournal.layer({ file: join(folder, "runs.db"), synchronous: "normal" }))
      )
    )
  )

const program = Effect.gen(function* () {
  yield* TestClock.setTime(Date.UTC(2026, 2, 1, 12))
  yield* processFor(36)
  yield* Console.log("two nights pass without a process")
  yield* TestClock.adjust("48 hours")
  yield* processFor(24)
  rmSync(folder, { recursive: true })
})

program.pipe(Effect.provide(TestClock.layer()), NodeRuntime.runMain)
