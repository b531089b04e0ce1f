/**
 * The decisions of a scheduler, as pure functions of a flow's policy, its situation and the time. The engine only carries
 * them out; `preview` and `explain` ask the same functions.
 */
import type { SkipReason, Tick } from "../../Scheduler.ts"

/** A tick that is later than this, in milliseconds, counts as missed, even if no other tick followed it. */
export const lateLimit = 60_000

/** At most so many missed ticks are caught up after one gap. */
export const catchUpLimit = 1000

/** A clock that is set back further than this is believed at once; calendar flows then repeat what has run. */
const correctionLimit = 3 * 3_600_000

/** The ticks of a trigger, in milliseconds of Unix time. */
export interface Timetable {
  /** Two ticks are never closer. */
  readonly spacing: number
  /** The ticks are counted from the start of the flow, and not by the calendar. */
  readonly isAnchored: boolean
  /** Computing a tick is expensive. */
  readonly isSlow: boolean
  /** The first tick of a flow that starts at `anchor`. */
  readonly first: (anchor: number) => number | undefined
  /** The first tick after a time. */
  readonly next: (after: number, anchor: number) => number | undefined
  /** How many ticks there are from one tick until a time; it may stop counting at {@link catchUpLimit}. */
  readonly count: (from: number, until: number, anchor: number) => number
}

export interface Policy {
  readonly overlap: "skip" | "queue" | "allow" | "cancelPrevious"
  /** How many runs there may be at the same time, before the overlap policy decides. */
  readonly atMost: number
  readonly missed: "skip" | "once" | "all"
  /** How far back missed ticks are caught up under `all`, in milliseconds. */
  readonly window: number
  readonly jitter: number
  readonly startAt: number
  readonly endAt: number
  readonly maxRuns: number
  /** Failures in a row after which the flow trips. */
  readonly trip: number
  readonly backoff: Backoff | undefined
  readonly debounce: Debounce | undefined
}

export interface Debounce {
  readonly quiet: number
  readonly latest: number
}

export interface Backoff {
  readonly base: number
  readonly factor: number
  readonly maxDelay: number
}

/** What a decision looks at in a flow. */
export interface Situation {
  readonly paused: boolean
  readonly tripped: boolean
  /** Failures in a row. */
  readonly streak: number
  readonly backoffUntil: number
  /** Runs that have started; they are numbered from 1. */
  readonly runs: number
  readonly running: number
  /** Runs that wait for the one before them. */
  readonly waiting: number
  /** The latest run that is in flight. */
  readonly inFlight: number | undefined
}

export type Decision =
  | { readonly _tag: "Start" }
  /** Start when those in flight have ended. */
  | { readonly _tag: "Wait" }
  /** Interrupt those in flight, and start when they have ended. */
  | { readonly _tag: "Replace" }
  | { readonly _tag: "Skip"; readonly reason: SkipReason; readonly run?: number | undefined }

const start: Decision = { _tag: "Start" }
const wait: Decision = { _tag: "Wait" }
const replace: Decision = { _tag: "Replace" }
const skip = (reason: SkipReason, run?: number): Decision => ({ _tag: "Skip", reason, run })

/**
 * What becomes of one tick, or of one call of `trigger`, which neither a pause nor a backoff holds up. Ticks that are
 * caught up run one after another, unless runs may overlap.
 */
export const decide = (
  policy: Policy,
  situation: Situation,
  now: number,
  by: Tick["by"],
  isCatchingUp = false
): Decision => {
  const held = holdReason(situation, now, by)
  if (held !== undefined) return skip(held)
  // Under "cancelPrevious" this one takes the place of one that waits.
  const reserved = policy.overlap === "cancelPrevious" && !isCatchingUp ? 0 : situation.waiting
  if (situation.runs + reserved >= policy.maxRuns) return skip("maxRuns")
  if (situation.running + situation.waiting < policy.atMost) return start
  if (isCatchingUp && policy.overlap !== "allow") return wait
  switch (policy.overlap) {
    case "allow":
      return start
    case "skip":
      return skip("overlap", situation.inFlight)
    case "queue":
      return situation.waiting === 0 ? wait : skip("queueFull", situation.inFlight)
    case "cancelPrevious":
      return replace
  }
}

