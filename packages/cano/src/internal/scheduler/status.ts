import * as DateTime from "effect/DateTime"
import type { State, Status } from "../../Scheduler.ts"
import * as decision from "./decision.ts"
import type { LiveFlow } from "./flow.ts"

/** Where a flow stands. */
export const statusOf = (flow: LiveFlow, isRunning: boolean, now: number): Status => ({
  id: flow.id,
  trigger: flow.definition.trigger,
  state: stateOf(flow, now),
  running: flow.running,
  waiting: flow.waiting,
  runs: flow.runs,
  successes: flow.successes,
  failures: flow.failures,
  interruptions: flow.interruptions,
  skipped: flow.skipped,
  missed: flow.missed,
  streak: flow.streak,
  paused: flow.paused,
  tripped: flow.tripped,
  lastStart: optionalTime(flow.lastStart),
  lastEnd: optionalTime(flow.lastEnd),
  lastOutcome: flow.lastOutcome,
  lastFailure: flow.lastFailure,
  lastCounters: flow.lastCounters,
  nextRun: isRunning ? previewOf(flow, isRunning, now, 1)[0] : undefined
})

const stateOf = (flow: LiveFlow, now: number): State => {
  if (flow.running > 0) return "running"
  if (flow.tripped) return "tripped"
  if (flow.paused) return "paused"
  if (flow.isCompleted) return "completed"
  return now < flow.backoffUntil ? "backoff" : "idle"
}

/** The next `n` runs as things stand; of a stopped scheduler, as if it were started now. */
export const previewOf = (flow: LiveFlow, isRunning: boolean, now: number, n: number): ReadonlyArray<DateTime.Utc> => {
  const { policy, timetable } = flow
  if (timetable === undefined) return scheduledTick(flow, n)
  const anchor = isRunning ? flow.anchor : decision.anchorOf(policy, timetable, now)
  const next = isRunning ? flow.nextTick(now) : decision.firstTick(policy, timetable, now)
  return decision.upcoming(policy, flow, timetable, anchor, next, n).map(time)
}

/** An Effect schedule cannot be asked for the ticks after the next one without taking the step. */
const scheduledTick = (flow: LiveFlow, n: number): ReadonlyArray<DateTime.Utc> =>
  flow.slot === undefined || n < 1 || flow.due < flow.backoffUntil ? [] : [time(flow.due)]

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

const optionalTime = (millis: number): DateTime.Utc | undefined => (Number.isNaN(millis) ? undefined : time(millis))
