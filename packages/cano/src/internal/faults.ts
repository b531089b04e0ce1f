import * as Duration from "effect/Duration"
import { isEffect } from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isPromiseLike } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { ConfigurationError } from "../ConfigurationError.ts"

/*
 * The checks of definitions and options. Typed callers cannot fail most of them; untyped callers can. A check lists the
 * faults of a value. Each sentence names the option, its value and the expected value.
 */

// -----------------------------------------------------------------------------
// refusing
// -----------------------------------------------------------------------------

/** The most faults in an error. Many faults mostly have one cause, and the first few show it. */
const most = 20

const shortened = (problems: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...problems.slice(0, most),
  `and ${problems.length - most} more`
]

export const refuse = (subject: string, problems: ReadonlyArray<string>): void => {
  if (problems.length > 0)
    throw new ConfigurationError({ subject, problems: problems.length > most ? shortened(problems) : problems })
}

/** Names a definition, such as `Task "charge"`. If its name is no string, gives `call` instead. */
export const subjectOf = (kind: string, name: unknown, call: string = kind): string =>
  typeof name === "string" ? `${kind} "${name.slice(0, 40)}"` : call

// -----------------------------------------------------------------------------
// values
// -----------------------------------------------------------------------------

/** Describes a value: a number, a boolean or a short string as it is, any other value by its kind. */
export const described = (value: unknown): string => {
  switch (typeof value) {
    case "undefined":
    case "number":
    case "boolean":
      return String(value)
    case "bigint":
      return `${value}n`
    case "string":
      return value.length <= 40 ? JSON.stringify(value) : "a long string"
    case "symbol":
      return "a symbol"
  }
  if (value === null) return "null"
  if (isEffect(value)) return "an Effect"
  if (isPromise(value)) return "a promise"
  if (Array.isArray(value)) return "a list"
  return typeof value === "function" ? "a function" : "an object"
}

/**
 * Whether a value is a promise. Nobody will wait for the promise, so its rejection is handled here. An unhandled
 * rejection would end the process, with everything else that runs in it.
 */
export const isPromise = (value: unknown): boolean => {
  if (!isPromiseLike(value)) return false
  try {
    value.then(undefined, () => {})
  } catch {
    // A thenable of another kind: there is no rejection to take.
  }
  return true
}

// -----------------------------------------------------------------------------
// checks
// -----------------------------------------------------------------------------

/** Lists the faults of a value. `what` names the value; a right value has no faults. */
export type Check = (what: string, value: unknown) => ReadonlyArray<string>

/** The longest name or tag, in characters. Names get into spans, metrics and journals. */
const maxNameLength = 256

export const nameProblems = (what: string, name: unknown): ReadonlyArray<string> => {
  if (typeof name !== "string") return [`${what} is not a string`]
  if (name.length === 0) return [`${what} is empty`]
  return name.length > maxNameLength
    ? [`${what} "${name.slice(0, 40)}…" is ${name.length} characters long, at most ${maxNameLength} are allowed`]
    : []
}

export const durationProblems = (what: string, input: unknown, bound: "from 0" | "above 0"): ReadonlyArray<string> => {
  if (Number.isNaN(input)) return [`${what} is NaN, expected a finite duration ${bound}`]
  if (isUnitless(input)) return [`${what} is not a duration`]
  const duration = Duration.fromInput(input as Duration.Input)
  if (Option.isNone(duration)) return [`${what} is not a duration`]
  const fits =
    Duration.isFinite(duration.value) &&
    (Duration.isPositive(duration.value) || (bound === "from 0" && Duration.isZero(duration.value)))
  return fits ? [] : [`${what} is ${Duration.format(duration.value)}, expected a finite duration ${bound}`]
}

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] as const

/** Checks whether `Duration.fromInput` would read an object as 0, because the object has no unit of time. */
export const isUnitless = (input: unknown): boolean =>
  isPromise(input) ||
  (typeof input === "object" &&
    input !== null &&
    !Duration.isDuration(input) &&
    !Array.isArray(input) &&
    !units.some((unit) => unit in input))

