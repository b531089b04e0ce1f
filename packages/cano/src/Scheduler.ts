/**
 * A scheduler runs jobs by interval, by cron expression, by an Effect `Schedule`, or by hand. A job is any Effect, such
 * as a workflow run or a concurrent run, or a function that is told its tick and gives one.
 *
 * - S1: An interval does not drift and loses no tick. Its grid is anchored at the start, or at the flow's `startAt`.
 * - S2: A flow never overlaps itself, unless its `overlap` policy is `"allow"`, or `{ atMost: n }` with more than one.
 * - S3: A job that fails, dies or is interrupted hurts no other flow, and neither does a slow one.
 * - S4: The status of a flow always agrees with the events.
 * - S5: A stop starts nothing new, gives the runs in flight a grace, then interrupts and names them. Closing the scope
 *   is such a stop, with a grace of 30 seconds.
 * - S6: A flow that makes no sense is a typed error of `add`, which names the flow and the fault. A mistake in the program
 *   (a wrong grace, `n` of `preview` or instant of `explain`) is a defect, a `ConfigurationError`.
 * - S7: Time comes from Effect's `Clock` and chance from its `Random`: a `TestClock` moves a scheduler through a year.
 * - S8: A cron flow fires at every local time that matches, also on the days on which the clocks change.
 * - S9: A tick that passed while the process slept is counted as missed, or run, as the `missed` policy says.
 * - S10: A clock that is set back stops no flow. Calendar ticks are not repeated, unless it is set back by hours.
 * - S11: A pause, a backoff and a trip hold the ticks of a flow. Its grid stays.
 * - S12: A run by hand has the types of its job, says how it ended, and can be cancelled. It obeys the overlap policy, a
 *   trip and `maxRuns`. Calls that come in a burst make one run where the flow is debounced.
 * - S13: `preview` and `explain` ask the functions that decide, so what they foretell is what happens.
 * - S14: `changes` tells every event in order. A slow reader holds up nobody, and is told how many events it has lost.
 * - S15: A job has the services that `add` was called with, is told its tick, and runs in a root span of its own.
 * - S16: `layerFlows` adds its flows, starts, and fails as `add` does.
 * - S17: With a journal, the ticks that are dealt with, the grid, a pause, the number of runs, failures in a row and a trip
 *   survive the scheduler. Ticks that passed without one follow the `missed` policy.
 * - S18: Schedulers on one journal start one run for a tick. A durable job's run is created in one step with the tick, and
 *   the overlap policy knows it also after a restart.
 * - S19: A journal that is away holds the ticks, and the scheduler says so.
 *
 * **Gotchas**
 *
 * A job has the services that `add` was called with. A scope among them lives as long as that of the caller: let a job
 * that acquires something close it with `Effect.scoped`.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function* () {
 *   const scheduler = yield* Scheduler.Scheduler
 *   yield* scheduler.add("heartbeat", Trigger.every("30 seconds"), Console.log("alive"))
 *   yield* scheduler.add("report", Trigger.cron("0 9 * * MON-FRI"), Console.log("good morning"))
 *   const cleanup = yield* scheduler.add("cleanup", Trigger.manual, Effect.succeed(3))
 *   yield* scheduler.start
 *
 *   const run = yield* scheduler.trigger(cleanup)
 *   const removed = yield* run.join // number
 *   const { nextRun } = yield* scheduler.status("report")
 *   yield* scheduler.stop({ grace: "10 seconds" })
 *   return [removed, nextRun]
 * }).pipe(Effect.provide(Scheduler.layer()))
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Covariant } from "effect/Types"
import type { FailureReason, JournalFailure } from "./DurableError.ts"
import { isIterable, refuse } from "./internal/faults.ts"
import type { Failure, OutputOf, Services, Value } from "./internal/inference.ts"
import { makeFlow } from "./internal/scheduler/definition.ts"
import { Engine } from "./internal/scheduler/engine.ts"
import * as Operations from "./internal/scheduler/operations.ts"
import { Journal } from "./Journal.ts"
import type {
  AlreadyRunning,
  DuplicateFlow,
  InvalidCron,
  InvalidFlow,
  NotRunning,
  RunTimeout,
  TriggerRefused,
  UnknownFlow
} from "./SchedulerError.ts"
import type * as Trigger from "./Trigger.ts"

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

  /**
   * The failure that a `timeout` adds to those of the job.
   *
   * @category models
   * @since 0.1.0
   */
  export type TimeoutError<Timeout> = Timeout extends undefined ? never : RunTimeout
}

