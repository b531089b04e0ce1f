import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { InvalidCron, InvalidFlow } from "../../SchedulerError.ts"
import type * as Trigger from "../../Trigger.ts"
import { cronFault } from "./cronFault.ts"
import { catchUpLimit, type Timetable } from "./decision.ts"
import * as LocalTime from "./localTime.ts"
import { ZoneOffsets } from "./zoneOffsets.ts"

/** The longest cron expression accepted. */
const maxExpressionLength = 256

/** The ticks of `every`: whole intervals from the anchor, rounded to milliseconds. */
class Interval implements Timetable {
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
    // Of a tick that was rounded down, or a quotient that was.
    return tick > after ? tick : Math.round(anchor + (index + 2) * this.millis)
  }

  count(from: number, until: number, anchor: number): number {
    return Math.floor((until - anchor + 0.5) / this.millis) - Math.round((from - anchor) / this.millis) + 1
  }
}

export const interval = (millis: number, firstRun: Trigger.Every["firstRun"]): Timetable =>
  new Interval(millis, firstRun)

const shorthands: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"]
])

let madeUtc: DateTime.TimeZone.Named | undefined

/** The first zone that a process makes takes 20 ms, so who has no cron flow makes none. */
const utc = (): DateTime.TimeZone.Named => (madeUtc ??= DateTime.zoneMakeNamedUnsafe("UTC"))

/**
 * The timetables of flows. Those with the same trigger share one: a cron tick is searched for, and
 * a text is read, once for all of them.
 */
export class Timetables {
  private readonly shared = new Map<string, { readonly timetable: Timetable; uses: number }>()
  private readonly zones = new Map<string, ZoneOffsets>()

  /** Gives the timetable of a trigger, or what is wrong with it. `now` is when the search for a cron tick begins. */
  acquire(
    flow: string,
    trigger: Trigger.Trigger<any>,
    now: number
  ): Result.Result<Timetable | undefined, InvalidFlow | InvalidCron> {
    const problem = problemOf(trigger)
    if (problem !== undefined) return Result.fail(new InvalidFlow({ flow, problems: [problem] }))
    if (trigger._tag === "Manual" || trigger._tag === "Scheduled") return Result.succeed(undefined)
    const key = keyOf(trigger)
    const found = key === undefined ? undefined : this.shared.get(key)
    if (found !== undefined) {
      found.uses++
      return Result.succeed(found.timetable)
    }
    const timetable: Result.Result<Timetable, InvalidFlow | InvalidCron> =
      trigger._tag === "Every"
        ? every(flow, trigger)
        : Result.flatMap(compile(flow, trigger), (cron) => this.possible(flow, trigger, cron, now))
    if (key !== undefined && Result.isSuccess(timetable))
      this.shared.set(key, { timetable: timetable.success, uses: 1 })
    return timetable
  }

  /** The only way to find out that no date matches is to search for one. */
  private possible(
    flow: string,
    trigger: Trigger.Cron,
    cron: Cron.Cron,
    now: number
  ): Result.Result<Timetable, InvalidCron> {
    const timetable = fromCron(cron, this.offsetsOf(Option.getOrUndefined(cron.tz)))
    if (timetable.next(now, now) !== undefined) return Result.succeed(timetable)
    const { expression } = trigger
    const shown = typeof expression === "string" ? expression : Cron.format(expression)
    return Result.fail(
      new InvalidCron({ flow, expression: shown, fault: "impossible", detail: "no date ever matches it" })
    )
  }

  /** What is known of the offsets of a zone, unless it has only one. */
  private offsetsOf(zone: DateTime.TimeZone | undefined): ZoneOffsets | undefined {
    if (zone === undefined || zone._tag === "Offset" || zone.id === "UTC") return undefined
    const found = this.zones.get(zone.id)
    if (found !== undefined) return found
    const offsets = new ZoneOffsets(zone)
    this.zones.set(zone.id, offsets)
    return offsets
  }

  release(trigger: Trigger.Trigger<any>): void {
    const key = trigger._tag === "Every" || trigger._tag === "Cron" ? keyOf(trigger) : undefined
    const found = key === undefined ? undefined : this.shared.get(key)
    if (found !== undefined && --found.uses === 0) this.shared.delete(key!)
  }
}

/** What is wrong with a trigger that was not made by the constructors, or not from what their types say. */
const problemOf = (trigger: Trigger.Trigger<any>): string | undefined => {
  if (!hasProperty(trigger, "_tag") || !tags.has(trigger._tag)) return "the trigger is none of Trigger's"
  return trigger._tag === "Scheduled" && !Schedule.isSchedule(trigger.schedule)
    ? "the schedule is not a Schedule"
    : undefined
}

const tags: ReadonlySet<unknown> = new Set(["Every", "Cron", "Scheduled", "Manual"])

/** Equal for triggers with the same ticks, where to find that out is worth it: a number is read in no time. */
const keyOf = (trigger: Trigger.Every | Trigger.Cron): string | undefined => {
  if (trigger._tag === "Every") {
    const { firstRun, interval } = trigger
    return typeof interval === "string" ? `${firstRun} ${interval}` : undefined
  }
  const { expression, onDstOverlap, timeZone } = trigger
  return typeof expression === "string" && typeof timeZone !== "object"
    ? `${timeZone ?? "UTC"} ${onDstOverlap ?? ""} ${expression}`
    : undefined
}

