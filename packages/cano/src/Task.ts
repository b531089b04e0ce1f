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
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Schedule from "effect/Schedule"
import type { Contravariant, Covariant } from "effect/Types"
import type { Failed } from "./Concurrent.ts"
import {
  attemptChecks,
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
  withTimeout
} from "./internal/machine/task.ts"
import {
  type Branches,
  branchesProblems,
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
 *   Effect made outside of a workflow (`Effect.gen`, `Effect.as`) widens them to `string`.
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
    optionsProblems("what Task.make was given", options, taskChecks)
  )
  return new TaskImpl(options) as unknown as Task<any, any, any, any>
}

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
    fork: { wait, branches: typeof branches === "function" ? undefined : Object.keys(branches as Branches) }
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
  readonly name: string | undefined
  readonly handler: Handler
  readonly inParts: PartsHandler | undefined
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
  readonly fork: Fork | undefined

  constructor({ attemptTimeout, name, retry, run }: AnyOptions) {
    const timeout = attemptTimeout === undefined ? undefined : Duration.fromInputUnsafe(attemptTimeout)
    const bounded = <Args extends ReadonlyArray<any>>(handler: (...args: Args) => unknown) =>
      timeout === undefined ? handler : withTimeout(handler, timeout, () => new AttemptTimeout({ task: name, timeout }))
    const parts = compositeOf(run)
    this.name = name
    this.handler = bounded(fromUnknown(run))
    this.inParts = parts === undefined ? undefined : bounded(parts.inParts)
    this.retry = retry
    this.attemptTimeout = timeout
    this.fork = parts?.fork
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

type AnyOptions = Options<any, any, any, any> & { readonly run: unknown }

const named = (task: string | undefined): string => (task === undefined ? "A fork" : `Fork "${task}"`)
