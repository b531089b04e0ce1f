import * as Duration from "effect/Duration"
import { type Check, type Checks, described, durationProblems, isPromise, optionsProblems } from "../faults.ts"

/** Checks options by themselves. A promise is an object that has none of its own, and would pass for no options. */
export const isOptions =
  <Options>(checks: Checks<Options>): Check =>
  (what, options) =>
    isPromise(options)
      ? [`${what} is ${described(options)}, expected an object`]
      : optionsProblems(what, options, checks)

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] as const

/** An object that `Duration.fromInput` would read as 0, because it has no unit of time. */
export const isNoDuration = (input: unknown): boolean =>
  isPromise(input) ||
  (typeof input === "object" &&
    input !== null &&
    !Duration.isDuration(input) &&
    !Array.isArray(input) &&
    !units.some((unit) => unit in input))

/** Checks a duration, under a name of its own if it has one. */
export const isSpanOfTime =
  (bound: "from 0" | "above 0", name?: string): Check =>
  (what, input) =>
    isNoDuration(input) ? [`${name ?? what} is not a duration`] : durationProblems(name ?? what, input, bound)
