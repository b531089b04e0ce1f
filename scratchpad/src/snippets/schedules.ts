/** Pieces of code for the guide to the scheduler. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Durable, Journal, Scheduler, Trigger, Workflow } from "effect-cano"
import { Main } from "effect-cano-node"

declare const send: (report: { readonly day: string }) => Effect.Effect<void>
declare const isOver: Effect.Effect<boolean>

// #region process
const schedules = Scheduler.layerFlows([
  Scheduler.flow("heartbeat", Trigger.every("30 seconds"), Console.log("alive")),
  Scheduler.flow("report", Trigger.cron("0 9 * * MON-FRI", { timeZone: "Europe/Berlin" }), Console.log("good morning"))
])

Main.run(Layer.launch(schedules))
// #endregion

// #region tick
export const report = Scheduler.flow(
  "nightly report",
  Trigger.cron("0 2 * * *"),
  ({ due }) => send({ day: DateTime.formatIsoDateUtc(due) }),
  { missed: { all: "2 days" } }
)
// #endregion

// #region stop
export const untilOver = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  if (yield* isOver) yield* Effect.forkDetach(scheduler.stop())
})
// #endregion

// #region changes
export const watching = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  const print = Stream.runForEach(scheduler.changes, (event) => Console.log(event._tag))
  // startImmediately: it listens before the scheduler is started
  yield* Effect.forkScoped(print, { startImmediately: true })
  yield* scheduler.start
})
// #endregion

const Report = Schema.TaggedUnion({ Collect: { day: Schema.String }, Sent: { day: Schema.String } })

const dailyReport = Workflow.make("daily report", Report, {
  initial: "Collect",
  exits: ["Sent"],
  states: {
    Collect: { to: ["Sent"], run: ({ day }) => Effect.as(send({ day }), { _tag: "Sent", day }) }
  }
})

// #region journal
const nightly = Scheduler.flow(
  "nightly report",
  Trigger.cron("0 2 * * *"),
  Durable.job(dailyReport, { state: ({ due }) => ({ _tag: "Collect", day: DateTime.formatIsoDateUtc(due) }) }),
  { missed: "once", trip: 5 }
)

export const app = Scheduler.layerFlows([nightly], { journal: true }).pipe(
  Layer.provide(Durable.register(dailyReport)),
  Layer.provide(Durable.layer()),
  Layer.provide(Journal.layerMemory) // one journal for both; in an application a file or a database
)
// #endregion
