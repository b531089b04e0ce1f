import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** 16 letters and digits: no two starts of a process share a name. */
export const randomName: Effect.Effect<string> = Effect.map(
  Effect.all([Random.nextIntBetween(0, 36 ** 8), Random.nextIntBetween(0, 36 ** 8)]),
  (parts) => parts.map((part) => part.toString(36).padStart(8, "0")).join("")
)
