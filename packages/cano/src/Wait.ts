/**
 * Strategies for waiting: how long to wait for a batch of instances before the rest is cancelled.
 *
 * 1. A quota counts **successes**. `{ count: "settled" }` counts failures too, which is Cano's rule.
 * 2. A quota of 0 is met before anything starts: all instances are cancelled.
 * 3. A batch whose quota is out of reach waits for all its instances. A quota above their number is out of reach too.
 * 4. A duration of 0 is over before anything starts.
 * 5. When a limit ends the waiting, the results so far are kept.
 * 6. A constructor refuses numbers that make no sense, with a `ConfigurationError`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { hasProperty } from "effect/Predicate"
import {
  type Check,
  type Checks,
  isCount,
  isDuration,
  isNumber,
  isOneOf,
  optional,
  optionsProblems,
  refuse
} from "./internal/faults.ts"

/**
 * Waits for every instance.
 *
 * @category models
 * @since 0.1.0
 */
export interface All {
  readonly _tag: "All"
}

/**
 * Waits for a number of instances.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quota {
  readonly _tag: "Quota"
  readonly required: number
  readonly count: Count
}

/**
 * Waits for a share of the instances.
 *
 * @category models
 * @since 0.1.0
 */
export interface Percentage {
  readonly _tag: "Percentage"
  readonly percentage: number
  readonly count: Count
}

/**
 * Waits for some time, or until every instance has settled.
 *
 * @category models
 * @since 0.1.0
 */
export interface ForDuration {
  readonly _tag: "ForDuration"
  readonly duration: Duration.Duration
}

/**
 * Waits for a number of instances, but not longer than some time.
 *
 * @category models
 * @since 0.1.0
 */
export interface QuotaOrDuration {
  readonly _tag: "QuotaOrDuration"
  readonly required: number
  readonly count: Count
  readonly duration: Duration.Duration
}

/**
 * A strategy for waiting.
 *
 * @category models
 * @since 0.1.0
 */
export type Wait = All | Quota | Percentage | ForDuration | QuotaOrDuration

/**
 * The instances that count towards a quota: those that succeeded, or all that settled.
 *
 * @category models
 * @since 0.1.0
 */
export type Count = "succeeded" | "settled"

/**
 * The options of a quota.
 *
 * @category models
 * @since 0.1.0
 */
export interface CountOptions {
  /** Default: `"succeeded"`. */
  readonly count?: Count | undefined
}

// -----------------------------------------------------------------------------
// guards
// -----------------------------------------------------------------------------

const isRequired: Check = isCount(0)
const isPercentage: Check = isNumber(0, 100)
const isCounting: Check = isOneOf("succeeded", "settled")
const isTime: Check = isDuration("from 0")

const checks: Record<Wait["_tag"], Checks<any>> = {
  All: {},
  Quota: { required: isRequired, count: isCounting },
  Percentage: { percentage: isPercentage, count: isCounting },
  ForDuration: { duration: isTime },
  QuotaOrDuration: { required: isRequired, count: isCounting, duration: isTime }
}

const countOptionProblems = (options: unknown): ReadonlyArray<string> =>
  options === undefined ? [] : optionsProblems<CountOptions>("options", options, { count: optional(isCounting) })

/**
 * Checks whether a value is a strategy whose numbers make sense.
 *
 * @category guards
 * @since 0.1.0
 */
export const isWait = (u: unknown): u is Wait =>
  hasProperty(u, "_tag") &&
  Object.hasOwn(checks, String(u._tag)) &&
  optionsProblems("", u, { ...checks[u._tag as Wait["_tag"]], _tag: () => [] }).length === 0

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Waits for every instance: Cano's `WaitForever`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: All = { _tag: "All" }

/**
 * Waits until `required` instances have succeeded and cancels the rest: Cano's `WaitForQuota`, but counting successes.
 *
 * @example
 * ```ts
 * import { Wait } from "effect-cano"
 *
 * Wait.quota(3) // three successes
 * Wait.quota(3, { count: "settled" }) // three successes or failures
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const quota = (required: number, options?: CountOptions): Quota => {
  refuse("Wait.quota", [...isRequired("the quota", required), ...countOptionProblems(options)])
  return { _tag: "Quota", required, count: options?.count ?? "succeeded" }
}

/**
 * Waits for the first success and cancels the rest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const any: Quota = quota(1)

/**
 * Waits until a share of the instances has succeeded and cancels the rest. `percentage` is from 0 to 100; the number of
 * instances is rounded up.
 *
 * @category constructors
 * @since 0.1.0
 */
export const percentage = (percentage: number, options?: CountOptions): Percentage => {
  refuse("Wait.percentage", [...isPercentage("the percentage", percentage), ...countOptionProblems(options)])
  return { _tag: "Percentage", percentage, count: options?.count ?? "succeeded" }
}

/**
 * Waits at most this long and cancels the instances that have not settled: Cano's `WaitDuration`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const duration = (duration: Duration.Input): ForDuration => {
  refuse("Wait.duration", isTime("the duration", duration))
  return { _tag: "ForDuration", duration: Duration.fromInputUnsafe(duration) }
}

/**
 * Waits until `required` instances have succeeded, at most this long, and cancels the rest: Cano's
 * `WaitQuotaOrDuration`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const quotaOrDuration = (
  required: number,
  duration: Duration.Input,
  options?: CountOptions
): QuotaOrDuration => {
  refuse("Wait.quotaOrDuration", [
    ...isRequired("the quota", required),
    ...isTime("the duration", duration),
    ...countOptionProblems(options)
  ])
  return {
    _tag: "QuotaOrDuration",
    required,
    count: options?.count ?? "succeeded",
    duration: Duration.fromInputUnsafe(duration)
  }
}

/**
 * Writes a strategy in a few words, as diagrams and spans show it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const format = (wait: Wait): string => {
  switch (wait._tag) {
    case "All":
      return "all"
    case "Quota":
      return `${wait.required} ${wait.count}`
    case "Percentage":
      return `${wait.percentage} percent ${wait.count}`
    case "ForDuration":
      return `for ${Duration.format(wait.duration)}`
    case "QuotaOrDuration":
      return `${wait.required} ${wait.count} or ${Duration.format(wait.duration)}`
  }
}
