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
  // Services and references are functions as well as Effects.
  if (isEffect(run)) return fromUnknown(Effect.suspend(() => run))
  return run instanceof GeneratorFunction ? Effect.fnUntraced(run as any) : (run as Handler)
}

/** `Effect.isEffect` for a value that is known to be an object. */
export const isEffectObject = (value: object): value is Effect.Effect<unknown, unknown, unknown> => TypeId in value

export const toEffect = (output: unknown): Effect.Effect<any, any, any> => {
  if (isEffect(output)) return output
  return isGenerator(output) ? Effect.gen(() => output) : Effect.succeed(output)
}

/** What a function gives that calls a generator function, instead of being one. */
export const isGenerator = (output: unknown): output is Generator<any, any, any> =>
  typeof output === "object" &&
  output !== null &&
  Symbol.iterator in output &&
  "next" in output &&
  !("_tag" in output) && // a state that happens to be iterable
  !isEffect(output)
