import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Wait from "../Wait.ts"
import { type Handler, isEffectObject, toEffect } from "./handler.ts"

/** What the engine knows of a unit of work, whichever form it was written in. */
export interface Work {
  readonly name: string | undefined
  /** Runs one attempt: gives an Effect or a plain value. */
  readonly handler: Handler
  /** The same with a span for each phase. */
  readonly tracedHandler: Handler
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
  /** What a diagram shows of a fork. */
  readonly fork: Fork | undefined
}

export interface Fork {
  readonly wait: Wait.Wait
  /** The names of the branches, unless they depend on the state. */
  readonly branches: ReadonlyArray<string> | undefined
}

/** Bounds each attempt of a handler; a plain value or an Exit needs no bound. */
export const withTimeout = (handler: Handler, timeout: Duration.Duration, error: () => unknown): Handler => {
  const options = { duration: timeout, orElse: () => Effect.fail(error()) }
  return (...args) => {
    const output = handler(...args)
    return typeof output === "object" && output !== null && isEffectObject(output) && !isSettled(output)
      ? Effect.timeoutOrElse(output, options)
      : output
  }
}

const isSettled = (effect: object): boolean => "_tag" in effect && effect._tag === "Success"

/** The failure that `Effect.catch` would hand out: the first typed one, unless there is a defect beside it. */
export const recoverable = (cause: Cause.Cause<any>): Option.Option<any> =>
  Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)

/**
 * Retries after a first failure that has already happened: `Effect.retry` sees that failure as its first attempt, so its
 * semantics are kept while an attempt that succeeds never pays for it.
 */
export const retryAfter = (
  cause: Cause.Cause<any>,
  policy: Schedule.Schedule<unknown, any, any, any>,
  attempt: Effect.Effect<any, any, any>
): Effect.Effect<any, any, any> => {
  let replayed = false
  return Effect.retry(
    Effect.suspend(() => {
      if (replayed) return attempt
      replayed = true
      return Effect.failCause(cause)
    }),
    policy
  )
}

/** All attempts of a unit of work, as one Effect. */
export const run = (work: Work, state: unknown): Effect.Effect<any, any, any> => {
  const attempt = Effect.suspend(() => toEffect(work.handler(state)))
  return work.retry === undefined ? attempt : Effect.retry(attempt, work.retry)
}

/** Reads which attempt is running, from 1; `Effect.retry` counts from 0. */
export const currentAttempt = (context: Context.Context<never>): number =>
  Context.get(context, Schedule.CurrentMetadata).attempt + 1
