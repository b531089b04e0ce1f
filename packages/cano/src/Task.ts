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
 * import * as Effect from "effect/Effect"
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
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import type { Contravariant, Covariant } from "effect/Types"
import { tracedAttempts } from "./internal/attempts.ts"
import { concurrencyOf, type Failed, type Result, resultOf } from "./internal/batch.ts"
import { durationProblems, nameProblems, refuse } from "./internal/configuration.ts"
import { fromUnknown, type Handler, toEffect } from "./internal/handler.ts"
import * as Pool from "./internal/pool.ts"
import { isRunnable, RunKey, type Runnable } from "./internal/runnable.ts"
import type { BareTag, Failure, KeepLiteral, Output, Services, Tag, Value } from "./internal/state.ts"
import { inSpan } from "./internal/trace.ts"
import * as Work from "./internal/work.ts"
import * as Wait from "./Wait.ts"

const TypeId = "~effect-cano/Task"

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
export const isTask = (u: unknown): u is Task.Any => hasProperty(u, TypeId)

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
 * import * as Effect from "effect/Effect"
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
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<Failure<Run>, RetryError, RetryServices, Timeout> & { readonly run: Run | ((state: State) => Run) }
  ): Task<
    State,
    // Always the first branch; the second lets TypeScript infer from where the task is used, which keeps literals.
    [Run] extends [Output<any>] ? Value<Run> : Next | Run,
    Failure<Run> | TimeoutError<Timeout> | NoInfer<RetryError>,
    Services<Run> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Run extends Output<Next>,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<Failure<Run>, RetryError, RetryServices, Timeout> & { readonly run: Run | ((state: State) => Run) }
  ): Task<
    State,
    // Always the first branch; the second lets TypeScript infer from where the task is used, which keeps literals.
    [Run] extends [Output<any>] ? Value<Run> : Next | Run,
    Failure<Run> | TimeoutError<Timeout> | NoInfer<RetryError>,
    Services<Run> | NoInfer<RetryServices>
  >
} = (options: Options<any, any, any, any> & { readonly run: unknown }): Task<any, any, any, any> => {
  const handler = fromUnknown(options.run)
  return makeUnsafe({ ...options, handler, tracedHandler: handler })
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
 * import * as Effect from "effect/Effect"
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
    State = unknown,
    W extends Wait.Wait | undefined = undefined,
    RetryError = never,
    RetryServices = never,
    ForkLimit extends Duration.Input | undefined = undefined,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<
      | { [K in keyof Joining]: FailureIn<Joining[K], Strategy<W>> }[BranchKey<Joining>]
      | UnmetError<Strategy<W>>
      | LateError<ForkLimit>
      | Failure<Join>,
      RetryError,
      RetryServices,
      Timeout
    > &
      ForkOptions<W, ForkLimit> & {
        readonly branches: (Joining | ((state: State) => Joining)) & StartableBranches<Joining>
        readonly join: (results: Joined<Joining, Strategy<W>>, state: State) => Join
      }
  ): Task<
    State & BranchesState<Joining>,
    [Join] extends [Output<any>] ? Value<Join> : Next | Join,
    | { [K in keyof Joining]: FailureIn<Joining[K], Strategy<W>> }[BranchKey<Joining>]
    | UnmetError<Strategy<W>>
    | LateError<ForkLimit>
    | Failure<Join>
    | TimeoutError<Timeout>
    | NoInfer<RetryError>,
    { [K in keyof Joining]: BranchServices<Joining[K]> }[BranchKey<Joining>] | Services<Join> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    const Joining extends Branches,
    Join extends Output<Next>,
    State = unknown,
    W extends Wait.Wait | undefined = undefined,
    RetryError = never,
    RetryServices = never,
    ForkLimit extends Duration.Input | undefined = undefined,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<
      | { [K in keyof Joining]: FailureIn<Joining[K], Strategy<W>> }[BranchKey<Joining>]
      | UnmetError<Strategy<W>>
      | LateError<ForkLimit>
      | Failure<Join>,
      RetryError,
      RetryServices,
      Timeout
    > &
      ForkOptions<W, ForkLimit> & {
        readonly branches: (Joining | ((state: State) => Joining)) & StartableBranches<Joining>
        readonly join: (results: Joined<Joining, Strategy<W>>, state: State) => Join
      }
  ): Task<
    State & BranchesState<Joining>,
    [Join] extends [Output<any>] ? Value<Join> : Next | Join,
    | { [K in keyof Joining]: FailureIn<Joining[K], Strategy<W>> }[BranchKey<Joining>]
    | UnmetError<Strategy<W>>
    | LateError<ForkLimit>
    | Failure<Join>
    | TimeoutError<Timeout>
    | NoInfer<RetryError>,
    { [K in keyof Joining]: BranchServices<Joining[K]> }[BranchKey<Joining>] | Services<Join> | NoInfer<RetryServices>
  >
} = (
  options: Options<any, any, any, any> &
    ForkOptions<Wait.Wait, any> & { readonly branches: unknown; readonly join: unknown }
): Task<any, any, any, any> => {
  const limit = concurrencyOf(options.concurrency)
  refuse(options.name === undefined ? "Task.fork" : `Task "${options.name}"`, [
    ...limit.problems,
    ...(options.timeout === undefined ? [] : durationProblems("timeout", options.timeout, "above 0"))
  ])
  const plan: ForkPlan = {
    name: options.name,
    branches: fromUnknown(options.branches) as ForkPlan["branches"],
    wait: options.wait ?? Wait.all,
    timeout: options.timeout === undefined ? undefined : Duration.fromInputUnsafe(options.timeout),
    concurrency: limit.limit,
    join: fromUnknown(options.join)
  }
  const names = typeof options.branches === "function" ? undefined : Object.keys(options.branches as Branches)
  return makeUnsafe({
    ...options,
    handler: (state) => runFork(plan, state, false),
    tracedHandler: (state) => runFork(plan, state, true),
    fork: { wait: plan.wait, branches: names }
  })
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
): Effect.Effect<Next, E, R> => Work.run(toWork(self), state)

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const Proto = {
  [TypeId]: {},
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** @internal */
export const makeUnsafe = (options: {
  readonly name?: string | undefined
  readonly handler: Handler
  readonly tracedHandler: Handler
  readonly retry?: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout?: Duration.Input | undefined
  readonly fork?: Work.Fork | undefined
}): Task<any, any, any, any> & Work.Work => {
  const { name, attemptTimeout } = options
  refuse(name === undefined ? "A task" : `Task "${name}"`, [
    ...(name === undefined ? [] : nameProblems("the name", name)),
    ...(attemptTimeout === undefined ? [] : durationProblems("attemptTimeout", attemptTimeout, "above 0"))
  ])
  const timeout = attemptTimeout === undefined ? undefined : Duration.fromInputUnsafe(attemptTimeout)
  const bound = (handler: Handler): Handler =>
    timeout === undefined
      ? handler
      : Work.withTimeout(handler, timeout, () => new AttemptTimeout({ task: name, timeout }))
  return Object.assign(Object.create(Proto), {
    name,
    retry: options.retry,
    attemptTimeout: timeout,
    fork: options.fork,
    handler: bound(options.handler),
    tracedHandler: bound(options.tracedHandler)
  })
}

/** @internal */
export const toWork = (task: Task<never, unknown, unknown, unknown>): Work.Work => task as unknown as Work.Work

/** What a fork can run beside others: an Effect, a task, or a workflow that can start by itself. */
type Branch = Effect.Effect<any, any, any> | Task<any, any, any, any> | Runnable<any, any, any, any>

/** Branches by name, or in a list. */
type Branches = ReadonlyArray<Branch> | Readonly<Record<string, Branch>>

/**
 * What `join` gets: plain values where all branches are waited for, since then all have succeeded, and the result of
 * each branch otherwise. A list stays a list and a record a record.
 */
type Joined<B, W> = {
  -readonly [K in keyof B]: W extends Wait.All ? BranchSuccess<B[K]> : Result<BranchSuccess<B[K]>, BranchFailure<B[K]>>
}

/** Every branch must be able to take the state: what they ask for, together. */
type BranchesState<B> = [{ [K in keyof B]: Takes<B[K]> }[BranchKey<B>]] extends [never]
  ? unknown
  : { [K in keyof B]: Takes<B[K]> }[BranchKey<B>] extends (state: infer State) => void
    ? State
    : never

type Takes<B> =
  B extends Task<infer State, any, any, any> ? (unknown extends State ? never : (state: State) => void) : never

/** Nothing said means all. */
type Strategy<W> = W extends undefined ? Wait.All : W

/** Where all branches are waited for, the failure of a branch is the failure of the fork. */
type FailureIn<B, W> = W extends Wait.All ? BranchFailure<B> : never

type UnmetError<W> = W extends Wait.Quota | Wait.Percentage ? ForkUnmet : never

type LateError<Limit> = Limit extends undefined ? never : ForkTimeout

type BranchKey<B> = B extends ReadonlyArray<unknown> ? number & keyof B : keyof B

type BranchSuccess<B> =
  B extends Effect.Effect<infer A, any, any>
    ? A
    : B extends Task<any, infer A, any, any>
      ? A
      : B extends Runnable<infer A, any, any, any>
        ? A
        : never

type BranchFailure<B> =
  B extends Effect.Effect<any, infer E, any>
    ? E
    : B extends Task<any, any, infer E, any>
      ? E
      : B extends Runnable<any, infer E, any, any>
        ? E
        : never

type BranchServices<B> =
  B extends Effect.Effect<any, any, infer R>
    ? R
    : B extends Task<any, any, any, infer R>
      ? R
      : B extends Runnable<any, any, infer R, any>
        ? R
        : never

/** Refuses workflows that cannot start by themselves. */
type StartableBranches<B> = Branches extends B
  ? unknown
  : [{ [K in keyof B]: PayloadOfStart<B[K]> }[BranchKey<B>]] extends [never]
    ? unknown
    : "the initial state of a workflow among the branches carries a payload: start it with Workflow.run(workflow, state)"

type PayloadOfStart<B> =
  B extends Runnable<any, any, any, infer Start>
    ? 0 extends 1 & Start
      ? never
      : Exclude<Tag<Start>, BareTag<Start>>
    : never

interface ForkPlan {
  readonly name: string | undefined
  readonly branches: (state: unknown) => Branches
  readonly wait: Wait.Wait
  readonly timeout: Duration.Duration | undefined
  readonly concurrency: number
  readonly join: Handler
}

const runFork = (plan: ForkPlan, state: unknown, isTraced: boolean): Effect.Effect<any, any, any> =>
  Effect.suspend(() => {
    const branches = plan.branches(state)
    const ids = Object.keys(branches)
    const effects = Object.entries(branches).map(([id, branch]) =>
      isTraced ? tracedBranch(branch, state, id) : branchEffect(branch, state)
    )
    const goal = Pool.goalOf(plan.wait, ids.length, true)
    const timeout = plan.timeout === undefined ? Infinity : Duration.toMillis(plan.timeout)
    const isTimed = timeout < (goal.deadline ?? Infinity)
    const pool = Pool.run(effects, {
      goal: isTimed ? { ...goal, deadline: timeout } : goal,
      annotation: "cano.branch.id",
      idOf: (index) => ids[index]!,
      concurrency: plan.concurrency,
      onSettled: undefined
    })
    return Effect.flatMap(pool, (pool) => {
      if (pool.end === "deadline" && isTimed) {
        const { completed, total } = pool
        return Effect.fail(new ForkTimeout({ task: plan.name, timeout: plan.timeout!, total, completed }))
      }
      const results = ids.map((id, index) => resultOf(pool.exits[index], id))
      if (pool.end === "unreachable" && goal.deadline === undefined) {
        return unmet(plan, goal.required!, pool, results)
      }
      const joined = plan.wait._tag === "All" ? pool.exits.map((exit) => (exit as Exit.Success<any>).value) : results
      const shaped = Array.isArray(branches) ? joined : Object.fromEntries(ids.map((id, index) => [id, joined[index]]))
      return toEffect(plan.join(shaped, state))
    })
  })

const branchEffect = (branch: Branch, state: unknown): Effect.Effect<any, any, any> => {
  if (isTask(branch)) return Work.run(toWork(branch), state)
  return isRunnable(branch) ? branch[RunKey]() : branch
}

const tracedBranch = (branch: Branch, state: unknown, id: string): Effect.Effect<any, any, any> =>
  inSpan("branch", { attributes: { "cano.branch.id": id } }, (span) =>
    isTask(branch) ? tracedAttempts(toWork(branch), state, span) : branchEffect(branch, state)
  )

/** Where all branches are needed, the error of the first that failed says it best. */
const unmet = (
  { wait, name }: ForkPlan,
  required: number,
  { exits, firstFailure, total }: Pool.Pool,
  results: ReadonlyArray<Result<unknown, unknown>>
): Effect.Effect<never, any> => {
  if (wait._tag === "All") return exits[firstFailure!] as Exit.Failure<never, any>
  const failed = results.filter((result) => result._tag === "Failed")
  return Effect.fail(new ForkUnmet({ task: name, required, total, failed }))
}

const named = (task: string | undefined): string => (task === undefined ? "A fork" : `Fork "${task}"`)
