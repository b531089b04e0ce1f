/**
 * Says how long to wait for a batch of instances, and so when the rest is cancelled.
 *
 * 1. A quota counts **successes**. `{ count: "settled" }` counts failures too, which is Cano's rule.
 * 2. A quota of 0 is met before anything starts: all instances are cancelled.
 * 3. A quota that can no longer be met, also one above the number of instances, waits for the rest.
 * 4. A duration of 0 is over before anything starts.
 * 5. Whichever limit strikes, what had finished by then is kept.
 * 6. Numbers that make no sense are refused with a `ConfigurationError` when the strategy is made.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { countProblems, durationProblems, refuse } from "./internal/faults.ts"

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
 * What counts towards a quota: successes only, or whatever has settled.
 *
 * @category models
 * @since 0.1.0
 */
export type Count = "succeeded" | "settled"

/**
 * How a quota counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface CountOptions {
  /** Default: `"succeeded"`. */
  readonly count?: Count | undefined
}

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
 * Wait.quota(3, { count: "settled" }) // three that ended, however
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const quota = (required: number, options?: CountOptions): Quota => {
  refuse("Wait.quota", countProblems("the quota", required, 0))
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
 * Waits until `percentage` of the instances, from 0 to 100 and rounded up, have succeeded and cancels the rest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const percentage = (percentage: number, options?: CountOptions): Percentage => {
  const valid = percentage >= 0 && percentage <= 100
  refuse("Wait.percentage", valid ? [] : [`the percentage is ${percentage}, expected a number from 0 to 100`])
  return { _tag: "Percentage", percentage, count: options?.count ?? "succeeded" }
}

/**
 * Waits at most this long and cancels what has not settled by then: Cano's `WaitDuration`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const duration = (duration: Duration.Input): ForDuration => {
  refuse("Wait.duration", durationProblems("the duration", duration, "from 0"))
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
    ...countProblems("the quota", required, 0),
    ...durationProblems("the duration", duration, "from 0")
  ])
  return {
    _tag: "QuotaOrDuration",
    required,
    count: options?.count ?? "succeeded",
    duration: Duration.fromInputUnsafe(duration)
  }
}

/**
 * Says a strategy in a few words, as diagrams and spans do.
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
