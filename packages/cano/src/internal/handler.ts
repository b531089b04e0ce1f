import * as Effect from "effect/Effect"
import { isEffect, TypeId } from "effect/Effect"

/**
 * Any accepted form of a handler, made one: a function of its arguments that returns an Effect or a plain value.
 * Generator functions are wrapped here, once, because wrapping them for every call costs more than running them.
 */
export type Handler = (...args: ReadonlyArray<any>) => unknown

const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as Function

export const fromUnknown = (run: unknown): Handler => {
  if (typeof run !== "function") return () => run
  return run instanceof GeneratorFunction ? Effect.fnUntraced(run as any) : (run as Handler)
}

/** `Effect.isEffect` for a value that is known to be an object. */
export const isEffectObject = (value: object): value is Effect.Effect<unknown, unknown, unknown> => TypeId in value

export const toEffect = (output: unknown): Effect.Effect<any, any, any> =>
  isEffect(output) ? output : Effect.succeed(output)
