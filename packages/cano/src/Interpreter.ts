/**
 * The seam between a workflow and what runs it.
 *
 * A workflow is a value; an interpreter is a loop over it. Code that watches or remembers a run is an interceptor of
 * the loop. Spans, events and metrics are interceptors, and {@link run} takes others: a journal, an audit, a fence.
 *
 * 1. An interceptor stands **around** a run, around each of its states, and around each attempt of a state's task. The
 *    run, the state or the attempt is its `inner`. An interceptor runs `inner` once, or not at all.
 * 2. Retries and error edges lie inside a state and outside its attempts. So at the level `state` an interceptor sees
 *    the state begin and the next state come out, whatever happened in between.
 * 3. The next state that comes out of a state is listed in the state's `to`.
 * 4. A failure of the interceptor itself ends the run: no policy retries it, and no error edge catches it.
 * 5. Interceptors read a {@link Run}. Only the loop moves it.
 * 6. A nested run has the watchers of its context, and none of the interceptors that were given to {@link run}.
 * 7. Compensations run inside the level `run`, and outside all states. No interceptor stands around one.
 *
 * The first interceptor is the outermost. The watchers of the context (a tracer, an observer, metrics) stand around all
 * interceptors given to {@link run}.
 *
 * **Gotchas**
 *
 * This module is unstable until version 1: its types may change in a minor version.
 *
 * @example
 * ```ts
 * import { Interpreter, Workflow } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const audit: Interpreter.Interceptor = {
 *   state: (run, inner) => Effect.andThen(Console.log(`${run.workflow.name}: ${run.tag}`), inner)
 * }
 *
 * const program = Interpreter.run(order, { interceptors: [audit] })
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import {
  type Check,
  type Checks,
  described,
  isCount,
  isFunction,
  nameProblems,
  optional,
  optionsProblems,
  refuse
} from "./internal/faults.ts"
import { machineOf } from "./internal/machine/machine.ts"
import type { AnyState } from "./internal/machine/state.ts"
import { startIntercepted } from "./internal/run/start.ts"
import { watchOf } from "./internal/watch/watchers.ts"
import type * as Task from "./Task.ts"
import type * as Workflow from "./Workflow.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * A live run: each read of a field gives the present value.
 *
 * @category models
 * @since 0.1.0
 */
export interface Run {
  /** The `id` given to {@link run}, or else the number that an observer gave the run, or none. */
  readonly id: string | undefined
  readonly workflow: Workflow.Workflow.Any
  /** The present state, with its payload. */
  readonly state: unknown
  /** The tag of the state. */
  readonly tag: string
  /** The transitions made so far, those before a resumption included. */
  readonly transitions: number
  /** The present attempt of the task, from 1. */
  readonly attempt: number
  /** The task of the state, or of the branch. */
  readonly task: Pick<Task.Task.Any, "name" | "retry" | "attemptTimeout">
  /** The failure whose error edge the run takes out of the state, if it takes one. */
  readonly caught: Cause.Cause<unknown> | undefined
  /** The branch of a fork that makes the attempt; none for an attempt of the state itself. */
  readonly branch: string | undefined
}

/**
 * An attempt that failed or died. An interrupted attempt is no failure.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptFailure {
  readonly cause: Cause.Cause<unknown>
  /** The delay before the next attempt; none if this attempt was the last. */
  readonly retryIn: Duration.Duration | undefined
}

/**
 * A part of an attempt: a phase of a node, or a branch of a fork.
 *
 * @category models
 * @since 0.1.0
 */
export type Part =
  | { readonly _tag: "Phase"; readonly name: "prep" | "exec" | "post" }
  | { readonly _tag: "Branch"; readonly id: string }

/**
 * Stands for the failures and the services of the workflow. An interceptor cannot handle them; the type of {@link run}
 * names them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Inherited {
  readonly "an interceptor that itself fails with E or needs R is an Interceptor<E, R>": never
}

/**
 * The run, state, attempt or part that an interceptor stands around.
 *
 * @category models
 * @since 0.1.0
 */
export type Inner = Effect.Effect<unknown, Inherited, Inherited>

/**
 * Stands around a run, a state or an attempt. The function itself may fail with `E` and need the services `R`.
 *
 * @category models
 * @since 0.1.0
 */
