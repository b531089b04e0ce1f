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
 * Retries and error edges, for all interpreters, forks and `Task.run`.
 *
 * Both begin after a failure, so a successful attempt pays nothing for them.
 */

/** A task whose attempt has failed, and a way to make the next attempt. */
export interface Retrying {
  readonly task: CompiledTask
  /** Makes the next attempt. */
  readonly again: AnyEffect
  /** The failed attempts that another fiber made before the run was resumed, each by its time. */
  readonly failures?: ReadonlyArray<number> | undefined
  /** Called after each failed attempt, with the delay before the next attempt, if there is one. */
  readonly onAttemptFailed?:
    | ((cause: Cause.Cause<any>, retryIn: Duration.Duration | undefined) => AnyEffect)
    | undefined
}

/** A state of a run, which has error edges as well. */
export interface Recovering extends Retrying {
  readonly entry: Entry
  readonly state: AnyState
  /** Called when an error edge is taken, with its failure. */
  onErrorEdge(cause: Cause.Cause<any>): void
}

/** The failure that a retry or an error edge may handle: the first typed one, unless the cause has a defect too. */
const recoverable = (cause: Cause.Cause<any>): Option.Option<any> =>
  Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)

/**
 * Retries after a failed first attempt, and in the end fails with the last cause. `Effect.retry` sees the first failure
 * as if it had made that attempt, so its semantics are kept.
 */
export const retry = (run: Retrying, cause: Cause.Cause<any>): AnyEffect => {
  const { again, onAttemptFailed, task } = run
  if (task.retry === undefined || Option.isNone(recoverable(cause))) return Effect.failCause(cause)
  // `Effect.retry` keeps the error of the last attempt alone, and a cause holds more: where a nested run failed, for one.
  let last = cause
  const remembered = Effect.catchCause(again, (cause) => {
    last = cause
    return Effect.failCause(cause)
  })
  const { failures = [] } = run
  const resumed = failures.length === 0 ? task.retry : resume(task.retry, failures)
  const policy =
    onAttemptFailed === undefined ? resumed : Schedule.tap(resumed, ({ duration }) => onAttemptFailed(last, duration))
  let isReplayed = false
  const retried = Effect.retry(
    Effect.suspend(() => {
      if (isReplayed) return remembered
      isReplayed = true
      return Effect.failCause(cause)
    }),
    policy
  )
  return Effect.catchCause(retried, (end) => Effect.failCause(hasSameError(end, last) ? last : end))
}

/**
 * A policy that has seen failures before, at the given times. The errors of that time are gone, so the policy sees the
 * present one in their place.
 */
const resume = (policy: Schedule.Schedule<unknown, any, any, any>, failures: ReadonlyArray<number>) =>
  Schedule.fromStep(
    Effect.map(Schedule.toStep(policy), (step) => {
      let past = failures
      return (now: number, error: unknown) =>
        Effect.suspend(() => {
          const before = past
          past = []
          return Effect.andThen(
            Effect.forEach(before, (time) => step(time, error), { discard: true }),
            Effect.suspend(() => step(now, error))
          )
        })
    })
  )

/** Lets an attempt after failures of another fiber see them in its `Schedule.CurrentMetadata`. */
export const counting = (attempt: AnyEffect, failures: ReadonlyArray<number>): AnyEffect =>
  Effect.updateService(attempt, Schedule.CurrentMetadata, (metadata) => {
    const [start = 0] = failures
    const now = metadata.attempt === 0 ? failures.at(-1)! : metadata.now
    return { ...metadata, attempt: metadata.attempt + failures.length, start, now, elapsed: now - start }
  })

/** A policy may fail by itself. */
const hasSameError = (one: Cause.Cause<any>, other: Cause.Cause<any>): boolean => {
  const [first, second] = [recoverable(one), recoverable(other)]
  return Option.isSome(first) && Option.isSome(second) && first.value === second.value
}

/** Retries after a failed first attempt, then takes an error edge to the next state. Or fails with the last cause. */
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

const errorEdgeOf = ({ errorEdges }: Entry, error: any): ErrorEdge | undefined => {
  if (errorEdges.size === 0) return undefined
  const edge = typeof error === "object" && error !== null ? errorEdges.get(error._tag) : undefined
  return edge ?? errorEdges.get("*")
}

/** Makes all attempts of a task, outside of the loop of a machine. */
export const attempts = (task: CompiledTask, state: unknown): AnyEffect => {
  const again = Effect.suspend(() => toEffect(task.handler(state)))
  return task.retry === undefined
    ? again
    : Effect.catchCause(firstAttempt(again), (cause) => retry({ task, again }, cause))
}

/** Hides the attempt number of a retry around a task from the task. */
export const firstAttempt: (attempt: AnyEffect) => AnyEffect = Effect.provideService(
  Schedule.CurrentMetadata,
  Schedule.CurrentMetadata.defaultValue()
)
