/**
 * The policies for missed ticks as a picture, drawn from the runs of a scheduler in virtual time. A character is a minute;
 * the flow is due every 10 minutes, and the machine sleeps from 0:15 to 0:52.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"

const minute = 60_000
const margin = 24

const timeOf = (minutes: number) => `0:${String(minutes).padStart(2, "0")}`

/** What was run when, and for which tick. */
const draw = Effect.fnUntraced(function* (title: string, options: Scheduler.Options) {
  const inner = yield* Clock.Clock
  let slept = 0
  const clock: Clock.Clock = { ...inner, currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + slept }
  const begin = inner.currentTimeMillisUnsafe()
  const ticks: Array<readonly [at: number, due: number]> = []
  const job = ({ due }: Scheduler.Tick) =>
    Effect.sync(() => {
      const at = Math.floor((clock.currentTimeMillisUnsafe() - begin) / minute)
      ticks.push([at, Math.round((DateTime.toEpochMillis(due) - begin) / minute)])
    })
  yield* Effect.gen(function* () {
    const scheduler = yield* Scheduler.make({ grace: 0 })
    yield* scheduler.add("flow", Trigger.every("10 minutes"), job, options)
    yield* scheduler.start
    yield* TestClock.adjust("15 minutes")
    slept = 37 * minute
    yield* TestClock.adjust("9 minutes")
    const { missed } = yield* scheduler.status("flow")
    const marks = Array.from({ length: 64 }, (_, at) => (ticks.some(([ran]) => ran === at) ? "▲" : " ")).join("")
    const caughtUp = ticks.filter(([at]) => at === 52).map(([, due]) => timeOf(due))
    const told = caughtUp.length === 0 ? "" : `; at 0:52 runs for ${caughtUp.join(", ")}`
    yield* Console.log(`${title.padEnd(margin)}${marks.trimEnd()}`)
    yield* Console.log(`${" ".repeat(margin)}${missed} missed${told}`)
  }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
})

const program = Effect.gen(function* () {
  yield* Console.log(`${" ".repeat(margin)}0:00      0:10      0:20      0:30      0:40      0:50      1:00`)
  yield* Console.log(`${"due".padEnd(margin)}${"|         ".repeat(7).trimEnd()}`)
  yield* Console.log(`${"the machine sleeps".padEnd(margin)}${" ".repeat(15)}${"z".repeat(37)}`)
  yield* draw("missed: skip", { missed: "skip" })
  yield* draw("missed: once", { missed: "once" })
  yield* draw("missed: { all: 30 min }", { missed: { all: "30 minutes" } })
  yield* draw("missed: { all: 1 hour }", { missed: { all: "1 hour" } })
})

NodeRuntime.runMain(program.pipe(Effect.provide([TestClock.layer(), Logger.layer([])])))
