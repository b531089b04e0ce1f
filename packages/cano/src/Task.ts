/**
 * A task is the unit of work of a state: an Effect that succeeds with the next state, and what the engine should know
 * about running it.
 *
 * A workflow accepts a bare Effect, a function or a generator function wherever it accepts a task; make one to add a
 * name, a retry policy or a timeout.
 *
 * 1. `retry` re-runs the task after a **typed failure** only; a defect or an interruption passes at once.
 * 2. When the policy gives up, the last error surfaces as it is.
 * 3. Nothing is retried unless asked for. (Cano's default was four attempts.)
 * 4. `attemptTimeout` bounds each attempt, not their sum. It fails with {@link AttemptTimeout}, which is retried like any
 *    failure.
 *
 * @example
 * ```ts
 * import { Retry, Task } from "effect-cano"
 * import * as Data from "effect/Data"
 * import type * as Effect from "effect/Effect"
 *
 * class ApiDown extends Data.TaggedError("ApiDown")<{}> {}
 * declare const callApi: Effect.Effect<void, ApiDown>
 *
 * const notify = Task.make({
 *   name: "notify",
 *   retry: Retry.exponential(3),
 *   attemptTimeout: "5 seconds",
 *   run: function* () {
 *     yield* callApi
 *     return "Done"
 *   }
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Schedule from "effect/Schedule"
import type { Contravariant, Covariant } from "effect/Types"
import type { Failed } from "./Concurrent.ts"
import {
  attemptChecks,
  type Check,
  type Checks,
  expected,
  isConcurrency,
  isDuration,
  isFunction,
  isGiven,
  limitOf,
  optional,
  optionsProblems,
  refuse,
  subjectOf
} from "./internal/faults.ts"
import { fromUnknown, type Handler } from "./internal/machine/output.ts"
import { label } from "./internal/machine/policyLabel.ts"
import type { KeepLiteral } from "./internal/machine/state.ts"
import type { Failure, Given, Output, OutputOf, Services } from "./internal/inference.ts"
import {
  compiled,
  type CompiledTask,
  composite,
  compositeOf,
  type Fork,
  isTask as isTaskValue,
  type PartsHandler,
  TypeId,
  type Child,
  type WaitFor,
  withTimeout
} from "./internal/machine/task.ts"
import {
  type Branches,
  branchesProblems,
  detailsOf,
  type BranchesState,
  type BranchServices,
  type ForkFailure,
  type ForkPlan,
  type Joined,
  runFork,
  type StartableBranches,
  type Strategy
} from "./internal/pool/fork.ts"
import { attempts } from "./internal/run/recovery.ts"
import { waiting } from "./internal/run/waiting.ts"
import { isSignal, type Signal, type Signals, SignalTimeout } from "./Signal.ts"
import * as Wait from "./Wait.ts"

/**
 * Work that takes a `State`, succeeds with the `Next` state, may fail with `E` and needs the services `R`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Task<in State, out Next, out E = never, out R = never> extends Pipeable {
  readonly [TypeId]: {
    readonly _State: Contravariant<State>
    readonly _Next: Covariant<Next>
    readonly _E: Covariant<E>
    readonly _R: Covariant<R>
  }
  /** Names the task in spans and errors. */
  readonly name: string | undefined
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
}

/**
 * @since 0.1.0
 */
export declare namespace Task {
  /**
   * A task of any type.
   *
   * @category models
   * @since 0.1.0
   */
  export type Any = Task<never, unknown, unknown, unknown>
}

/**
 * Fails an attempt that took longer than its `attemptTimeout`.
 *
 * @category errors
 * @since 0.1.0
 */
export class AttemptTimeout extends Data.TaggedError("AttemptTimeout")<{
  /** The name of the task, if it has one. */
  readonly task: string | undefined
  readonly timeout: Duration.Duration
}> {
  override get message(): string {
    return `An attempt of ${this.task === undefined ? "a task" : `task "${this.task}"`} took longer than ${Duration.format(this.timeout)}`
  }
}

