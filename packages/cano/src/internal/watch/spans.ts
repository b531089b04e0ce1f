import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { errorTypeOf, withoutPayloads } from "./redaction.ts"

/** Whether the fiber has a tracer. A run asks once, at its start, and without a tracer creates no span. */
export const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracer !== undefined && cache.tracerEnabled

export interface SpanOptions {
  readonly attributes?: Record<string, unknown> | undefined
  readonly root?: boolean | undefined
}

/**
 * Opens a child span, and runs in it the effect that `use` makes of the span.
 *
 * The span ends differently from one of `Effect.withSpan`. Values, messages and fields of errors may be secrets, so the
 * span gets no value of a success, and of a failure only its kind, as `error.type`, and its stack frames. `onEnd` adds
 * the last attributes, at the cost of no step of the fiber.
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
 * Replaces the method `end` of this one span, and says whether that worked. A span with a method `end` of its own is
 * left alone: its tracer may give the same span twice. A finalizer would do instead, but with some tracers, such as
 * OpenTelemetry's, every step of a fiber has its price.
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

/** Runs an effect in a child span, as {@link inSpan} does. */
export const span = (
  name: string,
  attributes?: Record<string, unknown>
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const options = { attributes }
  return (effect) => inSpan(name, options, () => effect)
}

/** The name and the attributes that a caller chooses for a span of the library. */
export interface SpanChoice {
  readonly name: string
  readonly attributes?: Record<string, unknown> | undefined
}

/** Adds an event to the span of the fiber, with the time of the fiber's clock. */
export const event = (name: string, attributes: Record<string, unknown>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const { span } = fiber.cache
    if (span?._tag === "Span") span.event(name, timeOf(fiber), attributes)
    return Effect.void
  })
