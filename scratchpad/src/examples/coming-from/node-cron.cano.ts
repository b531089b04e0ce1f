/** The same job here. */
// #region program
import { Scheduler, Trigger } from "effect-cano"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Stream from "effect/Stream"

class ServerAway extends Data.TaggedError("ServerAway")<{}> {}

const sync = ({ run }: Scheduler.Tick) => (run === 2 ? Effect.fail(new ServerAway()) : Effect.void)

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  // no `overlap`: a tick that finds a run in flight is skipped
  yield* scheduler.add("sync", Trigger.cron("* * * * * *", { timeZone: "Europe/Berlin" }), sync, { maxRuns: 3 })
  const ended = scheduler.changes.pipe(
    Stream.filter((event) => event._tag === "RunEnded"),
    Stream.take(3),
    Stream.runForEach(({ outcome, run }) => Console.log(`run ${run}: ${outcome}`))
  )
  const over = yield* Effect.forkChild(ended, { startImmediately: true })
  yield* scheduler.start
  yield* Fiber.join(over)
}).pipe(Effect.provide(Scheduler.layer()), Effect.provideService(References.MinimumLogLevel, "None"))

await Effect.runPromise(program)
// #endregion