export type Around<E = never, R = never> = (
  run: Run,
  inner: Inner
) => Effect.Effect<unknown, E | Inherited, R | Inherited>

/**
 * Stands around a run, its states, their attempts and the parts of attempts. The interceptor itself may fail with `E`
 * and need the services `R`.
 *
 * **Details**
 *
 * - `run`: around the whole run. `inner` gives the exit.
 * - `state`: around a state with its retries and error edges. `inner` gives the next state.
 * - `attempt`: around one attempt. `inner` gives the output of the task.
 * - `part`: around a phase of a node or a branch of a fork.
 * - `attemptFailed`: after an attempt that failed or died, before its retry or its error edge.
 *
 * @category models
 * @since 0.1.0
 */
export interface Interceptor<out E = never, out R = never> {
  readonly run?: Around<E, R> | undefined
  readonly state?: Around<E, R> | undefined
  readonly attempt?: Around<E, R> | undefined
  readonly part?:
    | ((run: Run, part: Part, inner: Inner) => Effect.Effect<unknown, E | Inherited, R | Inherited>)
    | undefined
  readonly attemptFailed?: ((run: Run, failure: AttemptFailure) => Effect.Effect<void>) | undefined
}

/**
 * The options of a run with interceptors.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<State, Initial, E, R> = {
  /** Names the run, in spans, events and logs. 1 to 256 characters. */
  readonly id?: string | undefined
  /** The transitions that a resumed run has made before. A whole number from 0; default 0. */
  readonly transitions?: number | undefined
  /** The first is the outermost. */
  readonly interceptors: ReadonlyArray<Interceptor<E, R>>
} & ([] extends Workflow.Workflow.Start<State, Initial>
  ? { readonly state?: NoInfer<State> | undefined }
  : { readonly state: NoInfer<State> })

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/**
 * Runs a workflow with interceptors around it, from its initial state or from a given one, and gives its exit.
 *
 * **Details**
 *
 * To resume a run, give the `state` and the `transitions` where it stopped. `Workflow.withMaxTransitions` counts those
 * transitions too.
 *
 * Throws a `ConfigurationError` if the `id` is empty or over-long, if `transitions` is not a whole number from 0, or if
 * an interceptor has no function at any level.
 *
 * @example
 * ```ts
 * import { Interpreter, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 * declare const append: (sequence: number, state: unknown) => Effect.Effect<void, Error>
 *
 * // a row before each state, and one for the exit
 * const journaling: Interpreter.Interceptor<Error> = {
 *   state: (run, inner) => Effect.andThen(append(run.transitions, run.state), inner),
 *   run: (run, inner) => Effect.tap(inner, () => append(run.transitions, run.state))
 * }
 *
 * const resumed = Interpreter.run(order, { state: "Process", transitions: 1, interceptors: [journaling] })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <State, Exit, E, R, Initial, E2 = never, R2 = never>(
  self: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: Options<State, Initial, E2, R2>
): Effect.Effect<Exit, E | Exclude<E2, Inherited>, R | Exclude<R2, Inherited>> => {
  refuse("Interpreter.run", optionsProblems("options", options, checks))
  const { id, interceptors, state, transitions = 0 } = options
  const machine = machineOf(self)
  const start = state === undefined ? machine.start : (state as AnyState)
  return startIntercepted(self, start, { id, transitions, interceptors: [...interceptors] }, watchOf)
}

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const levels = ["run", "state", "attempt", "part", "attemptFailed"] as const

const areInterceptors: Check = (what, interceptors) => {
  if (!Array.isArray(interceptors)) return [`${what} is ${described(interceptors)}, expected a list`]
  return interceptors.flatMap((each: Interceptor<any, any>, index) => {
    if (typeof each !== "object" || each === null)
      return [`interceptor ${index} is ${described(each)}, expected an object`]
    const named = levels.filter((level) => each[level] !== undefined)
    if (named.length === 0) return [`interceptor ${index} has none of ${levels.join(", ")}`]
    return named.flatMap((level) => isFunction(`"${level}" of interceptor ${index}`, each[level]))
  })
}

const checks: Checks<Options<any, any, any, any>> = {
  id: optional((_, id) => nameProblems("the id", id)),
  transitions: optional(isCount(0)),
  interceptors: areInterceptors,
  state: () => []
}
