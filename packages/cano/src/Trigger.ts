/**
 * Triggers say when a flow runs: at an interval, by a cron expression, by an Effect `Schedule`, or only by hand.
 *
 * A trigger is a plain value. What is wrong with it is reported where it is used, by `Scheduler.add`, as a typed error
 * that names the flow.
 *
 * 1. `every` fires when the scheduler starts and then on a fixed grid anchored there: it does not drift, and a slow run
 *    does not move the grid.
 * 2. `cron` is evaluated in UTC unless a time zone is given. (Effect's own default is the zone of the process.)
 * 3. Where clocks are set back, an hour field that starts with `*` keeps firing through the repeated hour; a fixed hour
 *    fires once.
 *
 * @example
 * ```ts
 * import { Trigger } from "effect-cano"
 *
 * const triggers = [
 *   Trigger.every("30 seconds"),
 *   Trigger.cron("0 9 * * MON-FRI", { timeZone: "Europe/Berlin" }),
 *   Trigger.cron("@daily"),
 *   Trigger.manual
 * ]
 * ```
 *
 * @since 0.1.0
 */
import type * as Cron_ from "effect/Cron"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Schedule_ from "effect/Schedule"

/**
 * Says when a flow runs; `R` are the services that its schedule needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Trigger<R = never> = Every | Cron | Scheduled<R> | Manual

/**
 * @since 0.1.0
 */
export declare namespace Trigger {
  /**
   * The services that a trigger needs.
   *
   * @category models
   * @since 0.1.0
   */
  export type Services<T> = T extends Scheduled<infer R> ? R : never
}

/**
 * Fires at a fixed interval.
 *
 * @category models
 * @since 0.1.0
 */
export interface Every {
  readonly _tag: "Every"
  readonly interval: Duration.Input
  readonly firstRun: "atStart" | "afterInterval"
}

/**
 * Fires at the times that match a cron expression.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cron {
  readonly _tag: "Cron"
  readonly expression: string | Cron_.Cron
  readonly timeZone: string | DateTime.TimeZone | undefined
  readonly onDstOverlap: Cron_.DstOverlapPolicy | undefined
  readonly dayMatch: "either" | "both" | undefined
  readonly firstRun: "atStart" | "atMatch"
}

/**
 * Fires as an Effect `Schedule` says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scheduled<out R = never> {
  readonly _tag: "Scheduled"
  readonly schedule: Schedule_.Schedule<unknown, void, never, R>
}

/**
 * Never fires by itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface Manual {
  readonly _tag: "Manual"
}

/**
 * Fires at a fixed interval of at least 1 ms.
 *
 * **Details**
 *
 * The first run is when the scheduler starts, or when the flow is added if that is later; with
 * `firstRun: "afterInterval"` it is one interval after. All others are whole intervals from there. With the flow's option
 * `startAt` they are whole intervals from that time, also if it lies in the past.
 *
 * @category constructors
 * @since 0.1.0
 */
export const every = (
  interval: Duration.Input,
  options?: { readonly firstRun?: "atStart" | "afterInterval" | undefined }
): Every => ({ ...options, _tag: "Every", interval, firstRun: options?.firstRun ?? "atStart" })

/**
 * Fires at the times that match a cron expression, or an Effect `Cron` value.
 *
 * **Details**
 *
 * - 5 fields (minute, hour, day of month, month, weekday) or 6 with leading seconds; lists, ranges, steps and names;
 *   or `@hourly`, `@daily` (`@midnight`), `@weekly`, `@monthly`, `@yearly` (`@annually`). At most 256 characters.
 * - A range may wrap around: `FRI-MON`, hours `22-2`, months `NOV-FEB`. `?` for a day or a weekday is `*`.
 * - Weekdays: 0 and 7 are Sunday, 1 is Monday. (Cano's 1 was Sunday.)
 * - `dayMatch`: whether `"either"` the day of the month or the weekday must match, or `"both"`, if neither is `*`. Default
 *   as in Vixie cron: `"both"` where one of them starts with `*`, as a step of all days does, and `"either"` otherwise. (In Cano
 *   both had to match.)
 * - There is no `L`, `W` or `#`. The second Monday of a month is `0 9 8-14 * MON` with `dayMatch: "both"`.
 * - `firstRun: "atStart"`: it fires also when the scheduler starts, or when the flow is added if that is later; with the
 *   flow's option `startAt`, at that time if it lies ahead. Default: `"atMatch"`, at the first time that matches.
 * - `timeZone`: an IANA name, an offset such as `"+02:00"`, or a `DateTime.TimeZone`. Default: UTC.
 * - `onDstOverlap`: which of the two occurrences of a repeated local time fires: `"earlier"`, `"later"` or `"both"`.
 *   Default: `"both"` where the hour field starts with `*`, `"earlier"` otherwise.
 * - A local time that is skipped when clocks are set forward fires at the same distance after the gap: 02:30 in Berlin
 *   becomes 03:30 on that day.
 *
 * @example
 * ```ts
 * import { Trigger } from "effect-cano"
 *
 * // weekdays at 9 in New York, whatever the season
 * const opening = Trigger.cron("0 9 * * MON-FRI", { timeZone: "America/New_York" })
 *
 * // the second Monday of each month
 * const meeting = Trigger.cron("0 9 8-14 * MON", { dayMatch: "both" })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const cron = (
  expression: string | Cron_.Cron,
  options?: {
    readonly timeZone?: string | DateTime.TimeZone | undefined
    readonly onDstOverlap?: Cron_.DstOverlapPolicy | undefined
    readonly dayMatch?: "either" | "both" | undefined
    readonly firstRun?: "atStart" | "atMatch" | undefined
  }
): Cron => ({
  ...options,
  _tag: "Cron",
  expression,
  timeZone: options?.timeZone,
  onDstOverlap: options?.onDstOverlap,
  dayMatch: options?.dayMatch,
  firstRun: options?.firstRun ?? "atMatch"
})

/**
 * Fires as an Effect `Schedule` says: each of its delays counts from the tick before, the first from the start.
 *
 * **Details**
 *
 * The schedule is stepped when a tick is due, not when a run ends, so a slow run does not delay the next tick; what
 * happens then is the flow's overlap policy. The flow is completed when the schedule is.
 *
 * @example
 * ```ts
 * import { Trigger } from "effect-cano"
 * import * as Schedule from "effect/Schedule"
 *
 * // 1 s, 2 s, 4 s ... after the start
 * const slowingDown = Trigger.schedule(Schedule.exponential("1 second"))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const schedule = <Output, R>(self: Schedule_.Schedule<Output, void, never, R>): Scheduled<R> => ({
  _tag: "Scheduled",
  schedule: self as Schedule_.Schedule<unknown, void, never, R>
})

/**
 * Never fires by itself: the flow runs when `trigger` is called.
 *
 * @category constructors
 * @since 0.1.0
 */
export const manual: Manual = { _tag: "Manual" }
