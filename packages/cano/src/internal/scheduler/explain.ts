import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Explanation } from "../../Scheduler.ts"
import * as decision from "./decision.ts"
import type { LiveFlow } from "./flow.ts"
import { isAmong } from "./lookahead.ts"
import { lookahead } from "./status.ts"

/** What became, or will become, of a tick at an instant. */
export const explain = (flow: LiveFlow, isRunning: boolean, now: number, instant: number): Effect.Effect<Explanation> =>
  Effect.suspend(() => {
    const explanation = explainAsItStands(flow, isRunning, now, instant)
    if (explanation._tag !== "WillRun") return Effect.succeed(explanation)
    return Effect.map(hasRunsLeft(flow, now, instant), (hasRunsLeft) =>
      hasRunsLeft ? explanation : explained("WillBeSkipped", "maxRuns")
    )
  })

/** The same, except that a tick to come may be one too many. */
const explainAsItStands = (flow: LiveFlow, isRunning: boolean, now: number, instant: number): Explanation => {
  const { policy, timetable } = flow
  const anchor = Number.isNaN(flow.anchor) ? decision.anchorOf(policy, timetable, now) : flow.anchor
  if (instant > policy.endAt) return explained("WillBeSkipped", "ended")
  if (timetable !== undefined && !decision.isTick(policy, timetable, anchor, instant)) {
    return notDue(decision.nextTick(policy, timetable, anchor, instant))
  }
  const isInAgenda = flow.slot !== undefined
  const isPast = isInAgenda ? instant < flow.due : instant <= now
  if (isPast) return explainPast(flow, isRunning, instant)
  if (timetable === undefined && instant !== flow.due) return notDue(isInAgenda ? flow.due : undefined)
  return explainFuture(flow, isRunning, instant)
}

const explainPast = (flow: LiveFlow, isRunning: boolean, instant: number): Explanation => {
  const run = flow.inFlightFor(instant)
  if (run !== undefined) return explained("Running", undefined, run)
  if (instant === flow.lastTick) return explained("Ran", undefined, flow.lastTickRun)
  if (flow.isWaitingFor(instant)) return explained("Waiting", "overlap", flow.inFlight)
  const omission = flow.history?.find(instant)
  if (omission !== undefined) {
    const { reason, run } = omission
    if (reason === "missed") return explained("Missed")
    return reason === "elsewhere" ? explained("TakenElsewhere") : explained("Skipped", reason, run)
  }
  const isForgotten = flow.history !== undefined && instant <= flow.history.forgottenUntil
  if (flow.timetable === undefined || !isRunning || !(instant >= flow.since) || isForgotten) return unknown
  return explained("Ran")
}

const explainFuture = (flow: LiveFlow, isRunning: boolean, instant: number): Explanation => {
  if (!isRunning) return explained("WillBeSkipped", "notStarted")
  const held = decision.holdReason(flow, instant, "timer")
  return held === undefined ? explained("WillRun") : explained("WillBeSkipped", held)
}

const hasRunsLeft = (flow: LiveFlow, now: number, instant: number): Effect.Effect<boolean> => {
  const { policy, timetable } = flow
  const left = decision.runsLeft(policy, flow)
  if (left === Infinity || timetable === undefined) return Effect.succeed(left > 0)
  return isAmong(lookahead(flow, timetable, true, now), left, instant)
}

// -----------------------------------------------------------------------------
// in words
// -----------------------------------------------------------------------------

const words: Record<Exclude<Explanation["_tag"], "NotDue" | "Unknown">, string> = {
  Ran: "ran",
  Running: "running",
  Waiting: "waiting",
  WillRun: "will run",
  Skipped: "skipped",
  WillBeSkipped: "will be skipped",
  Missed: "missed",
  TakenElsewhere: "taken elsewhere, by another scheduler of the journal"
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

const notDue = (tick: number | undefined): Explanation => {
  if (tick === undefined) return { _tag: "NotDue", next: undefined, message: "not due, nor is any time after it" }
  const next = DateTime.makeUnsafe(tick)
  return { _tag: "NotDue", next, message: `not due: the next time is ${DateTime.formatIso(next)}` }
}

const unknown: Explanation = {
  _tag: "Unknown",
  message: "unknown: the flow was not scheduled then, or it is too long ago"
}
