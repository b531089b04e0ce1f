import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { Agenda, type Entry, type Slot } from "./agenda.ts"

/**
 * Between two looks at the clock, in milliseconds: a timer does not notice that the clock was set, or the machine slept.
 * Far less than what makes a tick late, or a tick that was on time would be missed for having been noticed late.
 */
const longestSleep = 30_000

/** A clock that is set back by less is not worth a reaction. */
const smallestJump = 1000

/** After so many entries that are due at one instant, other fibers get a turn. */
const batch = 2048

/** What a timer works for. */
export interface Client<A> {
  /** An entry is due, and no longer in the agenda. */
  readonly comeDue: (entry: A, now: number) => void
  /** All that is due, or as much as fits a batch, has been come to. */
  readonly afterwards: () => void
  /** The clock was set back by `-jump`, and none of the entries has moved. */
  readonly setBack: (jump: number, now: number) => void
}

/** One fiber that sleeps until the earliest entry of an agenda is due, and gives out what is. */
export class Timer<A extends Entry> {
  isRunning = false
  /** The clock when it was last read, for what needs no newer time. */
  readAt = NaN
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly agenda = new Agenda<A>()
  /** What is due and has not yet been come to: the next of the first slot. */
  private current: Slot<A> | undefined
  private cursor = 0
  private client: Client<A> | undefined
  private driver: Fiber.Fiber<void> | undefined
  /** When the driver looks next; the past while it is looking. */
  private wakeAt = Infinity
  private isTicking = false
  private wallTime = NaN
  private monotonicTime = 0n

  constructor(clock: Clock.Clock, context: Context.Context<never>) {
    this.clock = clock
    this.context = context
  }

  /** Whole milliseconds: a fraction could make a sleep too short to move the clock. */
  now(): number {
    this.readAt = Math.floor(this.clock.currentTimeMillisUnsafe())
    return this.readAt
  }

  /** The time for what is counted from now on: first all is moved if the clock was set back. */
  look(): number {
    const now = this.now()
    if (this.isRunning && !this.isTicking) this.noticeJump(now)
    return now
  }

  // ---------------------------------------------------------------------------
  // the agenda
  // ---------------------------------------------------------------------------

  add(entry: A): void {
    this.agenda.add(entry)
    if (entry.fireAt < this.wakeAt) this.wake()
  }

  remove(entry: A): void {
    this.agenda.remove(entry)
  }

  /** Takes out everything, also what is due and has not yet been come to. */
  private drain(): ReadonlyArray<A> {
    const late = this.current?.entries.slice(this.cursor).filter((entry) => entry !== undefined) ?? []
    this.current = undefined
    for (const entry of late) entry.slot = undefined
    return [...late, ...this.agenda.drain()]
  }

  /** Takes out the next entry that is due. */
  private nextDue(now: number): A | undefined {
    for (;;) {
      while (this.current !== undefined && this.cursor < this.current.entries.length) {
        const entry = this.current.entries[this.cursor++]
        if (entry === undefined) continue
        entry.slot = undefined
        return entry
      }
      const next = this.agenda.next
      this.current = next !== undefined && next <= now ? this.agenda.take() : undefined
      this.cursor = 0
      if (this.current === undefined) return undefined
    }
  }

  // ---------------------------------------------------------------------------
  // the driver
  // ---------------------------------------------------------------------------

  /** Starts the driver; what is added by then does not have to wake it. */
  start(client: Client<A>): void {
    this.client = client
    this.isRunning = true
    this.wallTime = NaN
    this.wake()
  }

  stop(): void {
    this.isRunning = false
    this.wakeAt = Infinity
    this.drain()
    this.driver?.interruptUnsafe()
  }

  /** Makes the driver look at the agenda now. */
  private wake(): void {
    this.wakeAt = -Infinity
    this.driver?.interruptUnsafe()
    // What woke it comes first: a job must not run before the call that added its flow has returned.
    this.driver = Effect.runForkWith(this.context)(Effect.andThen(Effect.yieldNow, Effect.whileLoop(this.loop)))
  }

  private readonly loop = {
    while: () => this.isRunning,
    body: () => this.tick(),
    step: () => {}
  }

  /** Gives out what is due, and gives what to wait for. */
  private tick(): Effect.Effect<void> {
    this.wakeAt = -Infinity
    const now = this.look()
    this.isTicking = true
    for (let left = batch; left > 0; left--) {
      const entry = this.nextDue(now)
      if (entry === undefined) break
      this.client!.comeDue(entry, now)
    }
    this.client!.afterwards()
    this.isTicking = false
    return this.rest()
  }

  private rest(): Effect.Effect<void> {
    if (!this.isRunning) return Effect.void
    if (this.current !== undefined) return Effect.yieldNow
    const { next } = this.agenda
    if (next === undefined) {
      this.wakeAt = Infinity
      return Effect.never
    }
    const now = this.now()
    if (next <= now) return Effect.yieldNow
    this.wakeAt = Math.min(next, now + longestSleep)
    return this.clock.sleep(Duration.millis(this.wakeAt - now))
  }

  /** Tells when the clock was set back; one set forward shows as entries that are late. */
  private noticeJump(now: number): void {
    const monotonic = this.clock.monotonicTimeNanosUnsafe()
    const jump = Math.round(now - this.wallTime - Number(monotonic - this.monotonicTime) / 1e6)
    this.wallTime = now
    this.monotonicTime = monotonic
    if (jump <= -smallestJump) this.client!.setBack(jump, now)
  }
}
