/**
 * Cano's time limit: what has finished by then is kept, the others are interrupted and awaited. Runs in virtual time.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Wait from "effect-cano/Wait"

// #region search
const search = (name: string, millis: number) =>
  Effect.sleep(millis).pipe(
    Effect.as(`${name}: ${millis} hits`),
    Effect.onInterrupt(() => Console.log(`${name} closes its connection`))
  )

const engines = { slow: 900, fast: 120, middle: 450, slowest: 5000 }

const answer = Effect.gen(function* () {
  const searches = Object.entries(engines).map(([name, millis]) => search(name, millis))
  const batch = yield* Concurrent.run(searches, { ids: Object.keys(engines), wait: Wait.duration("500 millis") })
  return { hits: yield* Concurrent.values(batch), status: batch.status }
})
// #endregion

const program = Effect.gen(function* () {
  const run = yield* Effect.forkChild(answer)
  yield* TestClock.adjust("1 minute")
  const { hits, status } = yield* Fiber.join(run)
  yield* Console.log(hits.join("\n"))
  yield* Console.log(`${status.completed} in time, ${status.cancelled} too late`)
})

NodeRuntime.runMain(Effect.provide(program, TestClock.layer()))