/**
 * Checks whether a value is a task.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTask: (u: unknown) => u is Task.Any = isTaskValue

/**
 * Makes a task out of an Effect, a function of the state, a generator function of the state, or a pure function.
 *
 * **Details**
 *
 * - `run`: the work. TypeScript keeps the literal types of what a generator function or a pure function returns; an
 *   Effect made outside of a workflow (`Effect.gen`, `Effect.as`) widens them to `string`. A task under `run` gets another
 *   `name`, and stays the same otherwise: it has its own retry policy and timeout, so none may stand beside it.
 * - `retry`: any `Schedule`; see `Retry` for named ones. Default: no retry. Inside an attempt,
 *   `Schedule.CurrentMetadata` tells which retry it is (0 on the first attempt).
 * - `attemptTimeout`: how long each attempt may take. Default: no bound.
 * - `name`: shown in spans and in {@link AttemptTimeout}; 1 to 256 characters.
 *
 * Throws a `ConfigurationError` for an empty or over-long name and for a timeout that is not above 0.
 *
 * @example
 * ```ts
 * import { Retry, Task } from "effect-cano"
 * import type * as Effect from "effect/Effect"
 *
 * declare const fetchOrder: (id: number) => Effect.Effect<{ readonly lines: number }, Error>
 *
 * const load = Task.make({
 *   retry: Retry.fixed(2, "1 second"),
 *   run: function* ({ id }: { readonly id: number }) {
 *     const order = yield* fetchOrder(id)
 *     return order.lines > 0 ? "Validate" : "Failed"
 *   }
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    Run extends Output<Next>,
    Work,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<Failure<OutputOf<Work>>, RetryError, RetryServices, Timeout> & {
      readonly run: Run | ((state: State) => Run)
    } & { readonly run: Work }
  ): Task<
    State,
    // Always the first branch; the second lets TypeScript infer from where the task is used, which keeps literals.
    [Run] extends [Output<any>] ? Given<OutputOf<Work>> : Next | Run,
    Failure<OutputOf<Work>> | TimeoutError<Timeout> | NoInfer<RetryError>,
    Services<OutputOf<Work>> | NoInfer<RetryServices>
  >
  <State, Next, E, R>(options: {
    readonly name?: string | undefined
    readonly run: Task<State, Next, E, R>
    readonly retry?: never
    readonly attemptTimeout?: never
  }): Task<State, Next, E, R>
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Run extends Output<Next>,
    Work,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<Failure<OutputOf<Work>>, RetryError, RetryServices, Timeout> & {
      readonly run: Run | ((state: State) => Run)
    } & { readonly run: Work }
  ): Task<
    State,
    // Always the first branch; the second lets TypeScript infer from where the task is used, which keeps literals.
    [Run] extends [Output<any>] ? Given<OutputOf<Work>> : Next | Run,
    Failure<OutputOf<Work>> | TimeoutError<Timeout> | NoInfer<RetryError>,
    Services<OutputOf<Work>> | NoInfer<RetryServices>
  >
} = (options: AnyOptions): Task<any, any, any, any> => {
  refuse(
    subjectOf("Task", options?.name, "Task.make"),
    optionsProblems("what Task.make was given", options, isTask(options?.run) ? namingChecks : taskChecks)
  )
  return new TaskImpl(isTask(options.run) ? renamed(options.run, options.name) : options) as unknown as Task<
    any,
    any,
    any,
    any
  >
}

/** Makes a task that waits for a time. The pair of signatures keeps literals, as that of {@link make} does. */
interface Sleeping<Time> {
  <
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    Run extends Output<Next>,
    const Work,
    State = unknown
  >(
    time: Time | ((state: State) => Time),
    next: (Run | ((state: State) => Run)) & Work
  ): Task<
    State,
    [Run] extends [Output<any>] ? Given<OutputOf<Work>> : Next | Run,
    Failure<OutputOf<Work>>,
    Services<OutputOf<Work>>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Run extends Output<Next>,
    const Work,
    State = unknown
  >(
    time: Time | ((state: State) => Time),
    next: (Run | ((state: State) => Run)) & Work
  ): Task<
    State,
    [Run] extends [Output<any>] ? Given<OutputOf<Work>> : Next | Run,
    Failure<OutputOf<Work>>,
    Services<OutputOf<Work>>
  >
}

/**
 * Makes a task that waits for a time, and then gives the next state.
 *
 * **Details**
 *
 * - `duration`: the time to wait, finite and from 0, or a function of the state that gives it.
 * - `next`: the next state, or a function of the state that gives it, or an Effect of it.
 *
 * The wait is never early, and may be longer than a month. A bare run waits in its fiber. A durable run writes down when it
 * goes on, and keeps no fiber. A wait has neither a retry policy nor a timeout; to give it a name, use {@link make}.
 *
 * Throws a `ConfigurationError` for a duration that is no duration, negative or infinite. A function that gives such a
 * duration ends the run with that error as a defect.
 *
 * @example
 * ```ts
 * import { Task } from "effect-cano"
 *
 * const coolDown = Task.sleep("1 day", "Retry")
 * ```
 *
 * @category waiting
 * @since 0.1.0
 */
