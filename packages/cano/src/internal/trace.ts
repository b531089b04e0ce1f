import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { errorTypeOf, withoutPayloads } from "./blame.ts"

/** Whether anybody listens. A run asks once, at its start; without a tracer it creates no span at all. */
export const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracer !== undefined && cache.tracerEnabled

export interface SpanOptions {
  readonly attributes?: Record<string, unknown> | undefined
  readonly root?: boolean | undefined
}

/**
 * Runs an effect in a child span, which it is given.
 *
 * It differs from `Effect.withSpan` in how the span ends: with the kind of a failure, as `error.type`, and neither its
 * fields nor its message, and without the value of a success. They may carry what nobody should read in a trace.
 */
export const inSpan = <A, E, R>(
  name: string,
  options: SpanOptions,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.useSpan(name, options, (span) => {
    endWithoutPayload(span)
    return Effect.provideService(use(span), Tracer.ParentSpan, span) as Effect.Effect<A, E, R>
  })

/**
 * Replaces the method of this one span. A finalizer inside the one that ends the span would do it as well, but a tracer
 * may charge for every step of a fiber, as OpenTelemetry's does.
 */
const endWithoutPayload = (span: Tracer.Span): void => {
  const end = span.end.bind(span)
  span.end = (time, exit) => {
    if (Exit.isSuccess(exit)) return end(time, Exit.void)
    const type = errorTypeOf(exit.cause)
    if (type !== undefined) span.attribute("error.type", type)
    end(time, Exit.failCause(withoutPayloads(exit.cause)))
  }
}

/** {@link inSpan} for an effect that has no use for its span. */
export const span = (
  name: string,
  attributes?: Record<string, unknown>
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const options = { attributes }
  return (effect) => inSpan(name, options, () => effect)
}

/** What a caller may say about the span that the library opens for it. */
export interface SpanChoice {
  readonly name: string
  readonly attributes?: Record<string, unknown> | undefined
}

/** Adds an event to a span, at the time of the clock. */
export const event = (
  span: Tracer.Span | undefined,
  name: string,
  attributes: Record<string, unknown>
): Effect.Effect<void> =>
  span === undefined
    ? Effect.void
    : Effect.clockWith((clock) => Effect.sync(() => span.event(name, clock.currentTimeNanosUnsafe(), attributes)))