/** Checks a count or a limit. `bound` is the smallest whole number that makes sense. */
export const countProblems = (what: string, count: unknown, bound: 0 | 1): ReadonlyArray<string> =>
  Number.isSafeInteger(count) && (count as number) >= bound
    ? []
    : [`${what} is ${described(count)}, expected a whole number from ${bound}`]

/** Checks a duration, under a name of its own if it has one. */
export const isDuration =
  (bound: "from 0" | "above 0", name?: string): Check =>
  (what, value) =>
    durationProblems(name ?? what, value, bound)

export const isCount =
  (bound: 0 | 1): Check =>
  (what, value) =>
    countProblems(what, value, bound)

export const isNumber =
  (from: number, to: number = Infinity): Check =>
  (what, value) => {
    const range = to === Infinity ? `from ${from}` : `from ${from} to ${to}`
    const fits = typeof value === "number" && value >= from && value <= to && value !== Infinity
    return fits ? [] : [`${what} is ${described(value)}, expected a number ${range}`]
  }

export const expected =
  (expectation: string, fits: (value: unknown) => boolean): Check =>
  (what, value) =>
    fits(value) ? [] : [`${what} is ${described(value)}, expected ${expectation}`]

export const isObject: Check = expected(
  "an object",
  (value) => typeof value === "object" && value !== null && !isPromise(value)
)

const isSchedule: Check = expected("a Schedule", Schedule.isSchedule)

export const isFunction: Check = expected("a function", (value) => typeof value === "function" && !isEffect(value))

export const isOneOf = (...words: ReadonlyArray<string>): Check =>
  expected(words.map((word) => `"${word}"`).join(" or "), (value) => words.includes(value as string))

/** Checks that a value is there, and is no promise. */
export const isGiven = (expectation: string): Check =>
  expected(expectation, (value) => value !== undefined && value !== null && !isPromise(value))

export const isIterable: Check = expected("a list", (value) => hasProperty(value, Symbol.iterator))

export const isConcurrency: Check = (what, value) =>
  value === "unbounded" ? [] : countProblems(what, value, 1).map((problem) => `${problem} or "unbounded"`)

export const isSpan: Check = (what, value) => optionsProblems(what, value, spanChecks)

const spanChecks: Checks<{ readonly name: string; readonly attributes?: object }> = {
  name: (_, name) => nameProblems("the span's name", name),
  attributes: optional(isObject)
}

/** The checks of the options that `Task.make`, `Node.make` and `Task.fork` share. */
export const attemptChecks = {
  name: optional((_, name) => nameProblems("the name", name)),
  retry: optional(isSchedule),
  attemptTimeout: optional(isDuration("above 0"))
}

export function optional(check: Check): Check {
  return (what, value) => (value === undefined ? [] : check(what, value))
}

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/** A check for each option of a type. The compiler refuses a missing check, and one without an option. */
export type Checks<Options> = { readonly [K in keyof Options]-?: Check }

/** Lists the faults of options: those of each option, and the names that are no options. */
export const optionsProblems = <Options>(
  what: string,
  options: unknown,
  checks: Checks<Options>
): ReadonlyArray<string> => {
  // A promise is an object that has no options of its own, and would pass for none.
  if (typeof options !== "object" || options === null || isPromise(options))
    return [`${what} is ${described(options)}, expected an object`]
  const known = Object.keys(checks).map((name) => `"${name}"`)
  return [
    ...Object.keys(options)
      .filter((key) => !Object.hasOwn(checks, key))
      .map((key) => `there is no option "${key.slice(0, 40)}", only ${known.join(", ")}`),
    ...valuesProblems(options, checks)
  ]
}

/** Lists the faults of options that may stand beside others in a larger object, such as a configuration. */
export const valuesProblems = <Options>(options: object, checks: Checks<Options>): ReadonlyArray<string> =>
  Object.entries<Check>(checks).flatMap(([name, check]) => check(name, (options as Record<string, unknown>)[name]))

/** Checks options that stand under an option. */
export const isOptions =
  <Options>(checks: Checks<Options>): Check =>
  (what, options) =>
    optionsProblems(what, options, checks)

/** Gives the bound of a concurrency as a number, `Infinity` for none. */
export const limitOf = (concurrency: number | "unbounded" | undefined): number =>
  concurrency === undefined || concurrency === "unbounded" ? Infinity : concurrency