export const sleep: Sleeping<Duration.Input> = sleeping(
  "Task.sleep",
  "duration",
  isDuration("from 0"),
  formatDuration,
  later
)

/**
 * Makes a task that waits until an instant, and then gives the next state. An instant in the past is no wait.
 *
 * **Details**
 *
 * - `instant`: a `DateTime`, or a function of the state that gives it.
 * - `next`: as in {@link sleep}.
 *
 * A clock that is set back makes the wait longer, one that is set forward is noticed when the wait ends.
 *
 * @example
 * ```ts
 * import { Task } from "effect-cano"
 * import type * as DateTime from "effect/DateTime"
 *
 * const untilDue = Task.sleepUntil(({ due }: { readonly due: DateTime.Utc }) => due, "Remind")
 * ```
 *
 * @category waiting
 * @since 0.1.0
 */
export const sleepUntil: Sleeping<DateTime.Utc> = sleeping(
  "Task.sleepUntil",
  "instant",
  expected("a DateTime", DateTime.isDateTime),
  DateTime.formatIso,
  (_, instant) => DateTime.toEpochMillis(instant)
)

/**
 * Makes a task that waits for a value of a signal, and then gives the next state.
 *
 * **Details**
 *
 * - `signal`: see the module `Signal`. In a bare run the value comes from the service `Signal.Signals`.
 * - `onValue`: gives the next state from the value and the state, as a plain value, as an Effect or as a generator function.
 * - `timeout`: how long to wait, finite and from 0, or a function of the state that gives it. Default: no bound.
 * - `onTimeout`: the next state after the timeout, or a function of the state that gives it, or an Effect of it. Without it
 *   the task fails with `Signal.SignalTimeout`, which a `catch` can route.
 *
 * A value that is there at the deadline wins. The value is taken when `onValue` is called: what `onValue` then does with it
 * may fail like any work, and the value is not put back. A wait has no retry policy, which would take a second value. Put a
 * retry on the Effect that `onValue` gives.
 *
 * The task dies with a `Signal.SignalMismatch` if the value has another type than the signal.
 *
 * @example
 * ```ts
 * import { Signal, Task } from "effect-cano"
 * import * as Schema from "effect/Schema"
 *
 * const Approval = Signal.make("approval", Schema.Struct({ isGranted: Schema.Boolean }))
 *
 * const approval = Task.awaitSignal(Approval, ({ isGranted }) => (isGranted ? "Ship" : "Refused"), {
 *   timeout: "3 days",
 *   onTimeout: "Expired"
 * })
 * ```
 *
 * @category waiting
 * @since 0.1.0
 */
export const awaitSignal: {
  <
    A,
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    Taken extends Output<Next>,
    const Taker,
    Late extends Output<Next> = never,
    const LateComer = unknown,
    const Timeout = unknown,
    State = unknown
  >(
    signal: Signal<A>,
    onValue: ((value: A, state: State) => Taken) & Taker,
    options?: {
      readonly timeout: Duration.Input | ((state: State) => Duration.Input)
      readonly onTimeout?: Late | ((state: State) => Late) | undefined
    } & { readonly timeout: Timeout; readonly onTimeout?: LateComer | undefined }
  ): Task<
    State,
    [Taken | Late] extends [Output<any>] ? Given<OutputOf<Taker> | OutputIf<LateComer>> : Next | Taken | Late,
    Failure<OutputOf<Taker>> | TimeoutFailure<Timeout, LateComer>,
    Services<OutputOf<Taker>> | Services<OutputIf<LateComer>> | Signals
  >
  <
    A,
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Taken extends Output<Next>,
    const Taker,
    Late extends Output<Next> = never,
    const LateComer = unknown,
    const Timeout = unknown,
    State = unknown
  >(
    signal: Signal<A>,
    onValue: ((value: A, state: State) => Taken) & Taker,
    options?: {
      readonly timeout: Duration.Input | ((state: State) => Duration.Input)
      readonly onTimeout?: Late | ((state: State) => Late) | undefined
    } & { readonly timeout: Timeout; readonly onTimeout?: LateComer | undefined }
  ): Task<
    State,
    [Taken | Late] extends [Output<any>] ? Given<OutputOf<Taker> | OutputIf<LateComer>> : Next | Taken | Late,
    Failure<OutputOf<Taker>> | TimeoutFailure<Timeout, LateComer>,
    Services<OutputOf<Taker>> | Services<OutputIf<LateComer>> | Signals
  >
} = (signal: any, onValue: unknown, options?: { readonly timeout: unknown; readonly onTimeout?: unknown }): any => {
  refuse("Task.awaitSignal", [
    ...expected("a signal", isSignal)("the signal", signal),
    ...isFunction("onValue", onValue),
    ...(options === undefined ? [] : optionsProblems("options", options, awaitChecks))
  ])
  const timeout =
    options === undefined ? undefined : computed("Task.awaitSignal", "timeout", isTimeout, options.timeout)
  const waitFor: WaitFor = {
    _tag: "Signal",
    signal,
    onValue: fromUnknown(onValue),
    deadline: timeout && ((state, now) => later(now, timeout(state))),
    onTimeout:
      options?.onTimeout === undefined
        ? () => Effect.fail(new SignalTimeout({ signal: signal.name }))
        : fromUnknown(options.onTimeout)
  }
  return waitTask(waitFor, options?.timeout, formatDuration)
}

