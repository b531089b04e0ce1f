import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Pipeable } from "effect/Pipeable"
import type { Covariant } from "effect/Types"
import type * as Trigger from "../../Trigger.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * A job with a name and a trigger. Its runs succeed with `A`, may fail with `E`, and need the services `R`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flow<out A, out E = never, out R = never> extends Pipeable {
  readonly "~effect-cano/Scheduler/Flow": {
    readonly _A: Covariant<A>
    readonly _E: Covariant<E>
    readonly _R: Covariant<R>
  }
  readonly id: string
  readonly trigger: Trigger.Trigger<any>
  readonly job: Effect.Effect<A, any, any> | ((tick: Tick) => Effect.Effect<A, any, any>)
  readonly options: Options<Duration.Input | undefined>
}

/**
 * @since 0.1.0
 */
export declare namespace Flow {
  /**
   * A flow of any type.
   *
   * @category models
   * @since 0.1.0
   */
  export type Any = Flow<unknown, unknown, any>

  /**
   * The services that the runs of a flow need.
   *
   * @category models
   * @since 0.1.0
   */
  export type Services<F> = F extends Flow<any, any, infer R> ? R : never
}

/**
 * What a run is for; a job that is a function is given it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tick {
  readonly flow: string
  /** The number of the run; they count from 1 in each flow. */
  readonly run: number
  /** The tick that the run was started for, however late it starts; of a run by hand the time of the call. */
  readonly due: DateTime.Utc
  readonly by: "timer" | "hand"
}

/**
 * How a flow is run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Timeout extends Duration.Input | undefined = undefined> {
  /**
   * What becomes of a tick while a run is in flight. `"skip"` (default) drops it; `"queue"` runs it when the one before has
   * ended, and keeps one at most; `"allow"` starts it at once; `"cancelPrevious"` interrupts the one in flight, waits for
   * its finalizers, and starts.
   */
  readonly overlap?: "skip" | "queue" | "allow" | "cancelPrevious" | undefined
  /**
   * What becomes of ticks that passed while the process slept or was blocked. `"skip"` (default) drops them; `"once"` makes
   * one run in their place, which stands for the oldest; `{ all: window }` runs each that is not older than the window,
   * one after another (under `overlap: "allow"` at once), at most 1,000.
   *
   * The newest tick that is due is on time, and runs under every policy, if it is at most a minute late. All before it are
   * missed, and so is it if it is later.
   */
  readonly missed?: "skip" | "once" | { readonly all: Duration.Input } | undefined
  /** Delays each tick by a random time below this. The grid stays. */
  readonly jitter?: Duration.Input | undefined
  /** Interrupts a run that takes longer; the run fails with {@link RunTimeout}. */
  readonly timeout?: Timeout
  /** How many runs there may be, those by hand included. */
  readonly maxRuns?: number | undefined
  /**
   * No tick before; a string without a zone is in UTC. The interval of `every` is then anchored here, also if it lies in
   * the past: a fixed `startAt` keeps one grid over restarts.
   */
  readonly startAt?: DateTime.DateTime.Input | undefined
  /** No tick after; a string without a zone is in UTC. */
  readonly endAt?: DateTime.DateTime.Input | undefined
  /**
   * After failures in a row no tick starts a run for `base`, then `base * factor`, and so on up to `maxDelay`. Defaults:
   * factor 2, maxDelay 1 hour.
   */
  readonly backoff?:
    | {
        readonly base: Duration.Input
        readonly factor?: number | undefined
        readonly maxDelay?: Duration.Input | undefined
      }
    | undefined
  /** After so many failures in a row nothing starts a run until `reset`. */
  readonly trip?: number | undefined
  /** Names the span of each run, instead of `scheduler.flow`, and gives it attributes. */
  readonly span?: { readonly name: string; readonly attributes?: Record<string, unknown> | undefined } | undefined
}

/** @internal */
export type TimeoutError<Timeout> = Timeout extends undefined ? never : RunTimeout

/**
 * A run that was triggered by hand.
 *
 * @category models
 * @since 0.1.0
 */
export interface Run<out A, out E = never> {
  readonly flow: string
  /** Waits for the end of the run. One that is dropped before it started ends as interrupted. */
  readonly await: Effect.Effect<Exit.Exit<A, E>>
  /** Waits for the result of the run, and fails as the run fails. */
  readonly join: Effect.Effect<A, E>
}

/**
 * How a run ended. A timeout, a typed failure and a defect are failures; an interruption is not.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "failure" | "defect" | "timeout" | "interrupted"

/**
 * Why a tick, or a call of `trigger`, did not start a run.
 *
 * @category models
 * @since 0.1.0
 */