/**
 * The reason of a run. A job that is a function is given it.
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
   * What becomes of a tick while a run is in flight. `"skip"` (default) drops it. `"queue"` runs it when the run before has
   * ended, and keeps one tick at most. `"allow"` starts it at once. `"cancelPrevious"` interrupts the run in flight, waits
   * for its finalizers, and starts. `{ atMost: n }` starts it at once while fewer than `n` runs are in flight, and drops it
   * otherwise: `"skip"` is `{ atMost: 1 }`.
   */
  readonly overlap?: "skip" | "queue" | "allow" | "cancelPrevious" | { readonly atMost: number } | undefined
  /**
   * What becomes of ticks that passed while the process slept or was blocked. `"skip"` (default) drops them. `"once"` makes
   * one run in their place, which stands for the oldest. `{ all: window }` runs each that is not older than the window,
   * one after another (or as many at once as `overlap` allows), at most 1,000.
   *
   * The newest tick that is due is on time, and runs under every policy, if it is at most a minute late. All before it are
   * missed, and so is it if it is later.
   */
  readonly missed?: "skip" | "once" | { readonly all: Duration.Input } | undefined
  /**
   * Delays each tick by a random time below this. The grid stays. A delay ends before the next tick and no later than
   * `endAt`, so a jitter above the interval delays by less than the interval. No tick is lost by it.
   */
  readonly jitter?: Duration.Input | undefined
  /** Interrupts a run that takes longer; the run fails with {@link RunTimeout}. */
  readonly timeout?: Timeout
  /** How many runs there may be, those by hand included. */
  readonly maxRuns?: number | undefined
  /**
   * No tick before; a string is in the form of ISO 8601, in UTC if it names no zone. The interval of `every` is then anchored here, also if it lies in
   * the past: a fixed `startAt` keeps one grid over restarts.
   */
  readonly startAt?: DateTime.DateTime.Input | undefined
  /** No tick after; a string is in the form of ISO 8601, in UTC if it names no zone. */
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
  /**
   * Makes one run of many calls of `trigger`: it starts when no call has come for `quiet`, and no later than `latest` after
   * the first. All these calls are given the same run. If it may not start then, it ends as interrupted. Ticks are not
   * debounced. Default: each call starts a run of its own; `latest` has no bound.
   */
  readonly debounce?: { readonly quiet: Duration.Input; readonly latest?: Duration.Input | undefined } | undefined
  /** After so many failures in a row nothing starts a run until `reset`. */
  readonly trip?: number | undefined
  /** Names the span of each run, instead of `scheduler.flow`, and gives it attributes. */
  readonly span?: { readonly name: string; readonly attributes?: Record<string, unknown> | undefined } | undefined
}

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
  /** Interrupts the run, and waits for its finalizers. One that waits is dropped, and one that has ended stays as it is. */
  readonly cancel: Effect.Effect<void>
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
  /** It was waiting when it was cancelled. */
  | "cancelled"

/**
 * The state of a flow: runs in flight first, then what keeps it from running.
 *
 * @category models
 * @since 0.1.0
 */
export type State = "running" | "tripped" | "paused" | "completed" | "backoff" | "idle"

