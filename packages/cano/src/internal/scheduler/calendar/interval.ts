import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Trigger from "../../../Trigger.ts"
import { described } from "../../faults.ts"
import { isUnitless } from "../../faults.ts"
import type { Timetable } from "../decision.ts"

/** The ticks of `every`: whole intervals from the anchor, rounded to milliseconds. */
export class Interval implements Timetable {
  readonly spacing: number
  readonly isAnchored = true
  readonly isSlow = false
  private readonly millis: number
  private readonly startsFirst: boolean

  constructor(millis: number, firstRun: Trigger.Every["firstRun"]) {
    this.spacing = Math.floor(millis)
    this.millis = millis
    this.startsFirst = firstRun === "atStart"
  }

  first(anchor: number): number {
    return this.startsFirst ? anchor : Math.round(anchor + this.millis)
  }

  next(after: number, anchor: number): number {
    const first = this.first(anchor)
    if (after < first) return first
    const index = Math.floor((after - anchor) / this.millis)
    const tick = Math.round(anchor + (index + 1) * this.millis)
    // The tick, or the quotient, may have been rounded down: then this is the tick at `after` itself.
    return tick > after ? tick : Math.round(anchor + (index + 2) * this.millis)
  }

  count(from: number, until: number, anchor: number): number {
    return Math.floor((until - anchor + 0.5) / this.millis) - Math.round((from - anchor) / this.millis) + 1
  }
}

/** The timetable of an interval, or what is wrong with it. */
export const fromInterval = ({ firstRun, interval }: Trigger.Every): Result.Result<Timetable, string> => {
  const duration = Number.isNaN(interval) || isUnitless(interval) ? Option.none() : Duration.fromInput(interval)
  if (Option.isNone(duration)) {
    return Result.fail(`the interval is not a duration: ${described(interval)}; write "5 minutes", or milliseconds`)
  }
  const millis = Duration.toMillis(duration.value)
  return Number.isFinite(millis) && millis >= 1
    ? Result.succeed(new Interval(millis, firstRun))
    : Result.fail(`the interval is ${inWords(millis, duration.value)}, expected a finite duration from 1 ms`)
}

/** A reader takes what is shorter than a millisecond for a fraction of one. */
const inWords = (millis: number, duration: Duration.Duration): string =>
  millis !== 0 && Math.abs(millis) < 1 ? `${millis} ms` : Duration.format(duration)
