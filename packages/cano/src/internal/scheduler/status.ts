import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { State, Status } from "../../Scheduler.ts"
import * as decision from "./decision.ts"
import type { Engine } from "./engine.ts"
import type { LiveFlow } from "./flow.ts"
import { type Lookahead, take } from "./lookahead.ts"

/** Where a flow stands. */
export const statusOf = (flow: LiveFlow, { clock, isRunning, memory }: Engine): Status => {
  const now = clock.read()
  return {
    id: flow.id,
    trigger: flow.definition.trigger,
    state: stateOf(flow, now),
    running: flow.running,
    waiting: flow.waiting,
    runs: flow.running + flow.successes + flow.failures + flow.interruptions,
    successes: flow.successes,
    failures: flow.failures,
    interruptions: flow.interruptions,
    skipped: flow.skipped,
    missed: flow.missed,
    elsewhere: flow.elsewhere,
    streak: flow.streak,
    paused: flow.paused,
    tripped: flow.tripped,
    lastStart: optionalTime(flow.lastStart),
    lastEnd: optionalTime(flow.lastEnd),
    lastOutcome: flow.lastOutcome,
    lastFailure: flow.lastFailure,
    lastCounters: flow.lastCounters,
    nextRun: isRunning ? nextRunOf(flow, now) : undefined,
    journalFailure: memory?.failure
  }
}

const stateOf = (flow: LiveFlow, now: number): State => {
  if (flow.running > 0) return "running"
  if (flow.tripped) return "tripped"
  if (flow.paused) return "paused"
  if (flow.isCompleted) return "completed"
  return now < flow.backoffUntil ? "backoff" : "idle"
}

/** The next run of a flow in a scheduler that is running. */
const nextRunOf = (flow: LiveFlow, now: number): DateTime.Utc | undefined => {
  if (flow.timetable === undefined) return scheduledTick(flow)
  const next = lookahead(flow, flow.timetable, true, now).first
  return next === undefined ? undefined : time(next)
}

/** The next `n` runs as things stand; of a stopped scheduler, as if it were started now. */
export const previewOf = (
  flow: LiveFlow,
  isRunning: boolean,
  now: number,
  n: number
): Effect.Effect<ReadonlyArray<DateTime.Utc>> => {
  const { policy, timetable } = flow
  if (timetable === undefined) {
    const next = n === 0 ? undefined : scheduledTick(flow)
    return Effect.succeed(next === undefined ? [] : [next])
  }
  const ticks = take(lookahead(flow, timetable, isRunning, now), Math.min(n, decision.runsLeft(policy, flow)))
  return Effect.map(ticks, (ticks) => ticks.map(time))
}

/** The runs of a flow to come. */
export const lookahead = (
  flow: LiveFlow,
  timetable: decision.Timetable,
  isRunning: boolean,
  now: number
): Lookahead => {
  const { policy } = flow
  const anchor = isRunning ? flow.anchor : decision.anchorOf(policy, timetable, now)
  const next = isRunning ? flow.nextTick(now) : decision.firstTick(policy, timetable, now)
  return { policy, timetable, anchor, first: decision.nextRun(policy, flow, timetable, anchor, next) }
}

/** An Effect schedule cannot be asked for the ticks after the next one without taking the step. */
const scheduledTick = (flow: LiveFlow): DateTime.Utc | undefined =>
  flow.slot === undefined || flow.due < flow.backoffUntil ? undefined : time(flow.due)

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

const optionalTime = (millis: number): DateTime.Utc | undefined => (Number.isNaN(millis) ? undefined : time(millis))
