/**
 * The overlap policies as a picture, drawn from the runs of a scheduler in virtual time. A character is 100 ms; the flow
 * is due every 500 ms, and a run takes 800 ms.
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
const draw = Effect.fnUntraced(function* (title: string, options: Scheduler.Options) {
  const rows: Array<{ readonly from: number; to: number; end: string }> = []
  const clock = yield* Clock.Clock
  const begin = clock.currentTimeMillisUnsafe()
  const column = () => Math.round((clock.currentTimeMillisUnsafe() - begin) / 100)

  const job = Effect.suspend(() => {
    const row = { from: column(), to: width, end: "━" }
    rows.push(row)
    const end = (sign: string) => Effect.sync(() => Object.assign(row, { to: column(), end: sign }))
    return Effect.sleep(800).pipe(
      Effect.andThen(end("╸")),
      Effect.onInterrupt(() => end("╳"))
    )
  })
  const scheduler = yield* Scheduler.make({ grace: 0 })
  yield* scheduler.add("flow", Trigger.every(500), job, options)
  yield* scheduler.start
  yield* TestClock.adjust(width * 100 - 1)
  const { skipped } = yield* scheduler.status("flow")
  yield* Console.log(`${title.padEnd(25)}${"|    ".repeat(width / 5)}  ${skipped} skipped`)
  for (const { end, from, to } of rows) {
    yield* Console.log(" ".repeat(25 + from) + "━".repeat(Math.max(0, Math.min(to, width) - from)) + end)
  }
}, Effect.scoped)

const program = Effect.gen(function* () {
  yield* draw("overlap: skip", { overlap: "skip" })
  yield* draw("overlap: queue", { overlap: "queue" })
  yield* draw("overlap: allow", { overlap: "allow" })
  yield* draw("overlap: cancelPrevious", { overlap: "cancelPrevious" })
})

NodeRuntime.runMain(program.pipe(Effect.provide([TestClock.layer(), Logger.layer([])])))
