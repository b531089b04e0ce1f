import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Trigger from "../../Trigger.ts"
import { catchUpLimit, type Timetable } from "./decision.ts"
import * as LocalTime from "./localTime.ts"
import { InvalidCron, InvalidFlow } from "./model.ts"

/** The longest cron expression accepted. */
const maxExpressionLength = 256

/** The ticks of `every`: whole intervals from the anchor, rounded to milliseconds. */
export const interval = (millis: number, firstRun: Trigger.Every["firstRun"]): Timetable => {
  const first = (anchor: number) => (firstRun === "atStart" ? anchor : Math.round(anchor + millis))
  return {
    spacing: Math.floor(millis),
    isAnchored: true,
    isSlow: false,
    first,
    next: (after, anchor) => {
      if (after < first(anchor)) return first(anchor)
      const index = Math.floor((after - anchor) / millis)
      const tick = Math.round(anchor + (index + 1) * millis)
      // Of a tick that was rounded down, or a quotient that was.
      return tick > after ? tick : Math.round(anchor + (index + 2) * millis)
    },
    count: (from, until, anchor) =>
      Math.floor((until - anchor + 0.5) / millis) - Math.round((from - anchor) / millis) + 1
  }
}

const shorthands: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"]
])

const utc = DateTime.zoneMakeNamedUnsafe("UTC")

/**
 * The timetables of flows. Those with the same trigger share one: computing a cron tick takes up to 0.2 ms, and is done
 * once for all of them.
 */
export class Timetables {
  private readonly shared = new Map<string, { readonly timetable: Timetable; uses: number }>()

  /** Gives the timetable of a trigger, or what is wrong with it. `now` is when the search for a cron tick begins. */
  acquire(
    flow: string,
    trigger: Trigger.Trigger<any>,
    now: number
  ): Result.Result<Timetable | undefined, InvalidFlow | InvalidCron> {
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
        : Result.flatMap(compile(flow, trigger), (cron) => possible(flow, trigger, cron, now))
    if (key !== undefined && Result.isSuccess(timetable))
      this.shared.set(key, { timetable: timetable.success, uses: 1 })
    return timetable
  }

  release(trigger: Trigger.Trigger<any>): void {
    const key = trigger._tag === "Every" || trigger._tag === "Cron" ? keyOf(trigger) : undefined
    const found = key === undefined ? undefined : this.shared.get(key)
    if (found !== undefined && --found.uses === 0) this.shared.delete(key!)
  }
}

/** Equal for triggers with the same ticks, where that can be told without reading them. */
const keyOf = (trigger: Trigger.Every | Trigger.Cron): string | undefined => {
  if (trigger._tag === "Every") {
    const { firstRun, interval } = trigger
    return typeof interval === "object" ? undefined : `${firstRun} ${typeof interval} ${interval}`
  }
  const { expression, onDstOverlap, timeZone } = trigger
  return typeof expression === "string" && typeof timeZone !== "object"
    ? `${timeZone ?? "UTC"} ${onDstOverlap ?? ""} ${expression}`
    : undefined
}

const compile = (flow: string, trigger: Trigger.Cron): Result.Result<Cron.Cron, InvalidCron> => {
  const { expression, onDstOverlap } = trigger
  const shown = typeof expression === "string" ? expression : Cron.format(expression)
  const refused = (fault: InvalidCron["fault"], detail: string) =>
    Result.fail(new InvalidCron({ flow, expression: abbreviated(shown), fault, detail }))
  const zone = zoneOf(trigger)
  if (Option.isNone(zone))
    return refused("timeZone", `there is no time zone "${abbreviated(String(trigger.timeZone))}"`)
  if (typeof expression !== "string") return Result.succeed(adjusted(expression, trigger, zone.value))
  if (expression.length > maxExpressionLength) {
    return refused("length", `it is ${expression.length} characters long, at most ${maxExpressionLength} are allowed`)
  }
  const fields = shorthands.get(expression.trim()) ?? expression
  return Result.mapError(
    Cron.parse(fields, zone.value, { onDstOverlap: onDstOverlap ?? (hasWildcardHour(fields) ? "both" : "earlier") }),
    (error) => new InvalidCron({ flow, expression: abbreviated(shown), fault: "syntax", detail: error.message })
  )
}

const zoneOf = ({ expression, timeZone }: Trigger.Cron): Option.Option<DateTime.TimeZone> => {
  if (timeZone === undefined) {
    return typeof expression === "string" ? Option.some(utc) : Option.orElseSome(expression.tz, () => utc)
  }
  if (typeof timeZone !== "string") return Option.some(timeZone)
  if (timeZone.length > maxExpressionLength) return Option.none()
  const zone = DateTime.zoneFromString(timeZone)
  return Option.filter(zone, (zone) => zone._tag === "Named" || Math.abs(zone.offset) <= largestOffset)
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

/** The only way to find out that no date matches is to search for one. */
const possible = (
  flow: string,
  trigger: Trigger.Cron,
  cron: Cron.Cron,
  now: number
): Result.Result<Timetable, InvalidCron> =>
  Result.try({
    try: () => {
      const timetable = fromCron(cron)
      timetable.next(now, now)
      return timetable
    },
    catch: () => {
      const { expression } = trigger
      const shown = typeof expression === "string" ? expression : Cron.format(expression)
      return new InvalidCron({ flow, expression: shown, fault: "impossible", detail: "no date ever matches it" })
    }
  })

const fromCron = (cron: Cron.Cron): Timetable => {
  const search = LocalTime.search(cron)
  let after = NaN
  let tick = NaN
  const next = (from: number): number => {
    if (from !== after) {
      tick = search(from)
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
      for (let at = from; at <= until && count < catchUpLimit; at = next(at)) count++
      return count
    }
  }
}

const every = (flow: string, trigger: Trigger.Every): Result.Result<Timetable, InvalidFlow> => {
  const refused = (problem: string) => Result.fail(new InvalidFlow({ flow, problems: [problem] }))
  const duration = Number.isNaN(trigger.interval) ? Option.none() : Duration.fromInput(trigger.interval)
  if (Option.isNone(duration)) return refused("the interval is not a duration")
  const millis = Duration.toMillis(duration.value)
  return Number.isFinite(millis) && millis >= 1
    ? Result.succeed(interval(millis, trigger.firstRun))
    : refused(`the interval is ${Duration.format(duration.value)}, expected a finite duration from 1 ms`)
}
