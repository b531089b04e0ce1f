import type * as Effect from "effect/Effect"

/** How a workflow offers itself to modules that it imports, and that therefore cannot import it. */
export const RunKey: unique symbol = Symbol("effect-cano/run")

/** A workflow, as far as a fork needs it. `Start` is the state it starts in. */
export interface Runnable<out A, out E, out R, out Start> {
  readonly [RunKey]: () => Effect.Effect<A, E, R>
  readonly "~effect-cano/Start"?: Start
}

export const isRunnable = (u: unknown): u is Runnable<any, any, any, any> =>
  typeof u === "object" && u !== null && RunKey in u
