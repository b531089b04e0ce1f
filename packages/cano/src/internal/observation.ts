import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { Outcome } from "./blame.ts"
import type { Lost } from "./hub.ts"

/**
 * Something that happened in a run.
 *
 * **Details**
 *
 * Each has `run`, which is unique to the observer and counts from `"1"`, the name of the `workflow`, and the time `at`.
 *
 * - `RunStarted`: a run begins in `state`. `parent` is the run that it is nested in, `instance` the id of its instance in
 *   a concurrent batch, `flow` the id of the scheduler's flow it runs in.
 * - `StateEntered`: the task of `state` starts, after so many `transitions`.
 * - `AttemptFailed`: the attempt, counted from 1, failed or died. `error` is the tag of the error, or else the name of its
 *   class; `retryIn` is how long until the next attempt, if there is one.
 * - `StateLeft`: a transition was made to `next`, which may be an exit. It took so many `attempts`, and was the error edge
 *   for `error` if that is there. `duration` is the time in the state.
 * - `RunEnded`: the run is over. `state` is where: an exit, or the state that failed. `interrupted` is the attempt that was
 *   under way when the run was interrupted, if one was.
 *
 * @category models
 * @since 0.1.0
 */
export type WorkflowEvent = Data.TaggedEnum<{
  RunStarted: Origin & {
    readonly state: string
    readonly parent: string | undefined
    readonly instance: string | undefined
    readonly flow: string | undefined
  }
  StateEntered: Origin & { readonly state: string; readonly transitions: number }
  AttemptFailed: Origin & {
    readonly state: string
    readonly attempt: number
    readonly error: string
    readonly outcome: "failure" | "defect"
    readonly retryIn: Duration.Duration | undefined
  }
  StateLeft: Origin & {
    readonly state: string
    readonly next: string
    readonly attempts: number
    readonly error: string | undefined
    readonly duration: Duration.Duration
  }
  RunEnded: Origin & {
    readonly outcome: Outcome
    readonly state: string
    readonly transitions: number
    readonly error: string | undefined
    readonly interrupted: number | undefined
    readonly duration: Duration.Duration
  }
}>

interface Origin {
  readonly at: DateTime.Utc
  readonly run: string
  readonly workflow: string
}

/**
 * @since 0.1.0
 */
export declare namespace WorkflowEvent {
  /** @since 0.1.0 */
  export type RunStarted = Extract<WorkflowEvent, { readonly _tag: "RunStarted" }>
  /** @since 0.1.0 */
  export type StateEntered = Extract<WorkflowEvent, { readonly _tag: "StateEntered" }>
  /** @since 0.1.0 */
  export type AttemptFailed = Extract<WorkflowEvent, { readonly _tag: "AttemptFailed" }>
  /** @since 0.1.0 */
  export type StateLeft = Extract<WorkflowEvent, { readonly _tag: "StateLeft" }>
  /** @since 0.1.0 */
  export type RunEnded = Extract<WorkflowEvent, { readonly _tag: "RunEnded" }>
}

/** Takes the events of runs. Neither call may throw, or take long. */
export interface Sink {
  readonly nextRun: () => string
  readonly publish: (event: WorkflowEvent, context: Context.Context<never>) => void
}

export const SinkKey: unique symbol = Symbol("effect-cano/Observer/sink")

/**
 * What an observer offers.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObserverShape {
  /** What happens from now on, until the observer's scope is closed. A reader that is too slow finds a `Lost`. */
  readonly events: Stream.Stream<WorkflowEvent | Lost>
  /** @internal */
  readonly [SinkKey]: Sink
}

/**
 * Is told what runs do, where it is in their context.
 *
 * @category services
 * @since 0.1.0
 */
export class Observer extends Context.Service<Observer, ObserverShape>()("effect-cano/Observer") {}
