/**
 * Cano's retry strategies, each under a virtual clock: a task that always fails prints when its attempts started.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"

// #region strategies
const strategies = {
  "none: fail at once": Retry.none,
  "fixed(3, 2 s)": Retry.fixed(3, "2 seconds"),
  "exponential(5), with 10 % jitter": Retry.exponential(5),
  "exponentialCustom, no jitter": Retry.exponentialCustom({ retries: 3, base: "50 millis", factor: 3, jitter: 0 }),
  "exponentialCustom, capped": Retry.exponentialCustom({ retries: 4, maxDelay: "300 millis", jitter: 0 })
}
// #endregion

class ServiceDown extends Data.TaggedError("ServiceDown")<{ readonly attempt: number }> {}

/** Runs a task that always fails until its policy gives up, and shows the delay before each attempt. */
const show = Effect.fnUntraced(function* (name: string, retry: Retry.Policy) {
  const started: Array<number> = []
  const unreliable = Task.make({
    retry,
    run: function* () {
      started.push(yield* Clock.currentTimeMillis)
      return yield* new ServiceDown({ attempt: started.length })
    }
  })
  // #region run
  const run = yield* Effect.forkChild(Effect.flip(Task.run(unreliable)))
  yield* TestClock.adjust("1 minute")
  const error = yield* Fiber.join(run)
  // #endregion
  const delays = started.slice(1).map((time, index) => `${Math.round(time - started[index]!)} ms`)
  yield* Console.log(`${name}\n  delays: ${delays.join(", ") || "none"}; attempts: ${error.attempt}`)
})

const program = Effect.forEach(Object.entries(strategies), ([name, retry]) => show(name, retry), { discard: true })

NodeRuntime.runMain(program.pipe(Random.withSeed("retry"), Effect.provide(TestClock.layer())))
