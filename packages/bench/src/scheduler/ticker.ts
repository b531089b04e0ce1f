import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"

/** What the timers of a contender do when they fire: each starts an Effect that counts. */
export interface Ticks {
  /** Starts the Effect of one timer. */
  readonly fire: () => void
  /** The Effect itself, for contenders that run Effects. */
  readonly job: Effect.Effect<void>
}

/** Registers so many timers, due every second, and starts them. */
export type Register = (timers: number, ticks: Ticks) => void | Promise<void>

/** One operation is a tick; a run waits for as many as there are timers, which is a second. */
export const ticking =
  (register: Register): Prepare =>
  async (timers) => {
    let count = 0
    let target = Infinity
    let reached = () => {}
    const job = Effect.sync(() => {
      if (++count >= target) reached()
    })
    await register(timers, { job, fire: () => void Effect.runFork(job) })
    return () =>
      new Promise((resolve) => {
        target = (target === Infinity ? count : target) + timers
        reached = () => resolve(timers)
        if (count >= target) reached()
      })
  }
