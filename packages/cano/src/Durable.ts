/**
 * Durable runs: the same workflows, on a journal, so that a run survives the crash of its process.
 *
 * Each transition is a row of a {@link Journal}: the next state, what changed in the store, the signals that were taken.
 * A run that is interrupted by a crash goes on from its latest row, in this process or in another one.
 *
 * - **D1** A state's row is written before its task starts. A run never gets ahead of its journal.
 * - **D2** States that were left never run again. The state in flight runs at least once: again after a crash.
 *   {@link Run} gives its task a key that is the same each time.
 * - **D3** A run has one owner. Whatever another process believes, its rows are refused, and it stops.
 * - **D4** A dead process's runs are taken over within `staleAfter` and `poll`. A process that cannot reach the journal
 *   stops its runs within `staleAfter`.
 * - **D5** A run that waits, by `Task.sleep`, `Task.awaitSignal` or a retry delay above one second, costs a row and no
 *   fiber. It goes on when it is due, never early.
 * - **D6** A signal is taken once, and wakes its run.
 * - **D7** A worker runs only versions of workflows that it knows. Runs of other versions wait for a worker that does.
 * - **D8** Bad data, or a task that kills its process, ends that run as `failed`, and no other.
 * - **D9** When a worker's layer closes, states get the time of `drain` to end. Their runs are free for other workers
 *   at once; a stopped state runs again there.
 *
 * Not promised: that the effects of a state in flight happen once. Give {@link Run}'s key to whom you call, look before
 * you act, or make the state transactional.
 *
 * @example
 * ```ts
 * import { Durable, Journal, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const worker = Durable.register(order).pipe(
 *   Layer.provideMerge(Durable.layer({ concurrency: 50 })),
 *   Layer.provide(Journal.layerMemory)
 * )
 *
 * // starts the run, or joins the one that has the id, and waits for its exit
 * const program = Durable.run(order, { runId: "order-1042" }).pipe(Effect.provide(worker))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type {
  Corrupt,
  InvalidRun,
  JournalFailure,
  NotEncodable,
  RunCancelled,
  RunEnded,
  RunFailed,
  RunMismatch,
  TooLarge,
  UnknownRun,
  UnknownStep
} from "./DurableError.ts"
import type * as Concurrent from "./Concurrent.ts"
import { type Instance, runBatch } from "./internal/durable/batch.ts"
import * as current from "./internal/durable/current.ts"
import { Engine } from "./internal/durable/engine.ts"
import { type DurableJob, DurableJobKey, IsStopping, runIdOf } from "./internal/durable/job.ts"
import {
  type Checks,
  expected,
  isCount,
  isDuration,
  isFunction,
  isIterable,
  isSpan,
  durationProblems,
  isNumber,
  isObject,
  nameProblems,
  optional,
  optionsProblems,
  refuse
} from "./internal/faults.ts"
import { machineOf } from "./internal/machine/machine.ts"
import { toEffect } from "./internal/machine/output.ts"
import { compiled } from "./internal/machine/task.ts"
import { transacted } from "./internal/run/outside.ts"
import * as Journal from "./Journal.ts"
import type * as Scheduler from "./Scheduler.ts"
import type * as Signal from "./Signal.ts"
import type { MemoryStore } from "./Store.ts"
import * as Task from "./Task.ts"
import { idsProblems } from "./internal/pool/result.ts"
import * as Wait from "./Wait.ts"
import type * as Workflow from "./Workflow.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The options of a worker.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerOptions {
  /** The runs that this process runs at once; a run that waits does not count. Default 100. */
  readonly concurrency?: number | undefined
  /** How long a worker may be silent before others take its runs. Default 15 seconds. */
  readonly staleAfter?: Duration.Input | undefined
  /** How often to look for runs that nobody told of. Default 1 second. */
  readonly poll?: Duration.Input | undefined
  /** How long states may take to end when the layer closes. Default 30 seconds. */
  readonly drain?: Duration.Input | undefined
  /** How many workers may die with a run, before it gets ahead, until it ends as `failed`. Default 3. */
  readonly maxCrashes?: number | undefined
  /** The machine, for lists of workers. Default: none. */
  readonly host?: string | undefined
  /** The version of the application, for lists of workers. Default: none. */
  readonly version?: string | undefined
  /** A label of this process in lists of workers. A random part is added, so two processes may share it. */
  readonly worker?: string | undefined
}

