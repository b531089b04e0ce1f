import * as Effect from "effect/Effect"
import { isEffect, TypeId } from "effect/Effect"
import * as Exit from "effect/Exit"
import { ConfigurationError } from "../../ConfigurationError.ts"
import { isPromise } from "../faults.ts"

export type AnyEffect = Effect.Effect<any, any, any>

/**
 * Any accepted form of a task's `run`, made one: a function of its arguments that returns an Effect or a plain value.
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

export const toEffect = (output: unknown): AnyEffect => {
  // `isEffect` asks more, and costs more; most outputs are plain Effects.
  if (typeof output === "object" && output !== null && TypeId in output) return output as AnyEffect
  if (isEffect(output)) return output
  return isGenerator(output) ? Effect.gen(() => output) : Effect.succeed(output)
}

/** What a phase gives to the next one: anything but a promise, which nobody would wait for. */
export const phaseEffect = (phase: string, output: unknown): AnyEffect =>
  isPromise(output)
    ? Effect.die(new ConfigurationError({ subject: "Node.make", problems: [`${phase} returned ${promise}`] }))
    : toEffect(output)

const promise = "a promise, which nobody waits for: return an Effect, as Effect.promise makes"

/** An Effect that a fiber must run: a successful Exit already has its value. */
export const isPending = (output: unknown): output is AnyEffect =>
  typeof output === "object" && output !== null && TypeId in output && !isSuccess(output)

/** The value of an output that is not pending. */
export const valueOf = (output: unknown): unknown =>
  typeof output === "object" && output !== null && TypeId in output ? (output as Exit.Success<unknown>).value : output

const isSuccess = (output: object): boolean => "_tag" in output && output._tag === "Success" && Exit.isExit(output)

/** What a function gives that calls a generator function, instead of being one. */
export const isGenerator = (output: unknown): output is Generator<any, any, any> =>
  typeof output === "object" &&
  output !== null &&
  Symbol.iterator in output &&
  "next" in output &&
  !("_tag" in output) && // a state that happens to be iterable
  !isEffect(output)
