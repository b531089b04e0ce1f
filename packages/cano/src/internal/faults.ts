import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { ConfigurationError } from "../ConfigurationError.ts"

/** The longest name or tag accepted; names end up in spans, metrics and journals. */
const maxNameLength = 256

/** A definition with many faults has most often one cause; the first few tell it. */
const most = 20

const shortened = (problems: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...problems.slice(0, most),
  `and ${problems.length - most} more`
]

export const refuse = (subject: string, problems: ReadonlyArray<string>): void => {
  if (problems.length > 0)
    throw new ConfigurationError({ subject, problems: problems.length > most ? shortened(problems) : problems })
}

export const nameProblems = (what: string, name: string): ReadonlyArray<string> => {
  if (typeof name !== "string") return [`${what} is not a string`]
  if (name.length === 0) return [`${what} is empty`]
  return name.length > maxNameLength
    ? [`${what} "${name.slice(0, 40)}…" is ${name.length} characters long, at most ${maxNameLength} are allowed`]
    : []
}

export const durationProblems = (
  what: string,
  input: Duration.Input,
  bound: "from 0" | "above 0"
): ReadonlyArray<string> => {
  if (Number.isNaN(input)) return [`${what} is NaN, expected a finite duration ${bound}`]
  const duration = Duration.fromInput(input)
  if (Option.isNone(duration)) return [`${what} is not a duration`]
  const fits =
    Duration.isFinite(duration.value) &&
    (Duration.isPositive(duration.value) || (bound === "from 0" && Duration.isZero(duration.value)))
  return fits ? [] : [`${what} is ${Duration.format(duration.value)}, expected a finite duration ${bound}`]
}

/** A count or a limit: `bound` is the smallest whole number that makes sense. */
export const countProblems = (what: string, count: number, bound: 0 | 1): ReadonlyArray<string> =>
  Number.isSafeInteger(count) && count >= bound ? [] : [`${what} is ${count}, expected a whole number from ${bound}`]

/** How many may run at the same time, `Infinity` where nothing bounds them. */
export const concurrencyOf = (
  concurrency: number | "unbounded" | undefined
): { readonly limit: number; readonly problems: ReadonlyArray<string> } => {
  if (concurrency === undefined || concurrency === "unbounded") return { limit: Infinity, problems: [] }
  const problems = countProblems("concurrency", concurrency, 1).map((problem) => `${problem} or "unbounded"`)
  return { limit: concurrency, problems }
}
