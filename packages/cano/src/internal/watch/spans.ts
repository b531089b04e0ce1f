import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { errorTypeOf, withoutPayloads } from "./redaction.ts"

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
 * fields nor its message, and without the value of a success. They may carry what nobody should read in a trace. `onEnd` adds the last attributes:
 * that costs no step of the fiber.
 */
export const inSpan = <A, E, R>(
  name: string,
  options: SpanOptions,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>,
  onEnd: OnEnd = doNothing
): Effect.Effect<A, E, R> =>
  Effect.useSpan(name, options, (span) => {
    const inside = () => Effect.provideService(use(span), Tracer.ParentSpan, span)
    return (
      isToldHowToEnd(span, onEnd) ? inside() : Effect.onExit(Effect.suspend(inside), (exit) => end(span, exit, onEnd))
    ) as any
  })

/** Adds attributes to a span that ends. */
export type OnEnd = (span: Tracer.Span, exit: Exit.Exit<any, unknown>) => void

const doNothing: OnEnd = () => {}

/**
 * Replaces the method `end` of this one span, if it is of a class; a span that has a method of its own may be one that a
 * tracer gives twice. A finalizer does the same, but a tracer may charge for every step of a fiber, as OpenTelemetry's does.
 */
const isToldHowToEnd = (span: Tracer.Span, onEnd: OnEnd): boolean => {
  if (Object.hasOwn(span, "end")) return false
  const original = span.end
  try {
    span.end = (time, exit) => endWithoutPayload(span, original, time, exit, onEnd)
  } catch {
    return false
  }
  return span.end !== original
}

/** Ends a span before `Effect.useSpan` does. */
const end = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, onEnd: OnEnd): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (span.status._tag === "Started") endWithoutPayload(span, span.end, timeOf(fiber), exit, onEnd)
    return Effect.void
  })

const endWithoutPayload = (
  span: Tracer.Span,
  end: Tracer.Span["end"],
  time: bigint,
  exit: Exit.Exit<unknown, unknown>,
  onEnd: OnEnd
): void => {
  onEnd(span, exit)
  if (Exit.isSuccess(exit)) return end.call(span, time, Exit.void)
  const type = errorTypeOf(exit.cause)
  if (type !== undefined) span.attribute("error.type", type)
  end.call(span, time, Exit.failCause(withoutPayloads(exit.cause)))
}

const timeOf = (fiber: Fiber.Fiber<unknown, unknown>): bigint =>
  fiber.getRef(References.TracerTimingEnabled) ? fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() : 0n

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

/** Adds an event to the span of the fiber, at the time of its clock. */
export const event = (name: string, attributes: Record<string, unknown>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const { span } = fiber.cache
    if (span?._tag === "Span") span.event(name, timeOf(fiber), attributes)
    return Effect.void
  })
