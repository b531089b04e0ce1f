import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Options } from "../../SqliteJournal.ts"

/** What is wrong with the options of a layer. Typed callers can only get the numbers wrong. */
export const problemsOf = (options: Options): ReadonlyArray<string> => {
  if (typeof options !== "object" || options === null) return ["the options are not an object"]
  return [
    ...Object.keys(options)
      .filter((key) => !Object.hasOwn(checks, key))
      .map((key) => `there is no option "${key.slice(0, 40)}", only ${Object.keys(checks).join(", ")}`),
    ...Object.entries(checks).flatMap(([key, check]) => {
      const value = (options as unknown as Record<string, unknown>)[key]
      const isFit = (value === undefined && key !== "file") || check.fits(value)
      return isFit ? [] : [`${key} is ${described(value)}, expected ${check.expected}`]
    })
  ]
}

interface Check {
  readonly expected: string
  readonly fits: (value: unknown) => boolean
}

const checks: Record<keyof Options, Check> = {
  file: {
    expected: "the name of a file",
    fits: (value) => typeof value === "string" && value !== "" && !value.includes("\0")
  },
  synchronous: { expected: `"full" or "normal"`, fits: (value) => value === "full" || value === "normal" },
  history: { expected: `"full" or "none"`, fits: (value) => value === "full" || value === "none" },
  busyTimeout: {
    expected: "a finite duration from 0",
    fits: (value) => {
      const duration = Duration.fromInput(value as Duration.Input)
      if (Option.isNone(duration) || Number.isNaN(value)) return false
      return Duration.isFinite(duration.value) && !Duration.isNegative(duration.value)
    }
  },
  maxPayload: {
    expected: "a whole number from 1",
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= 1
  }
}

const described = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40))
  return typeof value === "object" && value !== null ? "an object" : String(value)
}
