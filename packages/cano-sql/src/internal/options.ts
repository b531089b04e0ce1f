import type { Options } from "../SqlJournal.ts"
import { isPrefix } from "./names.ts"

/** What is wrong with the options of a layer. Typed callers can only get the prefix and the numbers wrong. */
export const problemsOf = (options: Options): ReadonlyArray<string> => {
  if (typeof options !== "object" || options === null) return ["the options are not an object"]
  return [
    ...Object.keys(options)
      .filter((key) => !Object.hasOwn(checks, key))
      .map((key) => `there is no option "${key.slice(0, 40)}", only ${Object.keys(checks).join(", ")}`),
    ...Object.entries(checks).flatMap(([key, check]) => {
      const value = (options as unknown as Record<string, unknown>)[key]
      return value === undefined || check.fits(value)
        ? []
        : [`${key} is ${described(value)}, expected ${check.expected}`]
    })
  ]
}

interface Check {
  readonly expected: string
  readonly fits: (value: unknown) => boolean
}

const wholeNumber = (most: number): Check => ({
  expected: `a whole number from 1 to ${most}`,
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most
})

const oneOf = (...values: ReadonlyArray<string>): Check => ({
  expected: values.map((value) => JSON.stringify(value)).join(" or "),
  fits: (value) => typeof value === "string" && values.includes(value)
})

const checks: Record<keyof Options, Check> = {
  prefix: { expected: "a small letter, then at most 40 small letters, digits and _", fits: isPrefix },
  history: oneOf("full", "none"),
  migrate: oneOf("auto", "check"),
  maxBatch: wholeNumber(10_000),
  maxPayload: wholeNumber(64 * 1024 * 1024)
}

const described = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40))
  return typeof value === "object" && value !== null ? "an object" : String(value)
}
