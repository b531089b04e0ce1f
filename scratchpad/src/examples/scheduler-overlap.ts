/**
 * The overlap policies and the policies for missed ticks as pictures, drawn from the events of a scheduler in virtual
 * time. A character is 100 ms; the flow is due every 500 ms, and a run takes 800 ms.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"

const width = 30

/** A row for each run: `━` while it runs, `╸` where it ended, `╳` where it was interrupted. */
const draw = Effect.fnUntraced(function* (title: string, options: Scheduler.Options, millis: number, sleepAt?: number) {
  const rows: Array<{ readonly from: number; to: number; end: string }> = []
  const inner = yield* Clock.Clock
  let asleep = 0
  const clock: Clock.Clock = { ...inner, currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + asleep }
  const begin = inner.currentTimeMillisUnsafe()
  const column = () => Math.round((clock.currentTimeMillisUnsafe() - begin) / 100)

  const job = Effect.suspend(() => {
    const row = { from: column(), to: width, end: "━" }
    rows.push(row)
    const end = (sign: string) => Effect.sync(() => Object.assign(row, { to: column(), end: sign }))
    return Effect.sleep(millis).pipe(
      Effect.andThen(end("╸")),
      Effect.onInterrupt(() => end("╳"))
    )
  })
  yield* Effect.gen(function* () {
    const scheduler = yield* Scheduler.make({ grace: 0 })
    yield* scheduler.add("flow", Trigger.every(500), job, options)
    yield* scheduler.start
    if (sleepAt !== undefined) {
      yield* TestClock.adjust(sleepAt)
      asleep = 1500
    }
    yield* TestClock.adjust(width * 100 - (sleepAt ?? 0) - asleep - 1)
    const { missed, skipped } = yield* scheduler.status("flow")
    yield* Console.log(`${title.padEnd(26)}|${"|    ".repeat(width / 5)}  ${skipped} skipped, ${missed} missed`)
    for (const { end, from, to } of rows) {
      yield* Console.log(" ".repeat(27 + from) + "━".repeat(Math.max(0, Math.min(to, width) - from)) + end)
    }
  }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
})

const program = Effect.gen(function* () {
  // #region overlap
  yield* draw("overlap: skip", { overlap: "skip" }, 800)
  yield* draw("overlap: queue", { overlap: "queue" }, 800)
  yield* draw("overlap: allow", { overlap: "allow" }, 800)
  yield* draw("overlap: cancelPrevious", { overlap: "cancelPrevious" }, 800)
  // #endregion
  yield* Console.log("\nthe machine sleeps from 0.9 s to 2.4 s; a run takes 100 ms\n")
  // #region missed
  yield* draw("missed: skip", { missed: "skip" }, 100, 900)
  yield* draw("missed: once", { missed: "once" }, 100, 900)
  yield* draw("missed: { all: 1 s }", { missed: { all: "1 second" } }, 100, 900)
  yield* draw("missed: { all: 1 minute }", { missed: { all: "1 minute" } }, 100, 900)
  // #endregion
})

NodeRuntime.runMain(program.pipe(Effect.provide([TestClock.layer(), Logger.layer([])])))
