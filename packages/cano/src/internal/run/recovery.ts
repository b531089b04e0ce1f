import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Entry, ErrorEdge } from "../machine/machine.ts"
import { type AnyEffect, toEffect } from "../machine/output.ts"
import type { AnyState } from "../machine/state.ts"
import type { CompiledTask } from "../machine/task.ts"

/*
 * Retries and error edges. All interpreters, forks and `Task.run` have them from here.
 *
 * Both begin with a failure that has happened. So an attempt that succeeds pays nothing for them.
 */

/** Who has failed in an attempt and can make another one. */
export interface Retrying {
  readonly task: CompiledTask
  /** Makes the next attempt. */
  readonly again: AnyEffect
  /** Hears of each attempt that failed or died, with the delay before the next one, if there is a next one. */
  readonly onAttemptFailed?:
    | ((cause: Cause.Cause<any>, retryIn: Duration.Duration | undefined) => AnyEffect)
    | undefined
}

/** Who has error edges as well. */
export interface Recovering extends Retrying {
  readonly entry: Entry
  readonly state: AnyState
  /** Hears of the failure whose error edge is taken. */
  onErrorEdge(cause: Cause.Cause<any>): void
}

/** The failure that a retry or an error edge may take up: the first typed one, unless a defect stands beside it. */
const recoverable = (cause: Cause.Cause<any>): Option.Option<any> =>
  Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)

/**
 * Retries after a first attempt that failed, and fails with the last cause. `Effect.retry` is shown that first failure as
 * if it had made the attempt, so its semantics are kept.
 */
export const retry = (run: Retrying, cause: Cause.Cause<any>): AnyEffect => {
  const { again, onAttemptFailed, task } = run
  if (task.retry === undefined || Option.isNone(recoverable(cause))) return Effect.failCause(cause)
  const policy =
    onAttemptFailed === undefined
      ? task.retry
      : Schedule.tap(task.retry, ({ duration, input }) => onAttemptFailed(Cause.fail(input), duration))
  let isReplayed = false
  return Effect.retry(
    Effect.suspend(() => {
      if (isReplayed) return again
      isReplayed = true
      return Effect.failCause(cause)
    }),
    policy
  )
}

/** Retries after a first attempt that failed, then takes an error edge: gives the next state, or fails with the last cause. */
export const recover = (run: Recovering, cause: Cause.Cause<any>): AnyEffect =>
  run.task.retry === undefined
    ? takeErrorEdge(run, cause)
    : Effect.catchCause(retry(run, cause), (last) => takeErrorEdge(run, last))

const takeErrorEdge = (run: Recovering, cause: Cause.Cause<any>): AnyEffect => {
  const { onAttemptFailed } = run
  return onAttemptFailed === undefined
    ? errorEdgeTaken(run, cause)
    : Effect.andThen(
        onAttemptFailed(cause, undefined),
        Effect.suspend(() => errorEdgeTaken(run, cause))
      )
}

const errorEdgeTaken = (run: Recovering, cause: Cause.Cause<any>): AnyEffect => {
  const failure = recoverable(cause)
  if (Option.isNone(failure)) return Effect.failCause(cause)
  const edge = errorEdgeOf(run.entry, failure.value)
  if (edge === undefined) return Effect.failCause(cause)
  run.onErrorEdge(cause)
  return Effect.succeed(edge.next(failure.value, run.state))
}

const errorEdgeOf = ({ errorEdges }: Entry, error: any): ErrorEdge | undefined =>
  errorEdges.size > 0 && typeof error === "object" && error !== null ? errorEdges.get(error._tag) : undefined

/** All attempts of a task outside of a machine's loop, as one Effect. */
export const attempts = (task: CompiledTask, state: unknown): AnyEffect => {
  const again = Effect.suspend(() => toEffect(task.handler(state)))
  return task.retry === undefined
    ? again
    : Effect.catchCause(firstAttempt(again), (cause) => retry({ task, again }, cause))
}

/** A retry around a task does not pass its attempt number on to the task. */
export const firstAttempt: (attempt: AnyEffect) => AnyEffect = Effect.provideService(
  Schedule.CurrentMetadata,
  Schedule.CurrentMetadata.defaultValue()
)