/**
 * The counters of a batch. They are found in the result of a job that has the `status` of a concurrent run.
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
  /** Ticks that passed unseen and were not caught up; of a cron flow no more than 1,000 in a row are counted. */
  readonly missed: number
  /** Ticks with which another scheduler of the journal has dealt; 0 without a journal. */
  readonly elsewhere: number
  /** Failures in a row. */
  readonly streak: number
  /** `pause` holds its ticks until `resume`. */
  readonly paused: boolean
  /** Nothing starts a run until `reset`, because `trip` runs in a row have failed. */
  readonly tripped: boolean
  /** When the latest run was started. */
  readonly lastStart: DateTime.Utc | undefined
  /** When the latest run ended. */
  readonly lastEnd: DateTime.Utc | undefined
  /** How the latest run ended. */
  readonly lastOutcome: Outcome | undefined
  /** The cause of the latest failure. */
  readonly lastFailure: Cause.Cause<unknown> | undefined
  /** The counters of the batch, if the latest success was a concurrent run. */
  readonly lastCounters: Counters | undefined
  /** When the next run is due, as things stand. */
  readonly nextRun: DateTime.Utc | undefined
  /** Why the journal of the scheduler cannot be used at present: all ticks are held. */
  readonly journalFailure: JournalFailure | undefined
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
  /** `count` ticks passed unseen and are not caught up. Of a cron flow no more than 1,000 in a row are counted. */
  Missed: {
    readonly at: DateTime.Utc
    readonly flow: string
    /** The first tick that is not run. */
    readonly from: DateTime.Utc
    readonly count: number
  }
  /** Another scheduler of the journal has dealt with `count` ticks. Of a cron flow no more than 1,000 in a row are counted. */
  TakenElsewhere: {
    readonly at: DateTime.Utc
    readonly flow: string
    /** The first of the ticks. */
    readonly from: DateTime.Utc
    readonly count: number
  }
  /** With a journal also by another scheduler, or before the start. `Resumed`, `Tripped` and `Reset` too. */
  Paused: { readonly at: DateTime.Utc; readonly flow: string }
  Resumed: { readonly at: DateTime.Utc; readonly flow: string }
  /** After failures in a row no tick starts a run until then. */
  BackedOff: { readonly at: DateTime.Utc; readonly flow: string; readonly until: DateTime.Utc; readonly streak: number }
  /** After so many failures in a row nothing starts a run until `reset`. */
  Tripped: { readonly at: DateTime.Utc; readonly flow: string; readonly streak: number }
  Reset: { readonly at: DateTime.Utc; readonly flow: string }
  /** No tick will come any more. */
  Completed: { readonly at: DateTime.Utc; readonly flow: string }
  /** The journal cannot be reached. The ticks are held until it is back, and are then late, or missed. */
  JournalAway: { readonly at: DateTime.Utc; readonly reason: FailureReason }
  JournalBack: { readonly at: DateTime.Utc }
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
 * A run that is in flight, however it was started.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunInFlight extends RunId {
  /** The tick, or the time of the call. */
  readonly due: DateTime.Utc
  readonly by: Tick["by"]
  readonly startedAt: DateTime.Utc
  /** Interrupts the run, and waits for its finalizers. One that has ended stays as it is. */
  readonly cancel: Effect.Effect<void>
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
 * The answer of `explain` about an instant.
 *
 * **Details**
 *
 * - `NotDue`: no tick at this instant; `next` is the next one after it.
 * - `Ran`, `Running`: the tick started a run. The run is named if it is in flight, or the latest.
 * - `Waiting`: it starts a run when the one in flight has ended.
 * - `WillRun`: it lies ahead and starts a run, as things stand. Whether a run is still in flight then is not known.
 * - `Skipped`, `WillBeSkipped`: it did not, or will not, start a run.
 * - `Missed`: it passed unseen and was not caught up.
 * - `TakenElsewhere`: another scheduler of the journal has dealt with it.
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
    | "TakenElsewhere"
    | "Unknown"
  readonly reason?: SkipReason | "ended" | "notStarted" | undefined
  readonly run?: number | undefined
  readonly next?: DateTime.Utc | undefined
  /** The same in words, such as "skipped: overlap with run 17". */
  readonly message: string
}

/**
 * How a scheduler is made.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchedulerOptions<HasJournal extends boolean = false> {
  /** How long runs in flight may take when the scheduler is stopped; default 30 seconds. In tests 0. */
  readonly grace?: Duration.Input | undefined
  /** How many events each reader of `changes` may fall behind before it loses the oldest; default 1,024. */
  readonly buffer?: number | undefined
  /**
   * With `true` the scheduler needs a {@link Journal}, and remembers there of each flow the ticks it has dealt with, a
   * pause, the number of runs, failures in a row and a trip. Default: `false`, it forgets them with the process.
   */
  readonly journal?: HasJournal | undefined
}

/**
 * @since 0.1.0
 */
export declare namespace SchedulerOptions {
  /**
   * The services that a scheduler needs.
   *
   * @category models
   * @since 0.1.0
   */
  export type Services<HasJournal extends boolean> = true extends HasJournal ? Journal : never
}

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

export {
  AlreadyRunning,
  DuplicateFlow,
  InvalidCron,
  InvalidFlow,
  NotRunning,
  RunTimeout,
  TriggerRefused,
  UnknownFlow
} from "./SchedulerError.ts"

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/**
 * Runs flows when they are due. Where a flow is wanted, its id or its flow value is given.
 *
 * @category services
 * @since 0.1.0
 */
