/** Pieces of code for the guide to retries. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Retry, Task } from "effect-cano"

class Busy extends Data.TaggedError("Busy")<{ readonly after: number }> {}
class Forbidden extends Data.TaggedError("Forbidden")<{}> {}
declare const call: Effect.Effect<void, Busy | Forbidden>

// #region presets
export const policies = {
  none: Retry.none, // one attempt, as without "retry"
  fixed: Retry.fixed(3, "2 seconds"), // 4 attempts, 2 s apart
  exponential: Retry.exponential(5), // 6 attempts: 100, 200, 400, 800, 1600 ms, each ±10 %
  custom: Retry.exponentialCustom({ retries: 3, base: "50 millis", factor: 2, maxDelay: "1 second", jitter: 0.1 })
}
// #endregion

// #region schedule
// every 5 s, for at most 2 minutes: any Schedule is a retry policy
const patient = Schedule.upTo(Schedule.spaced("5 seconds"), { duration: "2 minutes" })

export const poll = Task.make({ retry: patient, run: Effect.as(call, "Done" as const) })
// #endregion

// #region some
export const onlyWhileBusy = Task.make({
  // the schedule is asked with the error that has just happened
  retry: Schedule.while(
    Retry.exponential(5),
    ({ input }: { readonly input: Busy | Forbidden }) => input._tag === "Busy"
  ),
  run: Effect.as(call, "Done" as const)
})
// #endregion

// #region attempt
export const lastChance = Task.make({
  retry: Retry.fixed(2, "1 second"),
  run: function* () {
    const { attempt } = yield* Schedule.CurrentMetadata // 0 on the first attempt
    if (attempt > 0) yield* Effect.logWarning(`retry ${attempt}`)
    yield* call
    return "Done"
  }
})
// #endregion
