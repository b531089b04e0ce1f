import type { Contender } from "../harness/contender.ts"
import { ratio, type Suite } from "../harness/suite.ts"
import type { Register } from "../scheduler/ticker.ts"

const contender = (name: string, label: string, timers: number, load: () => Promise<Register>): Contender => ({
  name,
  label,
  operations: timers,
  load: async () => (await import("../scheduler/ticker.ts")).ticking(await load())
})

const cano = () => import("../scheduler/cano.ts")
const effect = () => import("../scheduler/effect.ts")

const intervals = (size: string, timers: number): Suite => ({
  name: `scheduler-${size}`,
  title: `Scheduler: ${timers.toLocaleString("en-US")} intervals`,
  about:
    "Jobs that are due every second, each at its own time of the second as they were registered one after another. Each " +
    "tick starts the same Effect, which counts. One run is a second, and as many ticks as there are jobs.",
  operation: "tick",
  unit: "us",
  clock: "cpu",
  baseline: "setInterval",
  contenders: [
    contender(
      "setInterval",
      "`setInterval` that runs the Effect",
      timers,
      async () => (await import("../scheduler/plain.ts")).intervals
    ),
    contender("cano", "effect-cano scheduler", timers, async () => (await cano()).intervals),
    contender("toad-scheduler", "toad-scheduler", timers, async () => (await import("../scheduler/toad.ts")).intervals),
    contender("sleeping", "a sleeping fiber each", timers, async () => (await effect()).sleeping),
    contender("fixed", "`Schedule.fixed` in a fiber each", timers, async () => (await effect()).fixed),
    // It runs out of memory at 100,000.
    ...(timers > 10_000
      ? []
      : [contender("croner", "croner", timers, async () => (await import("../scheduler/croner.ts")).intervals)])
  ],
  comparisons: [
    ratio("cano", "setInterval", { atMost: 1.5 }),
    ratio("cano", "toad-scheduler"),
    ratio("cano", "sleeping"),
    ratio("cano", "fixed")
  ]
})

export const scheduler1k = intervals("1k", 1000)
export const scheduler10k = intervals("10k", 10_000)
export const scheduler100k = intervals("100k", 100_000)

export const schedulerCron: Suite = {
  name: "scheduler-cron",
  title: "Scheduler: cron expressions in eight time zones",
  about:
    "Jobs that are due every second by a cron expression, in eight time zones: 10,000 for effect-cano, where jobs with the " +
    "same expression and zone share its ticks, and 1,000 for the others, which cannot keep up with more. Each tick starts " +
    "the same Effect, which counts.",
  operation: "tick",
  unit: "us",
  clock: "cpu",
  baseline: "cano",
  contenders: [
    contender("cano", "effect-cano scheduler", 10_000, async () => (await cano()).crons),
    contender("croner", "croner", 1000, async () => (await import("../scheduler/croner.ts")).crons),
    contender("node-cron", "node-cron", 1000, async () => (await import("../scheduler/nodeCron.ts")).crons)
  ],
  comparisons: [ratio("cano", "croner"), ratio("cano", "node-cron")]
}
