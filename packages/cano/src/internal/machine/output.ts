import * as Effect from "effect/Effect"
import { isEffect, TypeId } from "effect/Effect"
import * as Exit from "effect/Exit"
import { ConfigurationError } from "../../ConfigurationError.ts"
import { isPromise } from "../faults.ts"

export type AnyEffect = Effect.Effect<any, any, any>

/**
 * The one form that all accepted forms of a task's `run` are turned into: a function that returns an Effect or a plain
 * value. A generator function is wrapped once, because wrapping it for every call would cost more than running it.
 */
export type Handler = (...args: ReadonlyArray<any>) => unknown

const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as Function

export const fromUnknown = (run: unknown): Handler => {
  if (typeof run !== "function") return () => run
  // Services and references are functions as well as Effects.
  if (isEffect(run)) return fromUnknown(Effect.suspend(() => run))
  return run instanceof GeneratorFunction ? fromGenerator(run as GeneratorHandler) : (run as Handler)
}

/** A handler that is a generator function. */
export type GeneratorHandler = (...args: ReadonlyArray<any>) => Generator<any, any, any>

const GeneratorKey: unique symbol = Symbol("effect-cano/generator")

const fromGenerator = (run: GeneratorHandler): Handler =>
  Object.assign(Effect.fnUntraced(run as any), { [GeneratorKey]: run })

/** The generator function in a handler, for a loop that runs generators itself. */
export const generatorIn = (handler: Handler): GeneratorHandler | undefined =>
  (handler as { readonly [GeneratorKey]?: GeneratorHandler })[GeneratorKey]

export const toEffect = (output: unknown): AnyEffect => {
  // `isEffect` asks more, and costs more; most outputs are plain Effects.
  if (typeof output === "object" && output !== null && TypeId in output) return output as AnyEffect
  if (isEffect(output)) return output
  return isGenerator(output) ? Effect.gen(() => output) : Effect.succeed(output)
}

/** Makes an Effect of a function's output. Nobody would wait for a promise, so a promise is a defect. */
export const effectOf = (subject: string, what: string, output: unknown): AnyEffect =>
  isPromise(output)
    ? Effect.die(new ConfigurationError({ subject, problems: [`${what} returned ${promise}`] }))
    : toEffect(output)

const promise = "a promise, which nobody waits for: return an Effect, as Effect.promise makes"

/** Whether a fiber must run an output to get its value. A successful Exit already has its value. */
export const isPending = (output: unknown): output is AnyEffect =>
  typeof output === "object" && output !== null && TypeId in output && !isSuccess(output)

/** Gives the value of an output that is not pending. */
export const valueOf = (output: unknown): unknown =>
  typeof output === "object" && output !== null && TypeId in output ? (output as Exit.Success<unknown>).value : output

/** Whether an object is a successful Exit. */
export const isSuccess = (output: object): output is Exit.Success<unknown> =>
  "_tag" in output && output._tag === "Success" && Exit.isExit(output)

/** Whether an output is a generator: the output of a plain function that calls a generator function. */
export const isGenerator = (output: unknown): output is Generator<any, any, any> =>
  typeof output === "object" &&
  output !== null &&
  Symbol.iterator in output &&
  "next" in output &&
  !("_tag" in output) && // a state that happens to be iterable
  !isEffect(output)