/**
 * The options of a registration.
 *
 * @category models
 * @since 0.1.0
 */
export interface RegisterOptions<State> {
  /**
   * Writes failures down so that other processes, and parents of child runs, can read them: a schema of one error or a
   * union of several. A failure that does not fit gives `RunFailed`, with its tag and text.
   */
  readonly errors?: Schema.Codec<any, any> | undefined
  /** How runs of older versions go on: see {@link migration}. */
  readonly migrations?: ReadonlyArray<Migration<State>> | undefined
}

/**
 * Turns the states of an older version of a workflow into states of this one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Migration<out State> {
  readonly from: Schema.Codec<any, any>
  readonly to: (old: never) => State
}

/**
 * The options of a start.
 *
 * @category models
 * @since 0.1.0
 */
export type StartOptions<State, Initial> = {
  /** 1 to 256 characters, without `~` and control characters. */
  readonly runId: string
  /** Found again by {@link list}: at most 16, of 256 characters. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Starts the run later. */
  readonly delay?: Duration.Input | undefined
} & ([] extends Workflow.Workflow.Start<State, Initial>
  ? { readonly state?: NoInfer<State> | undefined }
  : { readonly state: NoInfer<State> })

/**
 * A run, as lists show it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Info extends Omit<Journal.Head, "createdAt" | "updatedAt" | "endedAt" | "wakeAt" | "deadline"> {
  readonly createdAt: DateTime.Utc
  readonly updatedAt: DateTime.Utc
  readonly endedAt: DateTime.Utc | undefined
  /** When the run goes on, if it waits for a time. */
  readonly wakeAt: DateTime.Utc | undefined
  /** When the wait for a signal ends. */
  readonly deadline: DateTime.Utc | undefined
}

/**
 * The services that durable runs bring themselves, so that a registration does not ask for them.
 *
 * @category models
 * @since 0.1.0
 */
export type Provided = Run | MemoryStore | Signal.Signals

/**
 * What has changed between two versions of a workflow.
 *
 * @category models
 * @since 0.1.0
 */
