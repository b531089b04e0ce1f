import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Register } from "./ticker.ts"

/** A fiber for each job that repeats it on a fixed schedule. */
export const fixed: Register = (timers, ticks) => {
  const schedule = Schedule.fixed("1 second")
  for (let i = 0; i < timers; i++) Effect.runFork(Effect.schedule(ticks.job, schedule))
}

/** A fiber for each job that sleeps until the next time on its grid. */
export const sleeping: Register = (timers, ticks) => {
  const sleeper = (job: Effect.Effect<void>) =>
    Effect.flatMap(Clock.currentTimeMillis, (start) => {
      let next = start
      return Effect.whileLoop({
        while: () => true,
        body: () =>
          Effect.clockWith((clock) => {
            next += 1000
            return Effect.andThen(Effect.sleep(next - clock.currentTimeMillisUnsafe()), job)
          }),
        step: () => {}
      })
    })
  for (let i = 0; i < timers; i++) Effect.runFork(sleeper(ticks.job))
}
