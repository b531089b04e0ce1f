import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Struct from "effect/Struct"
import { InvalidCron, InvalidFlow } from "../../../SchedulerError.ts"
import type * as Trigger from "../../../Trigger.ts"
import { type Checks, expected, isOneOf, optional, optionsProblems } from "../../faults.ts"
import type { Timetable } from "../decision.ts"
import { compile, type CronProblem, format, fromCron } from "./cron.ts"
import { fromInterval } from "./interval.ts"
import { ZoneOffsets } from "./zoneOffsets.ts"

/**
 * The timetables of flows. Flows with equal triggers share one: their text is read, and each cron tick is searched for, once
 * for all of them.
 */
export class Timetables {
  private readonly shared = new Map<string, { readonly timetable: Timetable; uses: number }>()
  private readonly zones = new Map<string, ZoneOffsets>()

  /** The timetable of a trigger, if it has one, or what is wrong with it. The search for a cron tick begins at `now`. */
  acquire(
    flow: string,
    trigger: Trigger.Trigger<any>,
    now: number
  ): Result.Result<Timetable | undefined, InvalidFlow | InvalidCron> {
    const problems = problemsOf(trigger)
    if (problems.length > 0) return Result.fail(new InvalidFlow({ flow, problems }))
    if (trigger._tag === "Manual" || trigger._tag === "Scheduled") return Result.succeed(undefined)
    const key = keyOf(trigger)
    const found = key === undefined ? undefined : this.shared.get(key)
    if (found !== undefined) {
      found.uses++
      return Result.succeed(found.timetable)
    }
    const made = this.make(flow, trigger, now)
    if (key !== undefined && Result.isSuccess(made)) this.shared.set(key, { timetable: made.success, uses: 1 })
    return made
  }

  release(trigger: Trigger.Trigger<any>): void {
    const key = trigger._tag === "Every" || trigger._tag === "Cron" ? keyOf(trigger) : undefined
    const found = key === undefined ? undefined : this.shared.get(key)
    if (found !== undefined && --found.uses === 0) this.shared.delete(key!)
  }

  private make(
    flow: string,
    trigger: Trigger.Every | Trigger.Cron,
    now: number
  ): Result.Result<Timetable, InvalidFlow | InvalidCron> {
    return trigger._tag === "Every"
      ? Result.mapError(fromInterval(trigger), (problem) => new InvalidFlow({ flow, problems: [problem] }))
      : Result.mapError(this.possible(trigger, now), (problem) => new InvalidCron({ flow, ...problem }))
  }

  /** Whether any date matches, only a search for one can tell. */
  private possible(trigger: Trigger.Cron, now: number): Result.Result<Timetable, CronProblem> {
    return Result.flatMap(compile(trigger), (cron) => {
      const timetable = fromCron(cron, this.offsetsOf(Option.getOrUndefined(cron.tz)), trigger.firstRun)
      if (timetable.next(now, now) !== undefined) return Result.succeed(timetable)
      const expression = format(trigger.expression)
      return Result.fail<CronProblem>({ expression, fault: "impossible", detail: "no date ever matches it" })
    })
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
}

type OptionsOf<T> = Omit<T, "_tag" | "interval" | "expression">

const everyChecks: Checks<OptionsOf<Trigger.Every>> = { firstRun: isOneOf("atStart", "afterInterval") }

const cronChecks: Checks<OptionsOf<Trigger.Cron>> = {
  timeZone: () => [],
  onDstOverlap: optional(isOneOf("earlier", "later", "both")),
  dayMatch: optional(isOneOf("either", "both")),
  firstRun: isOneOf("atStart", "atMatch")
}

const isSchedule = expected("a Schedule", Schedule.isSchedule)

/** What is wrong with a trigger that its constructor did not make, or made from input of another type. */
const problemsOf = (trigger: Trigger.Trigger<any>): ReadonlyArray<string> => {
  switch (hasProperty(trigger, "_tag") ? trigger._tag : undefined) {
    case "Every":
      return optionsProblems("the trigger", Struct.omit(trigger as Trigger.Every, ["_tag", "interval"]), everyChecks)
    case "Cron":
      return optionsProblems("the trigger", Struct.omit(trigger as Trigger.Cron, ["_tag", "expression"]), cronChecks)
    case "Scheduled":
      return isSchedule("the schedule", (trigger as Trigger.Scheduled).schedule)
    case "Manual":
      return []
    default:
      return isTrigger("the trigger", trigger)
  }
}

const isTrigger = expected("one of Trigger's", () => false)

/** Equal for triggers with the same ticks, where a shared timetable saves work: an interval in numbers is read at once. */
const keyOf = (trigger: Trigger.Every | Trigger.Cron): string | undefined => {
  if (trigger._tag === "Every") {
    const { firstRun, interval } = trigger
    return typeof interval === "string" ? `${firstRun} ${interval}` : undefined
  }
  const { dayMatch, expression, firstRun, onDstOverlap, timeZone } = trigger
  return typeof expression === "string" && typeof timeZone !== "object"
    ? `${timeZone ?? "UTC"} ${onDstOverlap ?? ""} ${dayMatch ?? ""} ${firstRun} ${expression}`
    : undefined
}
