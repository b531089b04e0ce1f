import * as Duration from "effect/Duration"
import type * as Wait from "../../Wait.ts"

/** The reason why the waiting was over. */
export type End = "settled" | "quota" | "deadline" | "unreachable"

/** The numbers that say when a pool is done. */
export interface Goal {
  /** The number of effects to wait for, of those that `count`. */
  readonly required: number | undefined
  readonly count: Wait.Count
  /** The time after which the pool stops, in milliseconds. */
  readonly deadline: number | undefined
  /** Whether to stop as soon as `required` is out of reach, instead of waiting for the rest. */
  readonly failFast: boolean
}

export const goalOf = (wait: Wait.Wait, total: number, failFast = false): Goal => {
  switch (wait._tag) {
    case "All":
      return { required: failFast ? total : undefined, count: "succeeded", deadline: undefined, failFast }
    case "Quota":
      return { required: wait.required, count: wait.count, deadline: undefined, failFast }
    case "Percentage":
      return {
        // Rounds away the noise of binary fractions: 64.4 percent of 250 is 161.
        required: Math.ceil(Number(((total * wait.percentage) / 100).toPrecision(12))),
        count: wait.count,
        deadline: undefined,
        failFast
      }
    case "ForDuration":
      return { required: undefined, count: "succeeded", deadline: Duration.toMillis(wait.duration), failFast: false }
    case "QuotaOrDuration":
      return {
        required: wait.required,
        count: wait.count,
        deadline: Duration.toMillis(wait.duration),
        failFast: false
      }
  }
}
