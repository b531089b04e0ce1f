import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { errorTypeOf, withoutPayloads } from "./redaction.ts"

/** Whether the fiber has a tracer. A run asks once, at its start, and without a tracer creates no span. */
export const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracer !== undefined && cache.tracerEnabled

export interface SpanOptions {
  readonly attributes?: Record<string, unknown> | undefined
  readonly root?: boolean | undefined
  readonly links?: ReadonlyArray<Tracer.SpanLink> | undefined
  /** The parent in place of the span around. */
  readonly parent?: Tracer.AnySpan | undefined
}

/**
 * Opens a child span, and runs in it the effect that `use` makes of the span.
 *
 * The span ends differently from one of `Effect.withSpan`. Values, messages and fields of errors may be secrets, so the
 * span gets no value of a success, and of a failure only its kind, as `error.type`, and its stack frames. `onEnd` adds
 * the last attributes.
 *
 * With some tracers, such as OpenTelemetry's, every step of a fiber has its price. So the span opens in one step and ends
 * in none.
 */
export const inSpan = <A, E, R>(
  name: string,
  options: SpanOptions,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>,
  onEnd: OnEnd = doNothing
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let end: ((exit: Exit.Exit<A, E>) => void) | undefined
    const inside = Effect.withFiber<A, E, R>((fiber) => {
      // Only Effect can make the span that records nothing.
      if (!fiber.cache.tracerEnabled) return Effect.useSpan(name, options, (span) => inParent(use(span), span))
      const outside = fiber.context
      const span = opened(fiber, name, options)
      end = (exit) => {
        fiber.setContext(outside)
        if (span.status._tag === "Started") endWithoutPayload(span, timeOf(fiber), exit, onEnd)
      }
      fiber.setContext(Context.add(outside, Tracer.ParentSpan, span))
      return use(span)
    })
    return Effect.onExitPrimitive(inside, (exit) => void end?.(exit))
  })

const inParent = Effect.provideService(Tracer.ParentSpan)

/** Adds attributes to a span that ends. It may give another exit for the span to end with. */
export type OnEnd = (span: Tracer.Span, exit: Exit.Exit<any, unknown>) => Exit.Exit<unknown, unknown> | void

const doNothing: OnEnd = () => {}

/** Makes a child span of something that is over: from a time until another, in nanoseconds since 1970. */
export const past = (
  name: string,
  { from, until, ...options }: SpanOptions & { readonly from: bigint; readonly until: bigint }
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (isTraced(fiber)) opened(fiber, name, options, from).end(until, Exit.void)
    return Effect.void
  })

/** Opens a span as `Effect.makeSpan` does, without a step of the fiber. */
const opened = (
  fiber: Fiber.Fiber<unknown, unknown>,
  name: string,
  { attributes, links = [], parent: given, root = false }: SpanOptions,
  startTime = timeOf(fiber)
): Tracer.Span => {
  const { span: around, tracer = Tracer.nativeTracer } = fiber.cache
  const parent = root ? undefined : (given ?? propagating(around))
  const isTooFine = LogLevel.isGreaterThan(
    fiber.getRef(Tracer.MinimumTraceLevel),
    fiber.getRef(Tracer.CurrentTraceLevel)
  )
  const span = tracer.span({
    name,
    parent: Option.fromUndefinedOr(parent),
    annotations: Context.empty(),
    links: [...fiber.getRef(References.TracerSpanLinks), ...links],
    startTime,
    kind: "internal",
    root,
    sampled: parent?.sampled !== false && !isTooFine
  })
  setAttributes(span, fiber.getRef(References.TracerSpanAnnotations))
  setAttributes(span, attributes)
  return span
}

/** The nearest span that may be a parent. */
export const propagating = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined => {
  if (span === undefined || !Context.get(span.annotations, Tracer.DisablePropagation)) return span
  return span._tag === "Span" ? propagating(Option.getOrUndefined(span.parent)) : undefined
}

const setAttributes = (span: Tracer.Span, attributes: Readonly<Record<string, unknown>> | undefined): void => {
  for (const name in attributes) span.attribute(name, attributes[name])
}

const endWithoutPayload = (span: Tracer.Span, time: bigint, end: Exit.Exit<unknown, unknown>, onEnd: OnEnd): void => {
  const exit = onEnd(span, end) ?? end
  if (Exit.isSuccess(exit)) return span.end(time, Exit.void)
  const type = errorTypeOf(exit.cause)
  if (type !== undefined) span.attribute("error.type", type)
  span.end(time, Exit.failCause(withoutPayloads(exit.cause)))
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
