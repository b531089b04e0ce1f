import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Tracer from "effect/Tracer"
import { errorTypeOf, typeOf } from "./blame.ts"
import { type Handler, toEffect } from "./handler.ts"
import { event, inSpan } from "./trace.ts"
import { currentAttempt, recoverable, retryAfter, type Work } from "./work.ts"

/** What a watcher of attempts is told. */
export interface Watcher {
  /** An attempt starts; they count from 1. */
  readonly starts: (attempt: number) => void
  /** It has failed, and another one follows. */
  readonly retries: (attempt: number, error: string, delay: Duration.Duration) => void
}

/**
 * All attempts of a unit of work, as one Effect. Where there is a span around them, each has a span of its own if a retry
 * is configured, and each that is followed by another is an event.
 */
export const attemptsOf = (
  work: Work,
  state: unknown,
  span: Tracer.Span | undefined,
  watcher: Watcher | undefined
): Effect.Effect<any, any, any> => {
  const { handler, retry, tracedHandler } = work
  const run = span === undefined ? handler : tracedHandler
  const attempt = () => attemptOf(run, state)
  if (retry === undefined) return attempt()
  const counted = Effect.withFiber((fiber) => {
    const number = currentAttempt(fiber.context)
    watcher?.starts(number)
    return span === undefined ? attempt() : inSpan("attempt", { attributes: { "cano.attempt": number } }, attempt)
  })
  // As in the bare loop: nothing is asked of the policy unless the first attempt fails.
  return Effect.catchCause(counted, (cause) =>
    Option.isNone(recoverable(cause))
      ? Effect.failCause(cause)
      : retryAfter(cause, Schedule.tap(retry, tellRetry(span, watcher)), counted)
  )
}

const tellRetry =
  (span: Tracer.Span | undefined, watcher: Watcher | undefined) =>
  ({ attempt, duration, input }: Schedule.Metadata): Effect.Effect<void> => {
    const error = typeOf(input)
    watcher?.retries(attempt, error, duration)
    return event(span, "retry", {
      "cano.attempt": attempt,
      "error.type": error,
      "cano.retry.delay_ms": Duration.toMillis(duration)
    })
  }

const attemptOf = (run: Handler, state: unknown): Effect.Effect<any, any, any> => {
  try {
    return toEffect(run(state))
  } catch (defect) {
    return Effect.die(defect)
  }
}

/** Adds the event of the attempt that was the last. */
export const lastFailed = (
  span: Tracer.Span | undefined,
  attempt: number,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> => {
  const error = errorTypeOf(cause)
  return error === undefined ? Effect.void : event(span, "failure", { "cano.attempt": attempt, "error.type": error })
}

/** The attempts of a unit of work that is not the task of a state, with their events on the span around them. */
export const tracedAttempts = (work: Work, state: unknown, span: Tracer.Span): Effect.Effect<any, any, any> => {
  let attempt = 1
  const watcher: Watcher = {
    starts: (number) => {
      attempt = number
    },
    retries: () => {}
  }
  return Effect.tapCause(attemptsOf(work, state, span, watcher), (cause) =>
    Effect.suspend(() => lastFailed(span, attempt, cause))
  )
}
