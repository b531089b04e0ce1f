import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Agenda } from "./agenda.ts"
import type { LiveFlow } from "./flow.ts"
import type { Ticks } from "./ticks.ts"
import type { WallClock } from "./wallClock.ts"

/**
 * The time between two looks at the clock, in milliseconds: a sleeping fiber does not notice that the clock was set, or that
 * the machine slept. It is far shorter than what makes a tick late, so a tick is not missed for having been noticed late.
 */
const longestSleep = 30_000

/** After so many flows that are due at one time, other fibers get a turn. */
const batchSize = 2048

/** One fiber that sleeps until the earliest flow of the agenda is due, and hands over the flows that are. */
export class Timer {
  private readonly agenda: Agenda<LiveFlow>
  private readonly clock: WallClock
  private readonly ticks: Ticks
  private readonly context: Context.Context<never>
  private isRunning = false
  private driver: Fiber.Fiber<void> | undefined = undefined
  /** When the driver looks next; the past while it is looking. */
  private wakeAt = Infinity

  constructor(options: {
    readonly agenda: Agenda<LiveFlow>
    readonly clock: WallClock
    readonly ticks: Ticks
    readonly context: Context.Context<never>
  }) {
    this.agenda = options.agenda
    this.clock = options.clock
    this.ticks = options.ticks
    this.context = options.context
    this.agenda.onAdd = (at) => {
      if (at < this.wakeAt) this.wake()
    }
  }

  /** Starts the driver, which looks when the caller has given up the thread. */
  start(): void {
    this.isRunning = true
    this.wake()
  }

  stop(): void {
    this.isRunning = false
    this.wakeAt = Infinity
    this.driver?.interruptUnsafe()
  }

  /** Makes the driver look at the agenda now. */
  private wake(): void {
    this.wakeAt = -Infinity
    this.driver?.interruptUnsafe()
    // The caller goes first: a job must not run before the call that added its flow has returned.
    this.driver = Effect.runForkWith(this.context)(Effect.andThen(Effect.yieldNow, Effect.whileLoop(this.loop)))
  }

  private readonly loop = {
    while: () => this.isRunning,
    body: () => this.look(),
    step: () => {}
  }

  /**
   * Lets other fibers go first. It sleeps meanwhile, so that a clock which waits for sleepers, as a `TestClock` does, does
   * not run ahead of the flows that are still due.
   */
  private get givePrecedence(): Effect.Effect<void> {
    return Effect.raceFirst(Effect.yieldNow, this.clock.sleep(1))
  }

  /** Hands over the flows that are due, and gives the pause until the next look. */
  private look(): Effect.Effect<void> {
    this.wakeAt = -Infinity
    const now = this.clock.now()
    this.clock.isHeld = true
    for (let left = batchSize; left > 0; left--) {
      const flow = this.agenda.takeDue(now)
      if (flow === undefined) break
      this.ticks.onDue(flow, now)
    }
    this.ticks.onBatchEnd()
    this.clock.isHeld = false
    return this.pause()
  }

  private pause(): Effect.Effect<void> {
    if (!this.isRunning) return Effect.void
    const { next } = this.agenda
    if (next === undefined) {
      this.wakeAt = Infinity
      return Effect.never
    }
    const now = this.clock.read()
    if (next <= now) return this.givePrecedence
    this.wakeAt = Math.min(next, now + longestSleep)
    return this.clock.sleep(this.wakeAt - now)
  }
}
