/**
 * Cano's graceful shutdown example: a stop that waits, and one whose grace is over before a run has ended.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"

const work = (name: string, seconds: number) =>
  Effect.sleep(`${seconds} seconds`).pipe(
    Effect.andThen(Console.log(`  ${name} has ended`)),
    Effect.onInterrupt(() => Console.log(`  ${name} was interrupted, and cleans up`))
  )

const show = Effect.fnUntraced(function* (grace: "10 seconds" | "1 minute") {
  const scheduler = yield* Scheduler.make()
  yield* scheduler.add("quick", Trigger.every("1 minute"), work("quick", 5))
  yield* scheduler.add("slow", Trigger.every("1 minute"), work("slow", 30))
  yield* scheduler.start
  yield* TestClock.adjust("1 second")
  yield* Console.log(`stop with a grace of ${grace}`)

  // #region stop
  const stopping = yield* Effect.forkChild(scheduler.stop({ grace }))
  yield* TestClock.adjust("2 minutes")
  const { interrupted } = yield* Fiber.join(stopping)
  yield* Console.log(`  interrupted: ${interrupted.map(({ flow, run }) => `${flow}, run ${run}`).join("; ") || "none"}`)
  // #endregion
}, Effect.scoped)

const program = Effect.andThen(show("1 minute"), show("10 seconds"))

NodeRuntime.runMain(program.pipe(Effect.provide(TestClock.layer())))
