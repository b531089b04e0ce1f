import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** Whether anybody listens. A run asks once, at its start; without a tracer it creates no span at all. */
export const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracer !== undefined && cache.tracerEnabled

/** Opens a child span without capturing a stack: the engine's own frames tell a reader nothing. */
export const span = (
  name: string,
  attributes?: Record<string, unknown>
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const options = { attributes: attributes ?? {}, captureStackTrace: false } as const
  return (effect) => Effect.withSpan(effect, name, options) as typeof effect
}
