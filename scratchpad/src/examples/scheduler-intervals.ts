/**
 * Cano's scheduler examples for intervals, cron and manual flows, in virtual time: a day passes at once.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Workflow from "effect-cano/Workflow"

// #region workflow
const State = Schema.Literals(["Start", "Complete"])

const work = (name: string) =>
  Workflow.make(name, State, {
    initial: "Start",
    exits: ["Complete"],
    states: { Start: { to: ["Complete"], run: Effect.as(Effect.sleep("20 seconds"), "Complete") } }
  })
// #endregion

// #region program
const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  yield* scheduler.add("health_check", Trigger.every("30 seconds"), Workflow.run(work("health check")))
  yield* scheduler.add("data_sync", Trigger.every("5 minutes"), Workflow.run(work("data sync")))
  yield* scheduler.add("reports", Trigger.every("2 hours"), Workflow.run(work("reports")))
  yield* scheduler.add("daily_cleanup", Trigger.cron("0 0 2 * * *"), Workflow.run(work("cleanup")))
  const emergency = yield* scheduler.add("emergency", Trigger.manual, Workflow.run(work("emergency")))
  yield* scheduler.start

  const run = yield* scheduler.trigger(emergency) // Run<"Complete">
  yield* TestClock.adjust("1 day")
  yield* Console.log(`emergency ended in ${yield* run.join}`)

  for (const { id, nextRun, runs, state } of yield* scheduler.list) {
    const next = nextRun === undefined ? "by hand" : DateTime.formatIso(nextRun)
    yield* Console.log(`${id.padEnd(14)} ${state.padEnd(8)} ${String(runs).padStart(4)} runs, next ${next}`)
  }
  yield* scheduler.stop({ grace: 0 })
}).pipe(Effect.provide(Scheduler.layer()))
// #endregion

NodeRuntime.runMain(program.pipe(Effect.provide(TestClock.layer())))
