/**
 * Fetches and transforms real data files every minute, and shows the flows live:
 *
 * `node scratchpad/src/live-scheduler/main.ts [--every <seconds>] [--ticks <n>]`
 *
 * In a terminal the table is drawn in place; otherwise each run is a line. It ends after so many runs, or with the first
 * Ctrl-C, gracefully; the second ends it at once.
 */
import { parseArgs } from "node:util"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Workflow from "effect-cano/Workflow"
import * as Main from "effect-cano-node/Main"
import { datasets, workflowOf } from "./datasets.ts"

const { values } = parseArgs({ options: { every: { type: "string" }, ticks: { type: "string" } } })
const every = Duration.seconds(Number(values.every ?? 60))
const ticks = Number(values.ticks ?? Infinity)
const isLive = process.stdout.isTTY

const names = Object.keys(datasets) as Array<keyof typeof datasets>
const results = new Map<string, string>()

// #region flows
const flowOf = (name: keyof typeof datasets) => {
  const job = Effect.map(Workflow.run(workflowOf(name)), (exit) => {
    results.set(name, exit._tag === "Done" ? exit.summary : `${exit.file} cannot be read`)
  })
  return Scheduler.flow(name, Trigger.every(every), job, { timeout: "10 seconds", trip: 5 })
}

const schedules = Scheduler.layerFlows(names.map(flowOf), { grace: "5 seconds" })
// #endregion

const line = ({ id, lastOutcome, nextRun, runs, state }: Scheduler.Status): string => {
  const next = nextRun === undefined ? "-" : DateTime.formatIso(nextRun).slice(11, 19)
  return `${id.padEnd(12)} ${state.padEnd(8)} ${String(runs).padStart(5)}  ${(lastOutcome ?? "-").padEnd(8)} ${next}  ${results.get(id) ?? ""}`
}

const draw = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  const flows = yield* scheduler.list
  const header = "flow         state     runs  last     next      result"
  process.stdout.write(`\u001b[H\u001b[J${[header, ...flows.map(line)].join("\n")}\n`)
})

// #region watch
/** Shows each run as it ends, until there were enough. */
const watch = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  const ended = Stream.filter(scheduler.changes, (event) => event._tag === "RunEnded")
  yield* Stream.runForEach(Stream.take(ended, ticks), ({ flow, outcome, run }) =>
    isLive ? draw : Console.log(`${flow} run ${run}: ${outcome}, ${results.get(flow) ?? "no result"}`)
  )
})
// #endregion

Main.run(watch.pipe(Effect.provide(schedules), Effect.provide(NodeFileSystem.layer)))