export type Change =
  | {
      readonly _tag: "StateAdded" | "StateRemoved" | "PayloadChanged" | "ExitAdded" | "ExitRemoved"
      readonly state: string
    }
  | { readonly _tag: "EdgeAdded" | "EdgeRemoved" | "InitialChanged"; readonly from: string; readonly to: string }

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a migration from the schema of an older version.
 *
 * @example
 * ```ts
 * import { Durable } from "effect-cano"
 * import * as Schema from "effect/Schema"
 *
 * const Before = Schema.TaggedUnion({ Start: {}, Ship: { id: Schema.String } })
 * const Now = Schema.TaggedUnion({ Start: {}, Ship: { orderId: Schema.String } })
 *
 * const renamed = Durable.migration(Before, (old): typeof Now.Type =>
 *   old._tag === "Ship" ? { _tag: "Ship", orderId: old.id } : old
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const migration = <Old, I, State>(from: Schema.Codec<Old, I>, to: (old: Old) => State): Migration<State> => ({
  from,
  to
})

// -----------------------------------------------------------------------------
// services and layers
// -----------------------------------------------------------------------------

/**
 * The run that a task is part of.
 *
 * @category services
 * @since 0.1.0
 */
export interface Run {
  readonly id: string
  /** The states that the run has left. It is the same for all attempts of a state. */
  readonly sequence: number
  /** The attempt of the state, from 1. */
  readonly attempt: number
  /**
   * The key for the effects of the state, to give to whom they are made by: the id and the sequence. It is the same for
   * each attempt, and after a crash.
   */
  readonly key: string
}

/**
 * The run that a task is part of, as a service. A bare run that has a task which asks for it must provide one.
 *
 * @category services
 * @since 0.1.0
 */
export const Run: Context.Service<Run, Run> = current.Run as any

/**
 * Starts, awaits and looks at durable runs.
 *
 * @category services
 * @since 0.1.0
 */
export class Durable extends Context.Service<Durable, Engine>()("effect-cano/Durable") {}

/**
 * A worker: claims the runs of registered workflows, and runs them.
 *
 * Throws a `ConfigurationError` for options that make no sense.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: WorkerOptions = {}): Layer.Layer<Durable, JournalFailure, Journal.Journal> => {
  refuse("Durable.layer", optionsProblems("options", options, workerChecks))
  const {
    concurrency = 100,
    host = "",
    version = "",
    drain = "30 seconds",
    maxCrashes = 3,
    poll = "1 second",
    staleAfter = "15 seconds",
    worker = "worker"
  } = options
  return Layer.effect(
    Durable,
    Effect.flatMap(Journal.Journal, (journal) =>
      Engine.make(journal, {
        label: worker,
        host,
        version,
        concurrency,
        maxCrashes,
        drain: Duration.toMillis(drain),
        poll: Duration.toMillis(poll),
        staleAfter: Duration.toMillis(staleAfter)
      })
    )
  )
}

/**
 * Starts, awaits and looks at runs, and runs none itself: for a process beside the workers.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<Durable, JournalFailure, Journal.Journal> = Layer.effect(
  Durable,
  Effect.flatMap(Journal.Journal, (journal) => Engine.make(journal, undefined))
)

/**
 * Lets the worker of the context run a workflow. The services of its tasks are fixed here, once.
 *
 * Fails with a defect if another workflow of the same name is registered.
 *
 * @category layers
 * @since 0.1.0
 */
export const register = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: RegisterOptions<NoInfer<State>> = {}
): Layer.Layer<never, JournalFailure, Durable | Exclude<R, Provided>> => {
  machineOf(workflow)
  refuse("Durable.register", optionsProblems("options", options, registerChecks))
  return Layer.effectDiscard(
    Effect.gen(function* () {
      const engine = yield* Durable
      const context = yield* Effect.context<Exclude<R, Provided>>()
      yield* engine.register(workflow, context, options.errors, (options.migrations ?? []) as any)
    })
  )
}

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/** How a start can fail. */
type StartFailure = InvalidRun | RunMismatch | NotEncodable | TooLarge | JournalFailure

/** How the wait for an end can fail, besides with the failures of the workflow. */
type OutcomeFailure = RunFailed | RunCancelled | Corrupt | JournalFailure

/**
 * Writes a run down, for a worker to run: gives its id at once. A run that has the id already is joined.
 *
 * **Details**
 *
 * A run with the same id that was started with another workflow or state is a `RunMismatch`. The id is taken until the
 * run is removed.
 *
 * @category running
 * @since 0.1.0
 */
export const start = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: StartOptions<State, Initial>
): Effect.Effect<string, StartFailure, Durable> =>
  Durable.use((engine) => Effect.map(engine.start(workflow, options, false), ({ runId }) => runId))

/**
 * Starts a run, or joins the one that has the id, and waits for its exit. The run goes on if the caller is interrupted.
 *
 * **Details**
 *
 * The failures of the workflow come back as they were if `register` got a schema for them, and as `RunFailed`
 * otherwise. A defect is `RunFailed` as well.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: StartOptions<State, Initial>
): Effect.Effect<Exit, E | StartFailure | OutcomeFailure | UnknownRun, Durable> =>
  Durable.use((engine) =>
    Effect.flatMap(engine.start(workflow, options, true), ({ runId }) => engine.outcome(workflow, runId))
  ) as Effect.Effect<Exit, any, Durable>

/**
 * Waits for the exit of a run.
 *
 * @category running
 * @since 0.1.0
 */
export const awaitOutcome = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  runId: string
): Effect.Effect<Exit, E | UnknownRun | RunMismatch | OutcomeFailure, Durable> =>
  Durable.use((engine) => engine.outcome(workflow, runId)) as Effect.Effect<Exit, any, Durable>

/**
 * Sends a signal to a run, and wakes the run if it waits for the signal. A signal that comes before its wait is kept.
 *
 * **Details**
 *
 * `id` makes the signal idempotent: a second one with the id is a `Duplicate` and is not delivered. Without it, each
 * call is a new signal. Signals of a run that ends without taking them are counted in its `unreadSignals`.
 *
 * @category running
 * @since 0.1.0
 */
export const signal = <A>(
  runId: string,
  signal: Signal.Signal<A>,
  value: NoInfer<A>,
  options: { readonly id?: string | undefined } = {}
): Effect.Effect<
  "Accepted" | "Duplicate",
  UnknownRun | RunEnded | InvalidRun | NotEncodable | TooLarge | JournalFailure,
  Durable
> =>
  Durable.use((engine) => {
    refuse("Durable.signal", optionsProblems("options", options, signalChecks))
    return engine.signal(runId, signal, value, options.id)
  })

/**
 * Cancels a run: its state is interrupted, its compensations run, and it ends as `cancelled`.
 *
 * **Details**
 *
 * - `Cancelled`: the run has ended now. A run that waits, with nothing to compensate, ends at once.
 * - `Requested`: its worker will end it.
 * - `AlreadyEnded`: it had ended before.
 *
 * @category running
 * @since 0.1.0
 */
export const cancel = (
  runId: string
): Effect.Effect<Exclude<Journal.CancelAnswer, "UnknownRun">, UnknownRun | JournalFailure, Durable> =>
  Durable.use((engine) => engine.cancel(runId))

/**
 * Starts a new run from a step of another one: from the state that the step led to, with the store of that moment.
 * Signals, children, compensations and labels of the old run are not copied, and the new run has keys of its own.
 *
 * **Details**
 *
 * `sequence` is the number of a row of {@link history}; default is the latest row. The new run is of the workflow's
 * version of today: a state that does not fit it is `Corrupt`.
 *
 * @category running
 * @since 0.1.0
 */
export const restart = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: {
    readonly from: string
    readonly sequence?: number | undefined
    readonly runId: string
    readonly labels?: Readonly<Record<string, string>> | undefined
  }
): Effect.Effect<
  string,
  UnknownRun | UnknownStep | Corrupt | InvalidRun | RunMismatch | TooLarge | JournalFailure,
  Durable
> => Durable.use((engine) => Effect.map(engine.restart(workflow, options), ({ runId }) => runId))

/**
 * Keeps the result of an effect inside of a state: in a durable run, the effect is not run again once it has finished,
 * when the state is attempted again, in this process or after a crash. In a bare run the effect just runs.
 *
 * **Details**
 *
 * The result is a row of its own. `name` is unique within the state. The results are forgotten when the run leaves the
 * state. A result that does not fit the schema is a defect.
 *
 * @example
 * ```ts
 * import { Durable, Task } from "effect-cano"
 * import type * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * declare const ask: (model: string) => Effect.Effect<string>
 *
 * // a crash does not pay for an answer twice
 * const both = Task.fork({
 *   branches: {
 *     a: ask("a").pipe(Durable.checkpoint("a", Schema.String)),
 *     b: ask("b").pipe(Durable.checkpoint("b", Schema.String))
 *   },
 *   join: ({ a, b }) => ({ _tag: "Compare", answers: [a, b] })
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const checkpoint =
  <A>(name: string, schema: Schema.Codec<A, any>) =>
  <E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(current.Checkpoints, (keep) => keep(name, schema, effect))

/**
 * A transaction of a database that holds a journal: for packages that bring {@link transactional} for their database.
 *
 * @category models
 * @since 0.1.0
 */
export interface Transaction {
  /** Gives an effect the connection of the transaction. */
  readonly around: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, any>
  /** Writes a row in the transaction. */
  readonly append: Journal.Shape["append"]
  readonly commit: Effect.Effect<void, JournalFailure>
  readonly rollback: Effect.Effect<void>
}

/**
 * Runs each attempt of a task in a transaction, and commits the transaction together with the row of the run: what the
 * task did to the database happens exactly once. An attempt that fails is rolled back.
 *
 * **Details**
 *
 * Journals on a database bring their own form of it. `begin` cannot be interrupted, other than where it makes itself
 * interruptible: in its waits. In a bare run, and in a branch of a fork, the transaction is
 * committed when the task has ended. The retry policy of the task begins a new transaction for each attempt.
 *
 * @category combinators
 * @since 0.1.0
 */
export const transactional = <State, Next, E, R, E2, R2, Needs = never>(
  task: Task.Task<State, Next, E, R>,
  begin: Effect.Effect<Transaction, E2, R2>
): Task.Task<State, Next, E | E2 | JournalFailure, Exclude<R, Needs> | R2> => {
  const { child, fork, handler, name, retry, waitFor } = compiled(task)
  refuse("Durable.transactional", [
    ...(waitFor === undefined ? [] : ["the task waits, and a transaction must be short"]),
    ...(child === undefined ? [] : ["the task nests a workflow, which writes rows of its own"]),
    ...(fork === undefined ? [] : ["the task is a fork, whose branches would share the transaction"])
  ])
  const run = (state: unknown) =>
    transacted(
      begin,
      Effect.suspend(() => toEffect(handler(state)))
    )
  return Task.make({ name, retry, run: run as any }) as any
}

// -----------------------------------------------------------------------------
// many runs
// -----------------------------------------------------------------------------

/**
 * A job for a flow of a {@link Scheduler.Scheduler}: each tick starts a durable run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job<out A, out E> {
  (tick: Scheduler.Tick): Effect.Effect<A, E, Durable>
  readonly "~effect-cano/Durable/Job": unknown
}

/**
 * The options of a job.
 *
 * @category models
 * @since 0.1.0
 */
export type JobOptions<State, Initial, Waits extends boolean = true> = {
  /** Found again by {@link list}. The function is given the tick. */
  readonly labels?:
    | Readonly<Record<string, string>>
    | ((tick: Scheduler.Tick) => Readonly<Record<string, string>>)
    | undefined
  /**
   * Whether a run of the flow lasts until the durable run has ended, and ends as that does. Default: true. With `false`
   * it only starts the run, so the counters and the trip of the flow say nothing of how the run ends.
   */
  readonly wait?: Waits | undefined
} & ([] extends Workflow.Workflow.Start<State, Initial>
  ? { readonly state?: NoInfer<State | ((tick: Scheduler.Tick) => State)> | undefined }
  : { readonly state: NoInfer<State | ((tick: Scheduler.Tick) => State)> })

/**
 * Makes the job of a flow that starts a durable run for each tick. The run's id is `flow@time`, with the time of the
 * tick in ISO 8601, so a tick has one run, however many schedulers start it, and however often.
 *
 * **Details**
 *
 * - `state`: the start state, or a function of the tick that gives it. The same tick must give the same state. Optional
 *   where the workflow's initial state has no payload.
 * - In a scheduler with a journal, the tick is accepted and the run created in one step. That needs one journal for
 *   both. A tick is then neither lost nor run twice, whatever crashes.
 * - What interrupts the flow's run cancels the durable run, and waits for its end: `timeout`, `overlap:
 *   "cancelPrevious"`, `remove` and `cancel`. The stop of a scheduler does not: the durable run goes on.
 * - A run by hand has the id `flow@time#number`.
 *
 * @example
 * ```ts
 * import { Durable, Scheduler, Trigger, Workflow } from "effect-cano"
 * import * as DateTime from "effect/DateTime"
 *
 * declare const report: Workflow.Workflow<{ _tag: "Collect"; day: string } | { _tag: "Sent" }, { _tag: "Sent" }>
 *
 * const nightly = Scheduler.flow(
 *   "nightly report",
 *   Trigger.cron("0 2 * * *"),
 *   Durable.job(report, { state: ({ due }) => ({ _tag: "Collect", day: DateTime.formatIsoDateUtc(due) }) }),
 *   { missed: "once" }
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const job = <State, Exit, E, R, Initial, const Waits extends boolean = true>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  ...[options]: [] extends Workflow.Workflow.Start<State, Initial>
    ? [options?: JobOptions<State, Initial, Waits> | undefined]
    : [options: JobOptions<State, Initial, Waits>]
): Job<
  Waits extends true ? Exit : string,
  StartFailure | (Waits extends true ? E | OutcomeFailure | UnknownRun | RunMismatch : never)
> => {
  machineOf(workflow)
  refuse("Durable.job", options === undefined ? [] : optionsProblems("options", options, jobChecks))
  const { labels, state, wait = true } = (options ?? {}) as JobOptions<any, any, boolean>
  const startOf = (tick: Scheduler.Tick) => ({
    runId: runIdOf(tick),
    state: typeof state === "function" ? (state as (tick: Scheduler.Tick) => unknown)(tick) : state,
    labels: typeof labels === "function" ? labels(tick) : labels
  })
  const cancel = (runId: string) =>
    Durable.use((engine) => Effect.ignore(Effect.andThen(engine.cancel(runId), engine.ended(runId))))
  const follow = (tick: Scheduler.Tick): Effect.Effect<any, any, Durable> => {
    const runId = runIdOf(tick)
    if (!wait) return Effect.succeed(runId)
    const unlessStopping = Effect.flatMap(IsStopping, (isStopping) => (isStopping() ? Effect.void : cancel(runId)))
    return Effect.onInterrupt(awaitOutcome(workflow, runId), () => unlessStopping)
  }
  const parts: DurableJob = {
    journal: Durable.useSync(({ journal }) => journal),
    draft: (tick) => Durable.use((engine) => Effect.suspend(() => engine.draft(workflow, startOf(tick)))),
    follow,
    isLive: (runId) => Durable.use((engine) => engine.isLive(runId)),
    ended: (runId) => Durable.use((engine) => engine.ended(runId)),
    cancel
  }
  const call = (tick: Scheduler.Tick) =>
    Effect.andThen(
      Durable.use((engine) => Effect.suspend(() => engine.start(workflow, startOf(tick), true))),
      follow(tick)
    )
  return Object.assign(call, { [DurableJobKey]: parts } as const)
}

/**
 * One instance of a durable batch.
 *
 * @category models
 * @since 0.1.0
 */
export type BatchInstance<State, Initial> = {
  /** Names the instance in results and spans, and its run within the batch. */
  readonly id: string
  /** Found again by {@link list}, besides the label `batch`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
} & ([] extends Workflow.Workflow.Start<State, Initial>
  ? { readonly state?: NoInfer<State> | undefined }
  : { readonly state: NoInfer<State> })

/**
 * Runs many instances of one workflow as durable runs, and waits for them by a strategy: the durable form of
 * `Concurrent.workflow`, with the same results.
 *
 * **Details**
 *
 * - An instance is the run `batchId/id`, with the label `batch`. Called again, after a crash for one, the batch joins the
 *   runs that go on, gives the results of those that have ended, and starts those that are missing.
 * - `wait`: see `Wait`. Default: `Wait.all`. When the waiting is over, the runs that have not ended are cancelled and
 *   awaited, with their compensations. Instances that were not yet started stay away.
 * - `onProgress`, `span`: as in `Concurrent.run`. How many run at the same time is the worker's `concurrency`.
 * - A run that somebody has cancelled is `Cancelled`; under `Wait.all` it is `Failed`, with `RunCancelled`.
 * - Interrupting the call cancels no run. The call fails if the journal does; the runs go on, and a second call joins
 *   them.
 *
 * Throws a `ConfigurationError` for options that make no sense, or if two instances have the same id.
 *
 * @example
 * ```ts
 * import { Durable, Wait, Workflow } from "effect-cano"
 *
 * declare const convert: Workflow.Workflow<{ _tag: "Read"; file: string } | { _tag: "Done" }, { _tag: "Done" }, never, never, "Read">
 * declare const files: ReadonlyArray<string>
 *
 * const batch = Durable.batch(convert, {
 *   batchId: "import-2026-03-01",
 *   instances: files.map((file) => ({ id: file, state: { _tag: "Read", file } })),
 *   wait: Wait.quota(100)
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const batch = <State, Exit, E, R, Initial, W extends Wait.Wait = Wait.All>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: Omit<Concurrent.Options<W>, "concurrency"> & {
    readonly batchId: string
    readonly instances: Iterable<BatchInstance<State, Initial>>
  }
): Effect.Effect<
  Concurrent.Batch<
    Array<
      Concurrent.Result<Exit, E | Exclude<StartFailure | OutcomeFailure, InvalidRun | JournalFailure> | UnknownRun, W>
    >
  >,
  InvalidRun | JournalFailure,
  Durable
> => {
  machineOf(workflow)
  refuse("Durable.batch", optionsProblems("options", options, batchChecks))
  const { batchId, onProgress, span, wait } = options
  const instances: ReadonlyArray<Instance> = Array.from(options.instances)
  refuse("Durable.batch", instances.flatMap(instanceProblems))
  const ids = instances.map(({ id }) => id)
  refuse("Durable.batch", idsProblems(ids, ids.length))
  return Durable.use((engine) => runBatch(engine, workflow, instances, { batchId, onProgress, span, wait })) as any
}

// -----------------------------------------------------------------------------
// looking
// -----------------------------------------------------------------------------

/**
 * Lists runs, newest first, a page at a time.
 *
 * @category looking
 * @since 0.1.0
 */
export const list = (
  query: Omit<Journal.Query, "createdAfter" | "createdBefore"> & {
    readonly createdAfter?: DateTime.Utc | undefined
    readonly createdBefore?: DateTime.Utc | undefined
  } = {}
): Effect.Effect<{ readonly runs: ReadonlyArray<Info>; readonly next: string | undefined }, JournalFailure, Durable> =>
  Durable.use((engine) => {
    refuse("Durable.list", optionsProblems("the query", query, queryChecks))
    const { createdAfter, createdBefore } = query
    const page = engine.journal.list({
      ...query,
      createdAfter: createdAfter && DateTime.toEpochMillis(createdAfter),
      createdBefore: createdBefore && DateTime.toEpochMillis(createdBefore)
    })
    return Effect.map(page, ({ next, runs }) => ({ runs: runs.map(infoOf), next }))
  })

/**
 * Tells what has changed between the version of a run and the workflow as it is now: nothing, or what a migration has to
 * deal with. A run whose version no worker knows waits.
 *
 * @category looking
 * @since 0.1.0
 */
export const changes = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  runId: string
): Effect.Effect<ReadonlyArray<Change>, UnknownRun | RunMismatch | JournalFailure, Durable> =>
  Durable.use((engine) => engine.changes(workflow, runId))

/**
 * Looks at one run.
 *
 * @category looking
 * @since 0.1.0
 */
export const get = (runId: string): Effect.Effect<Info, UnknownRun | JournalFailure, Durable> =>
  Durable.use((engine) => Effect.map(engine.head(runId), infoOf))

/**
 * Reads the store of a run, as its latest row has it. Give it to `Store.get` and its like as the `MemoryStore`; what is
 * written to it stays in memory.
 *
 * @example
 * ```ts
 * import { Durable, Store } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Receipt = Store.key("receipt", Schema.String)
 *
 * const receipt = (runId: string) =>
 *   Store.get(Receipt).pipe(Effect.provideServiceEffect(Store.MemoryStore, Durable.store(runId)))
 * ```
 *
 * @category looking
 * @since 0.1.0
 */
export const store = (runId: string): Effect.Effect<MemoryStore["Service"], UnknownRun | JournalFailure, Durable> =>
  Durable.use((engine) => engine.store(runId))

/**
 * The rows of a run, oldest first. Payloads stay in the journal unless `payloads` is set.
 *
 * @category looking
 * @since 0.1.0
 */
export const history = (
  runId: string,
  options: { readonly payloads?: boolean | undefined } = {}
): Stream.Stream<Journal.Step, JournalFailure, Durable> =>
  Stream.unwrap(
    Durable.use((engine) => {
      refuse("Durable.history", optionsProblems("options", options, historyChecks))
      const page = (after: number) =>
        engine.journal.steps({ runId, after, limit: 100, payloads: options.payloads ?? false })
      return Effect.succeed(
        Stream.paginate(-1, (after) =>
          Effect.map(page(after), (steps) => {
            const last = steps.at(-1)
            const next = steps.length < 100 || last === undefined ? Option.none<number>() : Option.some(last.sequence)
            return [steps, next] as const
          })
        )
      )
    })
  )

/**
 * Removes ended runs with their histories and their children, and gives the number of removed runs.
 *
 * **Details**
 *
 * By age, a call removes at most `limit` runs (default 1,000): repeat it on a schedule until it gives 0. A removed id
 * is free again.
 *
 * @category looking
 * @since 0.1.0
 */
export const remove = (
  what:
    | { readonly runIds: ReadonlyArray<string> }
    | {
        readonly workflow?: string | undefined
        readonly status: ReadonlyArray<"done" | "failed" | "cancelled">
        readonly endedFor: Duration.Input
        readonly limit?: number | undefined
      }
): Effect.Effect<number, JournalFailure, Durable> =>
  Durable.use(({ journal }) => {
    refuse("Durable.remove", removalProblems(what))
    return journal.remove(
      "runIds" in what ? what : { ...what, endedFor: Duration.toMillis(what.endedFor), limit: what.limit ?? 1000 }
    )
  })

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const infoOf = (head: Journal.Head): Info => ({
  ...head,
  createdAt: DateTime.makeUnsafe(head.createdAt),
  updatedAt: DateTime.makeUnsafe(head.updatedAt),
  endedAt: timeOf(head.endedAt),
  wakeAt: timeOf(head.wakeAt),
  deadline: timeOf(head.deadline)
})

const timeOf = (millis: number | undefined): DateTime.Utc | undefined =>
  millis === undefined ? undefined : DateTime.makeUnsafe(millis)

const removalProblems = (what: unknown): ReadonlyArray<string> => {
  const problems = isObject("the selection", what)
  if (problems.length > 0 || "runIds" in (what as object)) return problems
  return durationProblems("endedFor", (what as { readonly endedFor?: unknown }).endedFor, "from 0")
}

const anyValue = () => []
const isList = expected("a list", Array.isArray)
const isTime = optional(expected("a DateTime", DateTime.isDateTime))

const signalChecks: Checks<{ readonly id?: string | undefined }> = { id: anyValue }
const historyChecks: Checks<{ readonly payloads?: boolean | undefined }> = {
  payloads: optional(expected("a boolean", (value) => typeof value === "boolean"))
}
const queryChecks: Checks<Journal.Query> = {
  workflow: anyValue,
  fingerprint: anyValue,
  status: optional(isList),
  tag: anyValue,
  errorTag: anyValue,
  labels: optional(isObject),
  parent: anyValue,
  createdAfter: isTime,
  createdBefore: isTime,
  limit: optional(isNumber(1, 1000)),
  after: anyValue
}

const workerChecks: Checks<WorkerOptions> = {
  concurrency: optional(isCount(1)),
  staleAfter: optional(isDuration("above 0")),
  poll: optional(isDuration("above 0")),
  drain: optional(isDuration("from 0")),
  maxCrashes: optional(isCount(0)),
  worker: optional(nameProblems),
  host: optional(nameProblems),
  version: optional(nameProblems)
}

const jobChecks: Checks<JobOptions<any, any, boolean>> = {
  state: () => [],
  labels: () => [],
  wait: optional(expected("true or false", (wait) => typeof wait === "boolean"))
}

const batchChecks = {
  batchId: (what: string, batchId: unknown) => nameProblems(what, batchId),
  instances: isIterable,
  wait: optional(expected("a strategy of the module Wait", Wait.isWait)),
  onProgress: optional(isFunction),
  span: optional(isSpan)
}

const instanceProblems = (instance: unknown, index: number): ReadonlyArray<string> =>
  optionsProblems<Instance>(`instance ${index}`, instance, {
    id: (_, id) => nameProblems(`the id of instance ${index}`, id),
    labels: () => [],
    state: () => []
  })

const registerChecks: Checks<RegisterOptions<any>> = {
  errors: optional(expected("a Schema", Schema.isSchema)),
  migrations: optional(isList)
}