/** Why a flow may not start a run at all, be it at a tick or after a wait. */
export const holdReason = (situation: Situation, now: number, by: Tick["by"]): SkipReason | undefined => {
  if (situation.tripped) return "tripped"
  if (by === "hand") return undefined
  if (situation.paused) return "paused"
  return now < situation.backoffUntil ? "backoff" : undefined
}

export interface CatchUp {
  /** The ticks that run. */
  readonly runs: ReadonlyArray<number>
  /** How many ticks do not. */
  readonly missed: number
}

/** Ticks one after another; the first of them is at `from`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/**
 * Which of the ticks from `due` until `now` run. The newest is on time unless it is later than {@link lateLimit}; those
 * before it, and it too if it is late, are missed and follow the policy.
 */
export const catchUp = (policy: Policy, timetable: Timetable, anchor: number, due: number, now: number): CatchUp => {
  const onTime = newest(timetable, anchor, Math.max(due, now - lateLimit), now)
  const runs = ticksToRun(policy, timetable, anchor, due, now, onTime)
  const gaps = missedBetween(timetable, anchor, due, now, runs)
  return { runs, missed: gaps.reduce((sum, { from, to }) => sum + timetable.count(from, Math.floor(to), anchor), 0) }
}

/** The same for the tick of an Effect schedule: nobody knows which ticks would have followed. */
export const catchUpOne = (policy: Policy, due: number, now: number): CatchUp => {
  const runs =
    now - due <= lateLimit || policy.missed === "once" || (policy.missed === "all" && due >= now - policy.window)
  return runs ? { runs: [due], missed: 0 } : { runs: [], missed: 1 }
}

/** Where the ticks lie, from `due` until `now`, that are not among those that run. */
export const missedBetween = (
  timetable: Timetable | undefined,
  anchor: number,
  due: number,
  now: number,
  runs: ReadonlyArray<number>
): ReadonlyArray<Stretch> => {
  const gaps: Array<Stretch> = []
  let from = due
  for (const run of runs) {
    if (run > from) gaps.push({ from, to: before(run) })
    from = timetable?.next(run, anchor) ?? Infinity
  }
  if (from <= now) gaps.push({ from, to: now })
  return gaps
}

const ticksToRun = (
  policy: Policy,
  timetable: Timetable,
  anchor: number,
  due: number,
  now: number,
  onTime: number | undefined
): ReadonlyArray<number> => {
  switch (policy.missed) {
    case "skip":
      return onTime === undefined ? [] : [onTime]
    case "once":
      return [onTime ?? due]
    case "all": {
      const runs = between(timetable, anchor, Math.max(due, now - policy.window), now, catchUpLimit)
      const last = runs[runs.length - 1]
      return onTime !== undefined && (last === undefined || last < onTime) ? [...runs, onTime] : runs
    }
  }
}

/** The ticks from a time, included, until another, included. */
const between = (
  timetable: Timetable,
  anchor: number,
  from: number,
  until: number,
  limit: number
): ReadonlyArray<number> => {
  const ticks: Array<number> = []
  let tick = timetable.next(before(from), anchor)
  while (tick !== undefined && tick <= until && ticks.length < limit) {
    ticks.push(tick)
    tick = timetable.next(tick, anchor)
  }
  return ticks
}

const newest = (timetable: Timetable, anchor: number, from: number, until: number): number | undefined => {
  let found: number | undefined
  let tick = timetable.next(before(from), anchor)
  while (tick !== undefined && tick <= until) {
    found = tick
    tick = timetable.next(tick, anchor)
  }
  return found
}

/** A moment before a time: closer than two ticks can be, and not lost in the rounding of the sum. */
export const before = (time: number): number => time - 0.5

/** Where a flow stands after a failure. */
export interface AfterFailure {
  readonly streak: number
  readonly backoffUntil: number
  readonly tripped: boolean
}

/** A failure makes the streak longer. (A success ends it, and an interruption leaves it as it is.) */
export const afterFailure = (policy: Policy, situation: Situation, now: number): AfterFailure => {
  const streak = situation.streak + 1
  return {
    streak,
    backoffUntil: policy.backoff === undefined ? 0 : now + backoffDelay(policy.backoff, streak),
    tripped: situation.tripped || streak >= policy.trip
  }
}

