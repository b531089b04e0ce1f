/**
 * When cron flows fire on the days on which Berlin changes its clocks.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"

// #region triggers
const timeZone = "Europe/Berlin"

const triggers = {
  "30 2 * * *": Trigger.cron("30 2 * * *", { timeZone }),
  '30 2 * * *, "both"': Trigger.cron("30 2 * * *", { timeZone, onDstOverlap: "both" }),
  '30 2 * * *, "later"': Trigger.cron("30 2 * * *", { timeZone, onDstOverlap: "later" }),
  "30 * * * *": Trigger.cron("30 * * * *", { timeZone }),
  '30 * * * *, "earlier"': Trigger.cron("30 * * * *", { timeZone, onDstOverlap: "earlier" }),
  "15,45 2 * * *": Trigger.cron("15,45 2 * * *", { timeZone })
}
// #endregion

const days = {
  "29 March 2026: 02:00 becomes 03:00": "2026-03-29T00:00:00+01:00",
  "25 October 2026: 03:00 becomes 02:00": "2026-10-25T00:00:00+02:00"
}

const show = Effect.fnUntraced(function* (title: string, midnight: string) {
  yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(midnight)))
  const scheduler = yield* Scheduler.make()
  yield* Console.log(title)
  for (const [name, trigger] of Object.entries(triggers)) {
    yield* scheduler.add(name, trigger, Effect.void)
    const ticks = yield* scheduler.preview(name, 5)
    const until = DateTime.add(DateTime.makeUnsafe(midnight), { hours: 5 })
    const local = ticks
      .filter((tick) => DateTime.isLessThan(tick, until))
      .map((tick) =>
        DateTime.formatIsoOffset(DateTime.setZoneNamedUnsafe(tick, timeZone)).slice(11).replace(":00.000", " ")
      )
    yield* Console.log(`  ${name.padEnd(22)} ${local.join("  ")}`)
  }
}, Effect.scoped)

const program = Effect.forEach(Object.entries(days), ([title, midnight]) => show(title, midnight), { discard: true })

NodeRuntime.runMain(program.pipe(Effect.provide(TestClock.layer())))
