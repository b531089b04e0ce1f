import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"

/** Lets time pass, and then everybody do what is due. */
export const pass = (time: Duration.Input): Effect.Effect<void> =>
  Effect.andThen(TestClock.adjust(time), Effect.repeat(Effect.yieldNow, { times: 50 })) as Effect.Effect<void>