/** As {@link OutputOf}, for work that may be left out. TypeScript infers `unknown` for it then. */
type OutputIf<Work> = unknown extends Work ? never : OutputOf<Work>

/** The failures of a wait that has a timeout. */
type TimeoutFailure<Timeout, LateComer> = unknown extends Timeout
  ? never
  : unknown extends LateComer
    ? SignalTimeout
    : Failure<OutputOf<LateComer>>

/** What the engine should know about a task or node that fails with `E`. */
export interface Options<E, RetryError, RetryServices, Timeout> {
  readonly name?: string | undefined
  readonly retry?: Schedule.Schedule<unknown, NoInfer<E | TimeoutError<Timeout>>, RetryError, RetryServices> | undefined
  readonly attemptTimeout?: Timeout
}

/** @internal */
export type TimeoutError<Timeout> = Timeout extends undefined ? never : AttemptTimeout

/**
 * So many branches of a fork have failed that its quota can no longer be met.
 *
 * @category errors
 * @since 0.1.0
 */
export class ForkUnmet extends Data.TaggedError("ForkUnmet")<{
  readonly task: string | undefined
  /** The successes that the strategy asks for. */
  readonly required: number
  readonly total: number
  /** The branches that failed, with their causes. */
  readonly failed: ReadonlyArray<Failed<unknown>>
}> {
  override get message(): string {
    return `${named(this.task)}: ${this.required} of ${this.total} branches had to succeed, and ${this.failed.length} failed`
  }
}

/**
 * The branches of a fork did not meet its strategy in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class ForkTimeout extends Data.TaggedError("ForkTimeout")<{
  readonly task: string | undefined
  readonly timeout: Duration.Duration
  readonly total: number
  /** The branches that had succeeded by then. */
  readonly completed: number
}> {
  override get message(): string {
    return `${named(this.task)}: after ${Duration.format(this.timeout)} ${this.completed} of ${this.total} branches had succeeded, and that was not enough`
  }
}

