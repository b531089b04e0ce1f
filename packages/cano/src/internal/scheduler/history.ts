import type { SkipReason } from "../../Scheduler.ts"

/** Ticks one after another that started no run, for the same reason and by the same run. */
export interface Omission {
  from: number
  /** Infinity as long as the reason lasts. */
  to: number
  readonly reason: SkipReason | "missed" | "elsewhere"
  /** The run that was in the way. */
  readonly run: number | undefined
}

/** The number of stretches that a flow remembers. */
const remembered = 64

/** What became of the ticks of a flow that started no run. It is asked by `explain`. */
export class History {
  /** The stretches that end before this time may have been forgotten. */
  forgottenUntil = -Infinity
  private omissions: Array<Omission> = []
  /** The tick before the next one was omitted as well. */
  private isOmitting = false

  /** The latest stretch in which an instant lies. */
  find(instant: number): Omission | undefined {
    return this.omissions.findLast(({ from, to }) => from <= instant && instant <= to)
  }

  /** Remembers ticks that started no run. They join those before them if the reason is the same. */
  recordOmission(from: number, to: number, reason: Omission["reason"], run?: number): void {
    const last = this.omissions[this.omissions.length - 1]
    if (this.isOmitting && last !== undefined && last.reason === reason && last.run === run && last.to <= from) {
      last.to = to
      return
    }
    this.isOmitting = true
    this.omissions.push({ from, to, reason, run })
    if (this.omissions.length > remembered) this.forgetOldest()
  }

  /** Remembers a tick on its own: others may have come since it was due. */
  recordLateOmission(due: number, reason: SkipReason): void {
    this.breakOff()
    this.recordOmission(due, due, reason)
    this.breakOff()
  }

  /** A tick has started a run, or there were no ticks: what is omitted next is another stretch. */
  breakOff(): void {
    this.isOmitting = false
  }

  /** A reason that lasted is over. */
  endOmission(reason: Omission["reason"], now: number): void {
    const lasting = this.omissions.findLast((omission) => omission.reason === reason && omission.to === Infinity)
    if (lasting !== undefined) lasting.to = now
  }

  /** Forgets the ticks after a time, because the clock was set back to it. */
  forgetAfter(now: number): void {
    this.breakOff()
    this.forgottenUntil = Math.min(this.forgottenUntil, now)
    for (const omission of this.omissions) {
      if (omission.to === Infinity) omission.from = Math.min(omission.from, now)
      else omission.to = Math.min(omission.to, now)
    }
    this.omissions = this.omissions.filter(({ from, to }) => from <= to)
  }

  private forgetOldest(): void {
    const oldest = this.omissions.findIndex(({ to }) => to !== Infinity)
    const [forgotten] = this.omissions.splice(oldest, 1)
    this.forgottenUntil = Math.max(this.forgottenUntil, forgotten!.to)
  }
}
