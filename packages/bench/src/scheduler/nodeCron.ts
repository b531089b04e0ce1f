import * as cron from "node-cron"
import type { Register } from "./ticker.ts"
import { zones } from "./zones.ts"

export const crons: Register = (timers, ticks) => {
  for (let i = 0; i < timers; i++) cron.schedule("* * * * * *", ticks.fire, { timezone: zones[i % zones.length]! })
}