/** The pause after so many failures in a row. */
export const backoffDelay = ({ base, factor, maxDelay }: Backoff, streak: number): number =>
  Math.min(base * factor ** (streak - 1), maxDelay)

/** From when on a flow that is scheduled now has ticks. */
export const sinceOf = (policy: Policy, now: number): number => Math.max(policy.startAt, now)

/** Where the ticks of a flow that is scheduled now are counted from: a `startAt` in the past keeps the grid it began. */
export const anchorOf = (policy: Policy, timetable: Timetable | undefined, now: number): number =>
  timetable?.isAnchored === true && policy.startAt !== -Infinity ? policy.startAt : sinceOf(policy, now)

/** The first tick of a flow that is scheduled now. A tick at `startAt` fires; one at this very moment only for `every`. */
export const firstTick = (policy: Policy, timetable: Timetable, now: number): number | undefined => {
  const since = sinceOf(policy, now)
  const anchor = anchorOf(policy, timetable, now)
  const isFirst = timetable.isAnchored ? anchor === since : since === now
  return within(policy, isFirst ? timetable.first(anchor) : timetable.next(before(since), anchor))
}

/** The first tick after a time, unless the flow has ended by then. */
export const nextTick = (policy: Policy, timetable: Timetable, anchor: number, after: number): number | undefined =>
  within(policy, timetable.next(after, anchor))

/** The first tick of a flow that was planned at a time, and whose ticks up to another time are dealt with. */
export const firstUndecided = (
  policy: Policy,
  timetable: Timetable,
  plannedAt: number,
  dealtUntil: number | undefined
): number | undefined => {
  const isUnderWay = dealtUntil !== undefined && dealtUntil >= sinceOf(policy, plannedAt)
  const first = isUnderWay ? undefined : firstTick(policy, timetable, plannedAt)
  return dealtUntil === undefined || (first !== undefined && first > dealtUntil)
    ? first
    : nextTick(policy, timetable, anchorOf(policy, timetable, plannedAt), dealtUntil)
}

/** Whether there is a tick at this very time. */
export const isTick = (policy: Policy, timetable: Timetable, anchor: number, at: number): boolean =>
  nextTick(policy, timetable, anchor, before(at)) === at

/** Drops a tick after the end of the flow. */
export const within = (policy: Policy, tick: number | undefined): number | undefined =>
  tick !== undefined && tick <= policy.endAt ? tick : undefined

/** The bound of the random delay of a tick. A delay ends before the next tick and no later than the flow: none is lost. */
export const jitterAfter = (policy: Policy, timetable: Timetable | undefined, anchor: number, tick: number): number => {
  const bound = Math.min(policy.jitter, policy.endAt - tick + 1)
  if (timetable === undefined || bound <= timetable.spacing) return bound
  return Math.min(bound, (timetable.next(tick, anchor) ?? Infinity) - tick)
}

/** How many runs there may still be. */
export const runsLeft = (policy: Policy, situation: Situation): number =>
  policy.maxRuns - situation.runs - situation.waiting

/** The next tick that will run as things stand; `next` is the next of all. */
export const nextRun = (
  policy: Policy,
  situation: Situation,
  timetable: Timetable,
  anchor: number,
  next: number | undefined
): number | undefined => {
  if (situation.paused || situation.tripped || runsLeft(policy, situation) < 1) return undefined
  return next !== undefined && next < situation.backoffUntil
    ? nextTick(policy, timetable, anchor, before(situation.backoffUntil))
    : next
}

/** `"shift"`: the ticks move with the clock. `"keep"`: they stay. `"restart"`: they are counted anew. */
export type MoveBack = "shift" | "keep" | "restart"

/**
 * What the ticks of a flow do when the clock was set back. Intervals go on as if nothing had happened. A calendar flow
 * does not repeat what has run, unless the correction is larger than three hours: then it starts afresh.
 */
export const moveBack = (timetable: Timetable | undefined, jump: number): MoveBack => {
  if (timetable === undefined || timetable.isAnchored) return "shift"
  return -jump > correctionLimit ? "restart" : "keep"
}
