import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"

/** The service behind `Durable.Run`. */
export class Run extends Context.Service<
  Run,
  {
    readonly id: string
    readonly sequence: number
    readonly attempt: number
    readonly key: string
  }
>()("effect-cano/Durable/Run") {}

/** Keeps the result of an effect inside of a state. A bare run keeps nothing. */
export type Keep = <A, E, R>(
  name: string,
  schema: Schema.Codec<A, any>,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

export const Checkpoints: Context.Reference<Keep> = Context.Reference<Keep>("effect-cano/Durable/Checkpoints", {
  defaultValue: () => (_, __, effect) => effect
})
