import { SimpleIntervalJob, Task, ToadScheduler } from "toad-scheduler"
import type { Register } from "./ticker.ts"

export const intervals: Register = (timers, ticks) => {
  const scheduler = new ToadScheduler()
  for (let i = 0; i < timers; i++) {
    scheduler.addSimpleIntervalJob(
      new SimpleIntervalJob({ seconds: 1 }, new Task(`task ${i}`, ticks.fire), { id: `job ${i}` })
    )
  }
}
