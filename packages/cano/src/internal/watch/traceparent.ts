import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { propagating } from "./spans.ts"

/*
 * The place in a trace, as a W3C `traceparent`: text that stands in the row of a durable run.
 */

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** The span of a fiber; none outside of all spans, and none for a tracer whose ids are not those of W3C. */
export const traceparentOf = ({ cache }: Fiber.Fiber<unknown, unknown>): string | undefined => {
  const span = propagating(cache.span)
  if (span === undefined) return undefined
  const text = `00-${span.traceId.padStart(32, "0")}-${span.spanId}-${span.sampled ? "01" : "00"}`
  return pattern.test(text) ? text : undefined
}

/** The span that a text names; none for a text that is no `traceparent`. */
export const spanAt = (traceparent: string | undefined): Tracer.ExternalSpan | undefined => {
  const [, traceId, spanId, flags] = pattern.exec(traceparent ?? "") ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return Tracer.externalSpan({ traceId, spanId, sampled: Number.parseInt(flags, 16) % 2 === 1 })
}
