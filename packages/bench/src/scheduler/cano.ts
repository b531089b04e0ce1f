import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Effect from "effect/Effect"
import type { Register, Ticks } from "./ticker.ts"
import { zones } from "./zones.ts"

const running = (
  timers: number,
  ticks: Ticks,
  trigger: (index: number) => Trigger.Trigger,
  startsFirst = true
): Promise<void> =>
  new Promise((resolve, reject) => {
    const program = Effect.gen(function* () {
      const scheduler = yield* Scheduler.make()
      if (startsFirst) yield* scheduler.start
      for (let i = 0; i < timers; i++) yield* scheduler.add(`flow ${i}`, trigger(i), ticks.job)
      if (!startsFirst) yield* scheduler.start
      resolve()
      return yield* Effect.never
    })
    Effect.runFork(Effect.scoped(program)).addObserver(reject)
  })

/** Each flow is added to a running scheduler, so that their grids differ as those of the others do. */
export const intervals: Register = (timers, ticks) =>
  running(timers, ticks, () => Trigger.every("1 second", { firstRun: "afterInterval" }))

/** All flows have the same grid, and are due at the same time. */
export const oneGrid: Register = (timers, ticks) => running(timers, ticks, () => Trigger.every("1 second"), false)

export const crons: Register = (timers, ticks) =>
  running(timers, ticks, (index) => Trigger.cron("* * * * * *", { timeZone: zones[index % zones.length]! }))
