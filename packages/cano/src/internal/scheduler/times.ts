import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty, isDate } from "effect/Predicate"
import { type Check, described } from "../faults.ts"

type Parts = Partial<DateTime.DateTime.Parts>

/** A string as ISO 8601 has it, and its date. Of another string each engine makes another time, or none. */
const iso = /^([+-]\d{6}|\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:$|[T ])/

const partNames = ["year", "month", "day", "hour", "minute", "second", "millisecond"] as const

/** What is wrong with a time. A date that does not exist would be another one: 30 February would be 2 March. */
export const isTime: Check = (what, input) => {
  const parts = partsOf(input)
  if (parts !== undefined && !isOfCalendar(parts)) return [`${what} is ${shown(input, parts)}, which does not exist`]
  return isReadable(input, parts) && Option.isSome(DateTime.make(input))
    ? []
    : [`${what} is ${described(input)}, expected a time such as "2026-03-01T09:00:00Z"`]
}

/** Reads a time in which nothing is wrong, in milliseconds. */
export const millisOf = (input: DateTime.DateTime.Input): number => DateTime.toEpochMillis(DateTime.makeUnsafe(input))

/** `DateTime.make` reads any object as the parts of a time, and also `true`. */
const isReadable = (input: unknown, parts: Parts | undefined): input is DateTime.DateTime.Input =>
  parts !== undefined ||
  typeof input === "number" ||
  DateTime.isDateTime(input) ||
  isDate(input) ||
  hasProperty(input, "epochMilliseconds")

/** The parts of a time that are named one by one, by an object or by the date of a string. */
const partsOf = (input: unknown): Parts | undefined => {
  if (typeof input === "string") {
    const [found, year, month = 1, day = 1] = iso.exec(input) ?? []
    return found === undefined ? undefined : { year: Number(year), month: Number(month), day: Number(day) }
  }
  const isTime = DateTime.isDateTime(input) || isDate(input) || hasProperty(input, "epochMilliseconds")
  return !isTime && partNames.some((name) => hasProperty(input, name)) ? (input as Parts) : undefined
}

const isOfCalendar = (parts: Parts): boolean =>
  Option.match(DateTime.make(parts), {
    onNone: () => true,
    onSome: (time) => {
      const found = DateTime.toPartsUtc(time)
      return partNames.every((name) => parts[name] === undefined || parts[name] === found[name])
    }
  })

const shown = (input: unknown, parts: Parts): string =>
  typeof input === "string"
    ? described(input)
    : `{ ${partNames.flatMap((name) => (parts[name] === undefined ? [] : [`${name}: ${described(parts[name])}`])).join(", ")} }`