export type SkipReason =
  /** A run was in flight. */
  | "overlap"
  /** A run was in flight, and another was waiting. */
  | "queueFull"
  /** It was waiting for the run before it when a newer one took its place. */
  | "superseded"
  | "paused"
  | "backoff"
  | "tripped"
  | "maxRuns"
  /** It was waiting when the scheduler was stopped or the flow was removed. */
  | "stopped"

/**
 * What a flow is doing: runs in flight first, then what keeps it from running.
 *
 * @category models
 * @since 0.1.0
 */
export type State = "running" | "tripped" | "paused" | "completed" | "backoff" | "idle"

/**
 * The counts of a batch, found in the result of a job that has a `status` with them, as that of a concurrent run has.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counters {
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

/**
 * Where a flow stands. It always agrees with the events: `runs` is `running + successes + failures + interruptions`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly id: string
  readonly trigger: Trigger.Trigger<any>
  /** What the flow is doing, or what keeps it from running. */
  readonly state: State
  /** Runs in flight. */
  readonly running: number
  /** Runs that wait for the one before them. */
  readonly waiting: number
  /** Runs that were started. */
  readonly runs: number
  readonly successes: number
  /** Runs that failed, died or timed out. */
  readonly failures: number
  readonly interruptions: number
  /** Ticks and triggers that were skipped. */
  readonly skipped: number
  /** Ticks that passed unseen and were not caught up. */
  readonly missed: number
  /** Failures in a row. */
  readonly streak: number
  /** `pause` holds its ticks until `resume`. */
  readonly paused: boolean
  /** So many runs have failed in a row that nothing starts one until `reset`. */
  readonly tripped: boolean
  /** When the latest run was started. */
  readonly lastStart: DateTime.Utc | undefined
  /** When the run that ended last ended. */
  readonly lastEnd: DateTime.Utc | undefined
  /** How the run that ended last ended. */
  readonly lastOutcome: Outcome | undefined
  /** Why the run that failed last failed. */
  readonly lastFailure: Cause.Cause<unknown> | undefined
  /** The counts of the batch, where the last run that succeeded was a concurrent one. */
  readonly lastCounters: Counters | undefined
  /** When the next run is due, as things stand. */
  readonly nextRun: DateTime.Utc | undefined
}

/**
 * What happened. All carry the time `at`.
 *
 * @category models
 * @since 0.1.0
 */
export type Event = Data.TaggedEnum<{
  SchedulerStarted: { readonly at: DateTime.Utc }
  /** It starts nothing more, and waits for the runs in flight. */
  SchedulerStopping: { readonly at: DateTime.Utc }
  SchedulerStopped: { readonly at: DateTime.Utc; readonly interrupted: ReadonlyArray<RunId> }
  Added: { readonly at: DateTime.Utc; readonly flow: string }
  Removed: { readonly at: DateTime.Utc; readonly flow: string }
  RunStarted: {
    readonly at: DateTime.Utc
    readonly flow: string
    /** Counts from 1 in each flow. */
    readonly run: number
    /** The tick, or the time of the call. */
    readonly due: DateTime.Utc
    readonly by: "timer" | "hand"
    /** It was announced by a `RunWaiting`. */
    readonly waited: boolean
  }
  /** A run starts when those in flight have ended, or is dropped with a `Skipped`. */
  RunWaiting: { readonly at: DateTime.Utc; readonly flow: string; readonly due: DateTime.Utc }
  RunEnded: { readonly at: DateTime.Utc; readonly flow: string; readonly run: number; readonly outcome: Outcome }
  /** A tick, or a call of `trigger`, started no run. */
  Skipped: {
    readonly at: DateTime.Utc
    readonly flow: string
    readonly due: DateTime.Utc
    readonly reason: SkipReason
    /** The run that was in the way. */
    readonly run: number | undefined
    /** It was announced by a `RunWaiting`. */
    readonly waited: boolean
  }
  /** `count` ticks passed unseen and are not caught up. Of a cron flow no more than 1,000 are counted. */
  Missed: {
    readonly at: DateTime.Utc
    readonly flow: string
    /** The first tick that is not run. */
    readonly from: DateTime.Utc
    readonly count: number
  }
  Paused: { readonly at: DateTime.Utc; readonly flow: string }
  Resumed: { readonly at: DateTime.Utc; readonly flow: string }
  /** After failures in a row no tick starts a run until then. */
  BackedOff: { readonly at: DateTime.Utc; readonly flow: string; readonly until: DateTime.Utc; readonly streak: number }
  /** After so many failures in a row nothing starts a run until `reset`. */
  Tripped: { readonly at: DateTime.Utc; readonly flow: string; readonly streak: number }
  Reset: { readonly at: DateTime.Utc; readonly flow: string }
  /** No tick will come any more. */
  Completed: { readonly at: DateTime.Utc; readonly flow: string }
  /** The reader was too slow, and `count` events before the next one were dropped. */
  Lost: { readonly at: DateTime.Utc; readonly count: number }
}>