/**
 * Makes a task that runs branches at once and joins what they gave into the next state.
 *
 * **Details**
 *
 * - `branches`: Effects, tasks or workflows, by name or in a list; or a function of the state that gives them, whose
 *   parameter needs its type: `(state: Split) => ...`.
 * - `wait`: when to join; see `Wait`. Default: `Wait.all`. The task goes on as soon as the strategy is met; the other
 *   branches are interrupted and awaited.
 * - `join`: gets what the branches gave and the state, and gives the next state. With `Wait.all` it gets the values, else
 *   the result of each branch (`Completed`, `Failed` or `Cancelled`).
 * - `timeout`: fails with {@link ForkTimeout} where the strategy is not met by then. A strategy that was met before wins.
 * - `concurrency`: how many branches may run at the same time. Default: `"unbounded"`.
 * - `name`, `retry`, `attemptTimeout`: as in {@link make}; a retry runs all branches again.
 *
 * With `Wait.all` the first branch that fails ends the fork with its own error. With a quota or a percentage,
 * {@link ForkUnmet} says that it can no longer be met. A strategy that only waits for a time is always met.
 *
 * @example
 * ```ts
 * import { Task, Wait } from "effect-cano"
 * import type * as Effect from "effect/Effect"
 *
 * declare const ask: (replica: string) => Effect.Effect<number, Error>
 *
 * const quorum = Task.fork({
 *   branches: { a: ask("a"), b: ask("b"), c: ask("c") },
 *   wait: Wait.quota(2),
 *   timeout: "1 second",
 *   join: (results) => (results.a._tag === "Completed" ? "Trusted" : "Checked")
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fork: {
  <
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    const Joining extends Branches,
    Join extends Output<Next>,
    const Forked,
    Joiner,
    State = unknown,
    W extends Wait.Wait | undefined = undefined,
    RetryError = never,
    RetryServices = never,
    ForkLimit extends Duration.Input | undefined = undefined,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<
      ForkFailure<Forked, W, ForkLimit> | Failure<OutputOf<Joiner>>,
      RetryError,
      RetryServices,
      Timeout
    > &
      ForkOptions<W, ForkLimit> & { readonly branches: StartableBranches<OutputOf<Forked>> } & {
        readonly branches: Joining | ((state: State) => Joining)
        readonly join: (results: Joined<Joining, Strategy<W>>, state: State) => Join
      } & {
        readonly branches: Forked
        readonly join: Joiner
      }
  ): Task<
    State & BranchesState<OutputOf<Forked>>,
    [Join] extends [Output<any>] ? Given<OutputOf<Joiner>> : Next | Join,
    ForkFailure<Forked, W, ForkLimit> | Failure<OutputOf<Joiner>> | TimeoutError<Timeout> | NoInfer<RetryError>,
    BranchServices<OutputOf<Forked>> | Services<OutputOf<Joiner>> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    const Joining extends Branches,
    Join extends Output<Next>,
    const Forked,
    Joiner,
    State = unknown,
    W extends Wait.Wait | undefined = undefined,
    RetryError = never,
    RetryServices = never,
    ForkLimit extends Duration.Input | undefined = undefined,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<
      ForkFailure<Forked, W, ForkLimit> | Failure<OutputOf<Joiner>>,
      RetryError,
      RetryServices,
      Timeout
    > &
      ForkOptions<W, ForkLimit> & { readonly branches: StartableBranches<OutputOf<Forked>> } & {
        readonly branches: Joining | ((state: State) => Joining)
        readonly join: (results: Joined<Joining, Strategy<W>>, state: State) => Join
      } & {
        readonly branches: Forked
        readonly join: Joiner
      }
  ): Task<
    State & BranchesState<OutputOf<Forked>>,
    [Join] extends [Output<any>] ? Given<OutputOf<Joiner>> : Next | Join,
    ForkFailure<Forked, W, ForkLimit> | Failure<OutputOf<Joiner>> | TimeoutError<Timeout> | NoInfer<RetryError>,
    BranchServices<OutputOf<Forked>> | Services<OutputOf<Joiner>> | NoInfer<RetryServices>
  >
} = (
  options: Options<any, any, any, any> &
    ForkOptions<Wait.Wait, any> & { readonly branches: unknown; readonly join: unknown }
): Task<any, any, any, any> => {
  refuse(
    subjectOf("Task", options?.name, "Task.fork"),
    optionsProblems("what Task.fork was given", options, forkChecks)
  )
  const { attemptTimeout, branches, name, retry, wait = Wait.all } = options
  const timeout = options.timeout === undefined ? undefined : Duration.fromInputUnsafe(options.timeout)
  const plan: ForkPlan = {
    branches: fromUnknown(branches) as ForkPlan["branches"],
    wait,
    timeout,
    concurrency: limitOf(options.concurrency),
    join: fromUnknown(options.join),
    late: (total, completed) => new ForkTimeout({ task: name, timeout: timeout!, total, completed }),
    unmet: (total, required, failed) => new ForkUnmet({ task: name, required, total, failed })
  }
  const run = composite((state) => runFork(plan, state, undefined), {
    inParts: (state, parts) => runFork(plan, state, parts),
    fork: { wait, ...(typeof branches === "function" ? unknownBranches : detailsOf(branches as Branches)) }
  })
  return make({ name, retry, attemptTimeout, run } as any)
}

/**
 * What {@link fork} takes besides its branches and the options of every task.
 *
 * @category models
 * @since 0.1.0
 */
export interface ForkOptions<W, Timeout> {
  readonly wait?: W | undefined
  readonly timeout?: Timeout
  readonly concurrency?: number | "unbounded" | undefined
}

