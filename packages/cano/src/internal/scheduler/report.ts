import * as DateTime from "effect/DateTime"
import type { Explanation, State, Status } from "../../Scheduler.ts"
import * as decision from "./decision.ts"
import type { FlowRecord } from "./record.ts"

type SchedulerState = "stopped" | "running" | "stopping" | "closed"

export const statusOf = (record: FlowRecord, state: SchedulerState, now: number): Status => ({
  id: record.id,
  trigger: record.flow.trigger,
  state: stateOf(record, now),
  running: record.running,
  waiting: record.waiting,
  runs: record.runs,
  successes: record.successes,
  failures: record.failures,
  interruptions: record.interruptions,
  skipped: record.skipped,
  missed: record.missed,
  streak: record.streak,
  paused: record.paused,
  tripped: record.tripped,
  lastStart: optionalTime(record.lastStart),
  lastEnd: optionalTime(record.lastEnd),
  lastOutcome: record.lastOutcome,
  lastFailure: record.lastFailure,
  lastCounters: record.lastCounters,
  nextRun: state === "running" ? previewOf(record, state, now, 1)[0] : undefined
})

const stateOf = (record: FlowRecord, now: number): State => {
  if (record.running > 0) return "running"
  if (record.tripped) return "tripped"
  if (record.paused) return "paused"
  if (record.exhausted) return "completed"
  return now < record.backoffUntil ? "backoff" : "idle"
}

/** The next runs as things stand; of a stopped scheduler, as if it were started now. */
export const previewOf = (
  record: FlowRecord,
  state: SchedulerState,
  now: number,
  n: number
): ReadonlyArray<DateTime.Utc> => {
  const { policy, timetable } = record
  if (timetable === undefined) return scheduledTick(record, n)
  const anchor = state === "running" ? record.anchor : decision.anchorOf(policy, timetable, now)
  const next = state === "running" ? nextOf(record, now) : decision.firstTick(policy, timetable, now)
  return decision.upcoming(policy, record, timetable, anchor, next, n).map(time)
}

/** An Effect schedule cannot be asked what comes after its next tick without taking the step. */
const scheduledTick = (record: FlowRecord, n: number): ReadonlyArray<DateTime.Utc> =>
  record.slot === undefined || n < 1 || record.due < record.backoffUntil ? [] : [time(record.due)]

const nextOf = (record: FlowRecord, now: number): number | undefined => {
  if (record.exhausted || record.timetable === undefined) return undefined
  if (record.slot !== undefined) return record.due
  // It is being put back in the queue, or is kept out of it.
  return decision.nextTick(record.policy, record.timetable, record.anchor, Math.max(now, record.seen))
}

/** What became, or will become, of a tick at an instant. */
export const explain = (record: FlowRecord, state: SchedulerState, now: number, instant: number): Explanation => {
  const { policy, timetable } = record
  const anchor = Number.isNaN(record.anchor) ? decision.anchorOf(policy, timetable, now) : record.anchor
  if (instant > policy.endAt) return explained("WillBeSkipped", "ended")
  if (timetable !== undefined && !decision.isTick(policy, timetable, anchor, instant)) {
    return notDue(decision.nextTick(policy, timetable, anchor, instant))
  }
  const isPast = record.slot === undefined ? instant <= now : instant < record.due
  if (isPast) return explainPast(record, state, instant)
  if (timetable === undefined && instant !== record.due)
    return notDue(record.slot === undefined ? undefined : record.due)
  return explainFuture(record, state, anchor, now, instant)
}

const explainPast = (record: FlowRecord, state: SchedulerState, instant: number): Explanation => {
  const run = record.inFlightFor(instant)
  if (run !== undefined) return explained("Running", undefined, run)
  if (instant === record.lastTick) return explained("Ran", undefined, record.lastTickRun)
  if (record.queue?.some(({ by, due }) => by === "timer" && due === instant) === true) {
    return explained("Waiting", "overlap", record.inFlight)
  }
  const omission = record.omissions?.findLast(({ from, to }) => from <= instant && instant <= to)
  if (omission?.reason === "missed") return explained("Missed")
  if (omission !== undefined) return explained("Skipped", omission.reason as Explanation["reason"], omission.run)
  const isForgotten = instant <= record.forgottenUntil
  if (record.timetable === undefined || state !== "running" || !(instant >= record.since) || isForgotten) {
    return { _tag: "Unknown", message: "unknown: the flow was not scheduled then, or it is too long ago" }
  }
  return explained("Ran")
}

const explainFuture = (
  record: FlowRecord,
  state: SchedulerState,
  anchor: number,
  now: number,
  instant: number
): Explanation => {
  const { policy, timetable } = record
  if (state !== "running") return explained("WillBeSkipped", "notStarted")
  const held = decision.heldUp(record, instant, "timer")
  if (held !== undefined) return explained("WillBeSkipped", held)
  if (policy.maxRuns !== Infinity) {
    const runs =
      timetable === undefined
        ? policy.maxRuns > record.runs
        : decision.isWithinRuns(policy, record, timetable, anchor, nextOf(record, now), instant)
    if (!runs) return explained("WillBeSkipped", "maxRuns")
  }
  return explained("WillRun")
}

const notDue = (next: number | undefined): Explanation => ({
  _tag: "NotDue",
  next: next === undefined ? undefined : time(next),
  message:
    next === undefined
      ? "not due, nor is any time after it"
      : `not due: the next time is ${DateTime.formatIso(time(next))}`
})

const words: Record<Exclude<Explanation["_tag"], "NotDue" | "Unknown">, string> = {
  Ran: "ran",
  Running: "running",
  Waiting: "waiting",
  WillRun: "will run",
  Skipped: "skipped",
  WillBeSkipped: "will be skipped",
  Missed: "missed"
}

const reasons: Partial<Record<NonNullable<Explanation["reason"]>, string>> = {
  queueFull: "the queue was full, overlap",
  maxRuns: "it has made all its runs",
  notStarted: "the scheduler is not running",
  superseded: "a newer one took its place"
}

const explained = (tag: keyof typeof words, reason?: Explanation["reason"], run?: number): Explanation => {
  const why = reason === undefined ? "" : `: ${reasons[reason] ?? reason}`
  const which = run === undefined ? "" : reason === undefined ? `: run ${run}` : ` with run ${run}`
  return { _tag: tag, reason, run, message: `${words[tag]}${why}${which}` }
}

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

const optionalTime = (millis: number): DateTime.Utc | undefined => (Number.isNaN(millis) ? undefined : time(millis))