/**
 * A run of a flow.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunId {
  readonly flow: string
  readonly run: number
}

/**
 * The answer of `stop`.
 *
 * @category models
 * @since 0.1.0
 */
export interface StopReport {
  /** The runs that did not end within the grace, by the order of their flows. */
  readonly interrupted: ReadonlyArray<RunId>
}

/**
 * What `explain` has found out about an instant.
 *
 * **Details**
 *
 * - `NotDue`: no tick at this instant; `next` is the next one after it.
 * - `Ran`, `Running`: the tick started a run. Which one is told of runs in flight and of the latest.
 * - `Waiting`: it starts a run when the one in flight has ended.
 * - `WillRun`: it lies ahead and starts a run, as things stand. Whether a run is still in flight then is not known.
 * - `Skipped`, `WillBeSkipped`: it did not, or will not, start a run.
 * - `Missed`: it passed unseen and was not caught up.
 * - `Unknown`: the flow was not scheduled then, or it is too long ago: of each flow the last 64 stretches of skipped or
 *   missed ticks are remembered. Ticks one after another that were skipped for the same reason, by the same run, are one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Explanation {
  readonly _tag:
    | "NotDue"
    | "Ran"
    | "Running"
    | "Waiting"
    | "WillRun"
    | "Skipped"
    | "WillBeSkipped"
    | "Missed"
    | "Unknown"
  readonly reason?: SkipReason | "ended" | "notStarted" | undefined
  readonly run?: number | undefined
  readonly next?: DateTime.Utc | undefined
  /** The same in words, such as "skipped: overlap with run 17". */
  readonly message: string
}

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/**
 * A flow with this id exists already.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateFlow extends Data.TaggedError("DuplicateFlow")<{ readonly flow: string }> {
  override get message(): string {
    return `There is a flow "${this.flow}" already`
  }
}

/**
 * The id, the interval or the options of a flow make no sense.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidFlow extends Data.TaggedError("InvalidFlow")<{
  /** The id, abbreviated if it is too long. */
  readonly flow: string
  /** One sentence for each fault found. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `Flow "${this.flow}": ${this.problems.join("; ")}`
  }
}

/**
 * The cron expression of a flow is malformed, too long or never matches, or its time zone does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidCron extends Data.TaggedError("InvalidCron")<{
  readonly flow: string
  /** The expression, abbreviated if it is long. */
  readonly expression: string
  readonly fault: "syntax" | "length" | "impossible" | "timeZone"
  readonly detail: string
}> {
  override get message(): string {
    return `Flow "${this.flow}": cron expression "${this.expression}": ${this.detail}`
  }
}

/**
 * There is no flow with this id, or it is another than the flow value that was given.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownFlow extends Data.TaggedError("UnknownFlow")<{
  readonly flow: string
  /** The id is that of another flow. */
  readonly isOther?: boolean | undefined
}> {
  override get message(): string {
    return this.isOther === true
      ? `This flow was not added: another flow has the id "${this.flow}"`
      : `There is no flow "${this.flow}"`
  }
}

/**
 * The scheduler is not running, so nothing can be triggered.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotRunning extends Data.TaggedError("NotRunning")<{ readonly flow: string }> {
  override get message(): string {
    return `Flow "${this.flow}" cannot be triggered: the scheduler is not running`
  }
}

/**
 * The scheduler was started already.
 *
 * @category errors
 * @since 0.1.0
 */
export class AlreadyRunning extends Data.TaggedError("AlreadyRunning")<{
  readonly state: "running" | "stopping" | "closed"
}> {
  override get message(): string {
    return `The scheduler cannot be started: it is ${this.state}`
  }
}

/**
 * A flow may not run now: its overlap policy is against it, it has tripped, or it has made all its runs.
 *
 * @category errors
 * @since 0.1.0
 */
export class TriggerRefused extends Data.TaggedError("TriggerRefused")<{
  readonly flow: string
  readonly reason: SkipReason
  /** The run that is in the way. */
  readonly run: number | undefined
}> {
  override get message(): string {
    const run = this.run === undefined ? "" : ` with run ${this.run}`
    return `Flow "${this.flow}" was not triggered: ${this.reason}${run}`
  }
}

/**
 * A run took longer than the `timeout` of its flow.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunTimeout extends Data.TaggedError("RunTimeout")<{
  readonly flow: string
  readonly timeout: Duration.Duration
}> {
  override get message(): string {
    return `A run of flow "${this.flow}" took longer than ${Duration.format(this.timeout)}`
  }
}
