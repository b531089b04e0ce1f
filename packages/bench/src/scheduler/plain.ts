import type { Register } from "./ticker.ts"

export const intervals: Register = (timers, ticks) => {
  for (let i = 0; i < timers; i++) setInterval(ticks.fire, 1000)
}
