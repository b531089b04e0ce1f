import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { InvalidCron } from "../../../SchedulerError.ts"
import type * as Trigger from "../../../Trigger.ts"
import { described } from "../../faults.ts"
import { catchUpLimit, type Timetable } from "../decision.ts"
import { abbreviated } from "./abbreviated.ts"
import { cronFault } from "./cronFault.ts"
import { plainFields } from "./cronFields.ts"
import * as LocalTime from "./localTime.ts"
import type { ZoneOffsets } from "./zoneOffsets.ts"

/** The longest cron expression, and the longest name of a time zone, that are read. */
const maxLength = 256

/** What is wrong with a cron trigger. */
export type CronProblem = Pick<InvalidCron, "expression" | "fault" | "detail">

/** Reads the expression and the time zone of a cron trigger. */
export const compile = (trigger: Trigger.Cron): Result.Result<Cron.Cron, CronProblem> => {
  const { expression, onDstOverlap } = trigger
  const refused = (fault: CronProblem["fault"], detail: string) =>
    Result.fail({ expression: abbreviated(format(expression)), fault, detail })
  if (typeof expression !== "string" && !Cron.isCron(expression)) {
    return refused("syntax", "it is not a string, nor a Cron")
  }
  const zone = zoneOf(trigger)
  if (Option.isNone(zone)) {
    return refused("timeZone", `there is no time zone ${zoneNameOf(trigger)}${adviceOn(trigger)}`)
  }
  if (typeof expression !== "string")
    return Result.succeed(withDayMatch(inZone(expression, trigger, zone.value), trigger))
  if (expression.length > maxLength) {
    return refused("length", `it is ${expression.length} characters long, at most ${maxLength} are allowed`)
  }
  const fields = shorthands.get(expression.trim()) ?? expression
  const overlap = onDstOverlap ?? (hasWildcardHour(fields) ? "both" : "earlier")
  const cron = Cron.parse(plainFields(fields), zone.value, { onDstOverlap: overlap })
  return Result.isFailure(cron)
    ? refused("syntax", cronFault(fields) ?? cron.failure.message)
    : Result.succeed(withDayMatch(cron.success, trigger))
}

/** The expression as the user wrote it, or could have. */
export const format = (expression: Trigger.Cron["expression"]): string =>
  Cron.isCron(expression)
    ? Cron.format(expression)
    : typeof expression === "string"
      ? expression
      : described(expression)

const shorthands: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"]
])

const hasWildcardHour = (fields: string): boolean => fields.trim().split(/\s+/).at(-4)?.startsWith("*") === true

// -----------------------------------------------------------------------------
// time zones
// -----------------------------------------------------------------------------

let madeUtc: DateTime.TimeZone.Named | undefined

/** The first zone of a process takes 20 ms to make, so a process without cron flows makes none. */
const utc = (): DateTime.TimeZone.Named => (madeUtc ??= DateTime.zoneMakeNamedUnsafe("UTC"))

/** No zone is further from UTC than 18 hours, the bound of ISO 8601 in practice. */
const largestOffset = 18 * 3_600_000

const zoneOf = ({ expression, timeZone }: Trigger.Cron): Option.Option<DateTime.TimeZone> => {
  if (timeZone === undefined) {
    return typeof expression === "string" ? Option.some(utc()) : Option.orElseSome(expression.tz, utc)
  }
  if (typeof timeZone !== "string") return DateTime.isTimeZone(timeZone) ? Option.some(timeZone) : Option.none()
  if (timeZone.length > maxLength) return Option.none()
  const zone = DateTime.zoneFromString(timeZone)
  return Option.filter(zone, (zone) => zone._tag === "Named" || Math.abs(zone.offset) <= largestOffset)
}

const zoneNameOf = ({ timeZone }: Trigger.Cron): string =>
  typeof timeZone === "string" ? `"${abbreviated(timeZone)}"` : described(timeZone)

/** How to write the offset that was meant by `+2`, `-0330` or `UTC+2`. */
const adviceOn = ({ timeZone }: Trigger.Cron): string => {
  if (typeof timeZone !== "string") return ""
  const [, sign, hours, minutes] = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/i.exec(timeZone.trim()) ?? []
  return sign === undefined || Number(hours) > 18 || Number(minutes ?? 0) > 59
    ? ""
    : `: write "${sign}${hours!.padStart(2, "0")}:${minutes ?? "00"}"`
}

/** The choice matters only where both the day of the month and the weekday are restricted. */
const withDayMatch = (cron: Cron.Cron, { dayMatch }: Trigger.Cron): Cron.Cron =>
  dayMatch === undefined || cron.days.size === 0 || cron.weekdays.size === 0
    ? cron
    : Object.assign(Object.create(Object.getPrototypeOf(cron)), cron, { and: dayMatch === "both" })

/** A cron value of the user's own, with its zone filled in. */
const inZone = (cron: Cron.Cron, trigger: Trigger.Cron, zone: DateTime.TimeZone): Cron.Cron =>
  Object.assign(Object.create(Object.getPrototypeOf(cron)), cron, {
    tz: Option.some(zone),
    onDstOverlap: trigger.onDstOverlap ?? cron.onDstOverlap
  })

// -----------------------------------------------------------------------------
// ticks
// -----------------------------------------------------------------------------

/** The timetable of a cron value. The search throws when it has found no date, within decades or until the end of time. */
export const fromCron = (
  cron: Cron.Cron,
  offsets: ZoneOffsets | undefined,
  firstRun: Trigger.Cron["firstRun"]
): Timetable => {
  const search = Option.liftThrowable(LocalTime.search(cron, offsets))
  let after = NaN
  let tick: number | undefined
  const next = (from: number): number | undefined => {
    // No tick lies between the latest question and its answer.
    if (tick === undefined || from < after || from >= tick) {
      tick = Option.getOrUndefined(search(from))
      after = from
    }
    return tick
  }
  const count = (from: number, until: number): number => {
    let count = 0
    for (let at: number | undefined = from; at !== undefined && at <= until && count < catchUpLimit; at = next(at)) {
      count++
    }
    return count
  }
  if (firstRun === "atMatch") return { spacing: 1000, isAnchored: false, isSlow: true, first: next, next, count }
  const nextOrFirst = (after: number, anchor: number) => (after < anchor ? anchor : next(after))
  // The start may be a millisecond before a match.
  return { spacing: 1, isAnchored: false, isSlow: true, first: (anchor) => anchor, next: nextOrFirst, count }
}