const compile = (flow: string, trigger: Trigger.Cron): Result.Result<Cron.Cron, InvalidCron> => {
  const { expression, onDstOverlap } = trigger
  const shown = Cron.isCron(expression) ? Cron.format(expression) : String(expression)
  const refused = (fault: InvalidCron["fault"], detail: string) =>
    Result.fail(new InvalidCron({ flow, expression: abbreviated(shown), fault, detail }))
  if (typeof expression !== "string" && !Cron.isCron(expression))
    return refused("syntax", "it is not a string, nor a Cron")
  const zone = zoneOf(trigger)
  if (Option.isNone(zone))
    return refused("timeZone", `there is no time zone "${abbreviated(String(trigger.timeZone))}"${adviceOn(trigger)}`)
  if (typeof expression !== "string") return Result.succeed(adjusted(expression, trigger, zone.value))
  if (expression.length > maxExpressionLength) {
    return refused("length", `it is ${expression.length} characters long, at most ${maxExpressionLength} are allowed`)
  }
  const fields = shorthands.get(expression.trim()) ?? expression
  return Result.mapError(
    Cron.parse(fields, zone.value, { onDstOverlap: onDstOverlap ?? (hasWildcardHour(fields) ? "both" : "earlier") }),
    (error) =>
      new InvalidCron({
        flow,
        expression: abbreviated(shown),
        fault: "syntax",
        detail: cronFault(fields) ?? error.message
      })
  )
}

const zoneOf = ({ expression, timeZone }: Trigger.Cron): Option.Option<DateTime.TimeZone> => {
  if (timeZone === undefined) {
    return typeof expression === "string" ? Option.some(utc()) : Option.orElseSome(expression.tz, utc)
  }
  if (typeof timeZone !== "string") return Option.some(timeZone)
  if (timeZone.length > maxExpressionLength) return Option.none()
  const zone = DateTime.zoneFromString(timeZone)
  return Option.filter(zone, (zone) => zone._tag === "Named" || Math.abs(zone.offset) <= largestOffset)
}

/** How an offset is written that was meant by `+2`, `-0330` or `UTC+2`. */
const adviceOn = ({ timeZone }: Trigger.Cron): string => {
  const [, sign, hours, minutes] = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/i.exec(String(timeZone).trim()) ?? []
  return sign === undefined || Number(hours) > 18 || Number(minutes ?? 0) > 59
    ? ""
    : `: write "${sign}${hours!.padStart(2, "0")}:${minutes ?? "00"}"`
}

/** A cron value of the user's own, with its zone filled in. */
const adjusted = (cron: Cron.Cron, trigger: Trigger.Cron, zone: DateTime.TimeZone): Cron.Cron =>
  Object.assign(Object.create(Object.getPrototypeOf(cron)), cron, {
    tz: Option.some(zone),
    onDstOverlap: trigger.onDstOverlap ?? cron.onDstOverlap
  })

/** No zone is further from UTC than 18 hours, the bound of ISO 8601 in practice. */
const largestOffset = 18 * 3_600_000

const hasWildcardHour = (fields: string): boolean => fields.trim().split(/\s+/).at(-4)?.startsWith("*") === true

const abbreviated = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

/** The search throws when it has found no date, within decades or until the end of time. */
const fromCron = (cron: Cron.Cron, offsets: ZoneOffsets | undefined): Timetable => {
  const search = Option.liftThrowable(LocalTime.search(cron, offsets))
  let after = NaN
  let tick: number | undefined
  const next = (from: number): number | undefined => {
    // Nothing lies between what was asked last and its answer.
    if (tick === undefined || from < after || from >= tick) {
      tick = Option.getOrUndefined(search(from))
      after = from
    }
    return tick
  }
  return {
    spacing: 1000,
    isAnchored: false,
    isSlow: true,
    first: next,
    next,
    count: (from, until) => {
      let count = 0
      for (let at: number | undefined = from; at !== undefined && at <= until && count < catchUpLimit; at = next(at))
        count++
      return count
    }
  }
}

const every = (flow: string, trigger: Trigger.Every): Result.Result<Timetable, InvalidFlow> => {
  const refused = (problem: string) => Result.fail(new InvalidFlow({ flow, problems: [problem] }))
  const duration = Number.isNaN(trigger.interval) ? Option.none() : Duration.fromInput(trigger.interval)
  if (Option.isNone(duration)) {
    return refused(`the interval is not a duration: ${shown(trigger.interval)}; write "5 minutes", or milliseconds`)
  }
  const millis = Duration.toMillis(duration.value)
  return Number.isFinite(millis) && millis >= 1
    ? Result.succeed(interval(millis, trigger.firstRun))
    : refused(`the interval is ${inWords(millis, duration.value)}, expected a finite duration from 1 ms`)
}

const shown = (input: unknown): string => (typeof input === "string" ? `"${abbreviated(input)}"` : String(input))

/** What is shorter than a millisecond is a fraction of one to a reader. */
const inWords = (millis: number, duration: Duration.Duration): string =>
  millis !== 0 && Math.abs(millis) < 1 ? `${millis} ms` : Duration.format(duration)
