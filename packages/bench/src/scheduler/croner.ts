import { Cron } from "croner"
import type { Register } from "./ticker.ts"
import { zones } from "./zones.ts"

export const crons: Register = (timers, ticks) => {
  for (let i = 0; i < timers; i++) new Cron("* * * * * *", { timezone: zones[i % zones.length]! }, ticks.fire)
}

/** Croner's only kind of job; without a time zone it is much faster. */
export const intervals: Register = (timers, ticks) => {
  for (let i = 0; i < timers; i++) new Cron("* * * * * *", ticks.fire)
}