/**
 * Runs a task once on its own, with its retries and its timeout. Handy in tests.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <State, Next, E, R>(
  self: Task<State, Next, E, R>,
  ...[state]: unknown extends State ? [state?: State] : [state: State]
): Effect.Effect<Next, E, R> => attempts(compiled(self), state)

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const taskChecks: Checks<AnyOptions> = { ...attemptChecks, run: isGiven("an Effect or a function") }

const isLeftOut: Check = expected("none beside a task under run: that task has its own", (value) => value === undefined)

const namingChecks: Checks<AnyOptions> = { ...taskChecks, retry: isLeftOut, attemptTimeout: isLeftOut }

const renamed = (task: Task.Any, name: string | undefined): AnyOptions => {
  const { attemptTimeout, retry, work } = task as unknown as TaskImpl
  return { name: name ?? task.name, retry, attemptTimeout, run: work }
}

const isStrategy = expected("a strategy of the module Wait", Wait.isWait)

const forkChecks: Checks<Omit<AnyOptions, "run"> & ForkOptions<any, any> & { branches: unknown; join: unknown }> = {
  ...attemptChecks,
  branches: branchesProblems,
  wait: optional(isStrategy),
  timeout: optional(isDuration("above 0")),
  concurrency: optional(isConcurrency),
  join: isFunction
}

class TaskImpl implements CompiledTask {
  readonly [TypeId] = {}
  /** The work as it was given, for a task that is the same under another name. */
  readonly work: unknown
  readonly name: string | undefined
  readonly handler: Handler
  readonly inParts: PartsHandler | undefined
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
  readonly fork: Fork | undefined
  readonly waitFor: WaitFor | undefined
  readonly child: Child | undefined

  constructor({ attemptTimeout, name, retry, run }: AnyOptions) {
    const timeout = attemptTimeout === undefined ? undefined : Duration.fromInputUnsafe(attemptTimeout)
    const bounded = <Args extends ReadonlyArray<any>>(handler: (...args: Args) => unknown) =>
      timeout === undefined ? handler : withTimeout(handler, timeout, () => new AttemptTimeout({ task: name, timeout }))
    const parts = compositeOf(run)
    this.name = name
    this.work = run
    this.handler = bounded(fromUnknown(run))
    this.inParts = parts?.inParts === undefined ? undefined : bounded(parts.inParts)
    this.retry = retry
    this.attemptTimeout = timeout
    this.fork = parts?.fork
    this.waitFor = parts?.waitFor
    this.child = parts?.child
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

const isTimeout = isDuration("from 0")

const awaitChecks = {
  timeout: computedOr(isTimeout),
  onTimeout: optional(isGiven("a state, an Effect or a function"))
}

/** Checks a value that a function of the state may give instead. The function's value is checked by {@link computed}. */
function computedOr(check: Check): Check {
  return (what, value) => (typeof value === "function" ? [] : check(what, value))
}

/** Makes a function of the state that gives a checked value: always the same, or what a function gives. */
const computed = (call: string, what: string, check: Check, value: unknown): ((state: unknown) => any) => {
  if (typeof value !== "function") return () => value
  return (state) => {
    const given: unknown = value(state)
    refuse(call, check(`the ${what} that its function gave`, given))
    return given
  }
}

/** A fraction of a millisecond is rounded up, because a wait is never early. */
function later(now: number, duration: Duration.Input): number {
  return now + Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(duration)))
}

function formatDuration(duration: Duration.Input): string {
  return Duration.format(Duration.fromInputUnsafe(duration))
}

/** Makes a task that waits. A diagram names the time, if it does not depend on the state. */
const unknownBranches = { branches: undefined, workflows: [] }

const waitTask = <Time>(waitFor: WaitFor, time: unknown, format: (time: Time) => string): any => {
  if (time !== undefined && typeof time !== "function") label(waitFor, format(time as Time))
  return new TaskImpl({ run: composite(waiting(waitFor), { waitFor }) })
}

/** Makes the constructor of waits for a time. */
function sleeping<Time>(
  call: string,
  what: string,
  check: Check,
  format: (time: Time) => string,
  until: (now: number, time: Time) => number
): Sleeping<Time> {
  return ((time: unknown, next: unknown) => {
    refuse(call, [
      ...computedOr(check)(`the ${what}`, time),
      ...isGiven("a state, an Effect or a function")("the next state", next)
    ])
    const timeOf = computed(call, what, check, time)
    const waitFor: WaitFor = {
      _tag: "Time",
      until: (state, now) => until(now, timeOf(state)),
      next: fromUnknown(next)
    }
    return waitTask(waitFor, time, format)
  }) as any
}

type AnyOptions = Options<any, any, any, any> & { readonly run: unknown }

const named = (task: string | undefined): string => (task === undefined ? "A fork" : `Fork "${task}"`)
