/**
 * A flow that keeps failing: it backs off, trips, is reset, and recovers. The events tell the story.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"

let isUp = false
const sync = Effect.suspend(() => (isUp ? Effect.void : Effect.fail("the service is down")))

// #region flow
const flow = Scheduler.flow("sync", Trigger.every("10 seconds"), sync, {
  backoff: { base: "15 seconds", factor: 2 },
  trip: 3
})
// #endregion

// #region changes
const show = (event: Scheduler.Event) => {
  const at = `${DateTime.toEpochMillis(event.at) / 1000} s`.padStart(6)
  switch (event._tag) {
    case "RunEnded":
      return Console.log(`${at}  run ${event.run}: ${event.outcome}`)
    case "Skipped":
      return Console.log(`${at}  skipped: ${event.reason}`)
    case "BackedOff":
      return Console.log(`${at}  held until ${DateTime.toEpochMillis(event.until) / 1000} s`)
    case "Tripped":
      return Console.log(`${at}  tripped after ${event.streak} failures`)
    case "Reset":
      return Console.log(`${at}  reset`)
    default:
      return Effect.void
  }
}

const watch = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  yield* Stream.runForEach(scheduler.changes, show)
})
// #endregion

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  yield* Effect.forkScoped(watch, { startImmediately: true })
  yield* Effect.yieldNow
  yield* scheduler.add(flow)
  yield* scheduler.start
  yield* TestClock.adjust("100 seconds")
  isUp = true
  // #region explain
  yield* Console.log(`at 20 s: ${(yield* scheduler.explain(flow, 20_000)).message}`)
  yield* Console.log(`at 100 s: ${(yield* scheduler.explain(flow, 100_000)).message}`)
  yield* scheduler.reset(flow)
  // #endregion
  yield* TestClock.adjust("15 seconds")
})

NodeRuntime.runMain(
  program.pipe(Effect.scoped, Effect.provide(Scheduler.layer()), Effect.provide([TestClock.layer(), Logger.layer([])]))
)