export class Scheduler extends Context.Service<
  Scheduler,
  {
    /**
     * Registers a flow, made by {@link flow} or from its parts, and gives it back. In a running scheduler it is scheduled at
     * once. The job is an Effect, or a function from its {@link Tick} to one; it is given the services of the caller.
     */
    readonly add: {
      <A, E, R>(flow: Flow<A, E, R>): Effect.Effect<Flow<A, E, R>, DuplicateFlow | InvalidFlow | InvalidCron, R>
      <
        T extends Trigger.Trigger<any>,
        Job extends
          | Effect.Effect<unknown, unknown, unknown>
          | ((tick: Tick) => Effect.Effect<unknown, unknown, unknown>),
        Timeout extends Duration.Input | undefined = undefined
      >(
        id: string,
        trigger: T,
        job: Job,
        options?: Options<Timeout>
      ): Effect.Effect<
        Flow<
          Value<OutputOf<Job>>,
          Failure<OutputOf<Job>> | Flow.TimeoutError<Timeout>,
          Services<OutputOf<Job>> | Trigger.Trigger.Services<T>
        >,
        DuplicateFlow | InvalidFlow | InvalidCron,
        Services<OutputOf<Job>> | Trigger.Trigger.Services<T>
      >
    }
    /** Schedules all flows. A scheduler that was stopped can be started again. */
    readonly start: Effect.Effect<void, AlreadyRunning>
    /**
     * Starts nothing more, waits for the runs in flight, interrupts those that take longer than `grace`, waits for their
     * finalizers, and names them. If it is stopped, nothing happens, and nobody is named; if it is stopping, it is waited
     * for, and the shorter grace counts.
     *
     * A job that stops its own scheduler should fork the stop with `Effect.forkDetach`: the stop waits for the job, and what
     * `Effect.forkChild` has forked dies with it.
     *
     * A run that cannot be interrupted (`Effect.uninterruptible`, or a finalizer that hangs) is waited for, however long it
     * takes beyond the grace: bound the work inside of it. Under `Main.run` of effect-cano-node a second signal ends the process at once.
     */
    readonly stop: (options?: { readonly grace?: Duration.Input | undefined }) => Effect.Effect<StopReport>
    /**
     * Runs a flow now, whatever its trigger, a pause or a backoff say. Its overlap policy, a trip and `maxRuns` count. A flow
     * value gives a run with the types of its job; an id gives a run of unknown types.
     */
    readonly trigger: {
      <A, E, R>(flow: Flow<A, E, R>): Effect.Effect<Run<A, E>, UnknownFlow | NotRunning | TriggerRefused>
      (id: string): Effect.Effect<Run<unknown, unknown>, UnknownFlow | NotRunning | TriggerRefused>
    }
    /** Keeps a flow from starting by its trigger. Runs in flight go on, and a tick that waits is dropped. */
    readonly pause: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
    /** Ends a pause. The grid of the flow has stayed. */
    readonly resume: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
    /** Interrupts the runs of a flow, waits for their finalizers, and forgets it. */
    readonly remove: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
    /** Ends a trip, a backoff and the count of failures in a row. */
    readonly reset: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
    /** Tells where a flow stands. */
    readonly status: (flow: string | Flow.Any) => Effect.Effect<Status, UnknownFlow>
    /** The runs of a flow that are in flight, in the order in which they were started. Each can be cancelled by itself. */
    readonly running: (flow: string | Flow.Any) => Effect.Effect<ReadonlyArray<RunInFlight>, UnknownFlow>
    /** Where all flows stand, in the order in which they were added. */
    readonly list: Effect.Effect<ReadonlyArray<Status>>
    /**
     * Tells when the next `n` runs are due as things stand: none while paused or tripped. While the scheduler is stopped, as
     * if it were started now. With more than 10,000 it dies with a `ConfigurationError`. A long search lets others run in between. Of `Trigger.schedule` it knows one.
     */
    readonly preview: (flow: string | Flow.Any, n: number) => Effect.Effect<ReadonlyArray<DateTime.Utc>, UnknownFlow>
    /** Tells what became, or will become, of a tick at an instant. */
    readonly explain: (
      flow: string | Flow.Any,
      instant: DateTime.DateTime.Input
    ) => Effect.Effect<Explanation, UnknownFlow>
    /** The events from the moment that it is run, until the scheduler is closed. */
    readonly changes: Stream.Stream<Event>
    /** Whether it was started, and not stopped since. */
    readonly isRunning: Effect.Effect<boolean>
  }
