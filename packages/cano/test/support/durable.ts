import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"

/** Lets time pass, and then everybody do what is due. */
export const pass = (time: Duration.Input): Effect.Effect<void> =>
  Effect.andThen(TestClock.adjust(time), Effect.repeat(Effect.yieldNow, { times: 200 })).pipe(Effect.asVoid)
