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
import type * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import type { Contravariant, Covariant } from "effect/Types"
import { durationProblems, nameProblems, refuse } from "./internal/configuration.ts"
import { fromUnknown, type Handler } from "./internal/handler.ts"
import type { Failure, KeepLiteral, Output, Services, Value } from "./internal/state.ts"
import * as Work from "./internal/work.ts"

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
    handler: bound(options.handler),
    tracedHandler: bound(options.tracedHandler)
  })
}

/** @internal */
export const toWork = (task: Task<never, unknown, unknown, unknown>): Work.Work => task as unknown as Work.Work
