import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { AttemptFailure, Interceptor, Part, Run } from "../../Interpreter.ts"
import { described } from "../faults.ts"
import type { AnyEffect } from "../machine/output.ts"

type AnyInterceptor = Interceptor<any, any>

/** Stands around `inner`. */
export type Around = (run: Run, inner: AnyEffect) => AnyEffect

/** The interceptors of a run, combined to one function at each level. A level without interceptors is `undefined`. */
export class Chain {
  readonly run: Around | undefined
  readonly state: Around | undefined
  readonly attempt: Around | undefined
  readonly part: ((run: Run, part: Part, inner: AnyEffect) => AnyEffect) | undefined
  readonly attemptFailed: ((run: Run, failure: AttemptFailure) => Effect.Effect<void>) | undefined

  constructor(interceptors: ReadonlyArray<AnyInterceptor>) {
    this.run = level(interceptors, "run")
    this.state = level(interceptors, "state")
    this.attempt = level(interceptors, "attempt")
    const parts = interceptors.filter((each) => each.part !== undefined)
    this.part =
      parts.length === 0
        ? undefined
        : (run, part, inner) => parts.reduceRight((effect, each) => each.part!(run, part, effect), inner)
    const listeners = interceptors.filter((each) => each.attemptFailed !== undefined)
    this.attemptFailed =
      listeners.length === 0
        ? undefined
        : (run, failure) => Effect.forEach(listeners, (each) => each.attemptFailed!(run, failure), { discard: true })
  }
}

const level = (interceptors: ReadonlyArray<AnyInterceptor>, name: "run" | "state" | "attempt"): Around | undefined => {
  const all = interceptors.filter((each) => each[name] !== undefined)
  const [first] = all
  if (first === undefined) return undefined
  if (all.length === 1) return (run, inner) => first[name]!(run, inner)
  return (run, inner) => all.reduceRight((effect, each) => each[name]!(run, effect), inner)
}

/** A run that an interceptor can end, from inside an attempt. */
export interface Breakable {
  broken: Cause.Cause<unknown> | undefined
}

/**
 * Lets a failure of an interceptor end the run. Inside a state, a policy could retry the failure, an error edge could
 * catch it, or a fork could count it as one failed branch. So there it becomes a defect, and the run ends with the
 * failure.
 */
export const breaking = (self: AnyInterceptor, run: Breakable): AnyInterceptor => ({
  run: self.run && ((at, inner) => effectOf("run", self.run!(at, inner))),
  state: self.state && ((at, inner) => effectOf("state", self.state!(at, inner))),
  attempt:
    self.attempt && ((at, inner) => breaksWith(run, inner, (inner) => effectOf("attempt", self.attempt!(at, inner)))),
  part:
    self.part &&
    ((at, part, inner) => breaksWith(run, inner, (inner) => effectOf("part", self.part!(at, part, inner)))),
  attemptFailed:
    self.attemptFailed &&
    ((at, failure) => {
      const told = breaksWith(run, Effect.void, () => effectOf("attemptFailed", self.attemptFailed!(at, failure)))
      return told as Effect.Effect<void>
    })
})

const breaksWith = (run: Breakable, inner: AnyEffect, around: (inner: AnyEffect) => AnyEffect): AnyEffect =>
  Effect.suspend(() => {
    let failed: Cause.Cause<unknown> = Cause.empty
    const marked = Effect.catchCause(inner, (cause) => {
      failed = cause
      return Effect.failCause(cause)
    })
    return Effect.catchCause(
      Effect.suspend(() => around(marked)),
      (cause) => {
        const added = addedTo(failed, cause)
        if (added.reasons.length === 0) return Effect.failCause(cause)
        run.broken ??= added
        return Effect.die(added)
      }
    )
  })

/** What an interceptor added to the cause of what it stands around. Annotations of a cause add nothing. */
const addedTo = (inner: Cause.Cause<unknown>, outer: Cause.Cause<unknown>): Cause.Cause<unknown> => {
  const known = new Set(inner.reasons.map(errorOf))
  return Cause.fromReasons(outer.reasons.filter((reason) => !known.has(errorOf(reason))))
}

const interruption = Symbol("effect-cano/interruption")

const errorOf = (reason: Cause.Reason<unknown>): unknown => {
  if (Cause.isFailReason(reason)) return reason.error
  return Cause.isDieReason(reason) ? reason.defect : interruption
}

/** An untyped caller may give something else than an Effect. */
const effectOf = <A>(level: string, effect: A): A => {
  if (Effect.isEffect(effect)) return effect
  throw new TypeError(`the interceptor's "${level}" returned ${described(effect)}, not an Effect`)
}
