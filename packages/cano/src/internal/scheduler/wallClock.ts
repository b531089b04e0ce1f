import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"

/** A clock that is set back by less, in milliseconds, is not worth a reaction. */
const smallestJump = 1000

/** The wall clock as a scheduler reads it. While it is watched, it tells when it was set back. */
export class WallClock {
  /** The time of the latest reading, for whoever needs no newer one. */
  lastRead = NaN
  /** Holds back the news of a jump, while the flows that are due at one time are given out. */
  isHeld = false
  private readonly clock: Clock.Clock
  private onSetBack: ((jump: number, now: number) => void) | undefined = undefined
  private wallTime = NaN
  private monotonicTime = 0n

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  /** Reads the time in whole milliseconds: a fraction could make a sleep too short to move the clock. */
  read(): number {
    this.lastRead = Math.floor(this.clock.currentTimeMillisUnsafe())
    return this.lastRead
  }

  /** Reads the time for a delay that begins now. A jump is told first: it must neither shorten nor prolong the delay. */
  now(): number {
    const now = this.read()
    if (this.onSetBack !== undefined && !this.isHeld) this.noticeJump(now, this.onSetBack)
    return now
  }

  sleep(millis: number): Effect.Effect<void> {
    return this.clock.sleep(Duration.millis(millis))
  }

  /** From now on tells when the clock was set back, by `-jump` milliseconds. */
  watch(onSetBack: (jump: number, now: number) => void): void {
    this.onSetBack = onSetBack
    this.wallTime = NaN
  }

  unwatch(): void {
    this.onSetBack = undefined
  }

  /** A clock that was set forward needs no notice: the flows that are due show it. */
  private noticeJump(now: number, onSetBack: (jump: number, now: number) => void): void {
    const monotonic = this.clock.monotonicTimeNanosUnsafe()
    const jump = Math.round(now - this.wallTime - Number(monotonic - this.monotonicTime) / 1e6)
    this.wallTime = now
    this.monotonicTime = monotonic
    if (jump <= -smallestJump) onSetBack(jump, now)
  }
}