>()("effect-cano/Scheduler") {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Describes a flow without adding it: for {@link layerFlows}, and for ids that are declared once.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as DateTime from "effect/DateTime"
 * import * as Effect from "effect/Effect"
 *
 * const sync = Scheduler.flow("sync", Trigger.every("5 minutes"), Effect.succeed("done"), { trip: 5 })
 *
 * // a job may be a function of the tick that it runs for
 * const report = Scheduler.flow("report", Trigger.cron("0 2 * * *"), ({ due }) => Console.log(DateTime.formatIso(due)), {
 *   missed: { all: "2 days" }
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const flow: <
  T extends Trigger.Trigger<any>,
  Job extends Effect.Effect<unknown, unknown, unknown> | ((tick: Tick) => Effect.Effect<unknown, unknown, unknown>),
  Timeout extends Duration.Input | undefined = undefined
>(
  id: string,
  trigger: T,
  job: Job,
  options?: Options<Timeout>
) => Flow<
  Value<OutputOf<Job>>,
  Failure<OutputOf<Job>> | Flow.TimeoutError<Timeout>,
  Services<OutputOf<Job>> | Trigger.Trigger.Services<T>
> = makeFlow

/**
 * Makes a scheduler, which is not started. With the option `journal` it needs a {@link Journal}. When the scope is closed it is stopped, and what was interrupted is logged.
 *
 * Dies with a `ConfigurationError` if an option makes no sense.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const HasJournal extends boolean = false>(
  options?: SchedulerOptions<HasJournal>
): Effect.Effect<Scheduler["Service"], never, Scope.Scope | SchedulerOptions.Services<HasJournal>> =>
  Effect.gen(function* () {
    const settings = Operations.settingsOf(options)
    const { buffer, grace } = settings
    const journal = settings.journal ? yield* Journal : undefined
    const fibers = yield* FiberSet.make<any, any>()
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const engine = new Engine({ clock, context, fibers, buffer, journal })
    yield* Effect.addFinalizer(() => closeGracefully(engine, grace))
    return Operations.make(engine, grace)
  }) as Effect.Effect<Scheduler["Service"], never, any>

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * A layer with a scheduler that is not started.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <const HasJournal extends boolean = false>(
  options?: SchedulerOptions<HasJournal>
): Layer.Layer<Scheduler, never, SchedulerOptions.Services<HasJournal>> => Layer.effect(Scheduler, make(options)) as any

/**
 * A layer with a scheduler that has these flows and is started. Its jobs may use the scheduler itself.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Layer from "effect/Layer"
 *
 * const schedules = Scheduler.layerFlows([
 *   Scheduler.flow("heartbeat", Trigger.every("30 seconds"), Console.log("alive")),
 *   Scheduler.flow("report", Trigger.cron("0 9 * * *", { timeZone: "Europe/Berlin" }), Console.log("good morning"))
 * ])
 *
 * // never ends: give it to `Main.run` of effect-cano-node, or to `NodeRuntime.runMain`
 * const main = Layer.launch(schedules)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFlows = <const Flows extends ReadonlyArray<Flow.Any>, const HasJournal extends boolean = false>(
  flows: Flows,
  options?: SchedulerOptions<HasJournal>
): Layer.Layer<
  Scheduler,
  DuplicateFlow | InvalidFlow | InvalidCron,
  Exclude<Flow.Services<Flows[number]>, Scheduler | Scope.Scope> | SchedulerOptions.Services<HasJournal>
> =>
  Layer.effect(
    Scheduler,
    Effect.gen(function* () {
      refuse("Scheduler", isIterable("what Scheduler.layerFlows was given", flows))
      const scheduler = yield* make(options)
      const addAll = Effect.forEach(flows, (flow) => scheduler.add(flow), { discard: true })
      yield* Effect.provideService(addAll, Scheduler, scheduler)
      yield* Effect.orDie(scheduler.start)
      return scheduler
    })
  ) as any

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const closeGracefully = (engine: Engine, grace: Duration.Duration): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { inFlight } = engine
    if (inFlight.length > 0) {
      const flows = named(inFlight)
      yield* Effect.logInfo(`Scheduler is stopping; up to ${Duration.format(grace)} are left for ${flows}`)
    }
    const { interrupted } = yield* engine.stop(grace)
    if (interrupted.length > 0) yield* Effect.logWarning(`Scheduler has interrupted ${named(interrupted)}`)
    yield* engine.close()
  })

const named = (runs: ReadonlyArray<{ readonly flow: string; readonly run: number }>): string => {
  const shown = runs.slice(0, 20).map(({ flow, run }) => `"${flow}" (run ${run})`)
  return `${shown.join(", ")}${runs.length > 20 ? ` and ${runs.length - 20} more` : ""}`
}
