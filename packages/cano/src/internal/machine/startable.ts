import type * as Effect from "effect/Effect"

/** The key under which a workflow offers its run. Modules that `Workflow` imports cannot import `Workflow`. */
export const StartKey: unique symbol = Symbol("effect-cano/start")

/** A workflow that a fork can start. `Start` is the type of its initial state. */
export interface Startable<out A, out E, out R, out Start> {
  readonly [StartKey]: () => Effect.Effect<A, E, R>
  readonly "~effect-cano/Start"?: Start
}

export const isStartable = (u: unknown): u is Startable<any, any, any, any> =>
  typeof u === "object" && u !== null && StartKey in u
