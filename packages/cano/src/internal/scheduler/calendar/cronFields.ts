/** The fields of a cron expression, and the forms that `Cron.parse` does not read, written in those that it does. */

export interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: ReadonlyArray<string>
  /** `?` stands for any value, as in Quartz. */
  readonly isDay?: boolean
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

const fields: ReadonlyArray<Field> = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of the month", min: 1, max: 31, isDay: true },
  { name: "month", min: 1, max: 12, names: months },
  { name: "weekday", min: 0, max: 7, names: weekdays, isDay: true }
]

/** The texts of the fields, which spaces separate. */
export const textsOf = (expression: string): ReadonlyArray<string> =>
  expression
    .trim()
    .split(/\s+/)
    .filter((text) => text !== "")

/** The fields of an expression that has so many. */
export const fieldsOf = (count: number): ReadonlyArray<Field> => (count === 5 ? fields.slice(1) : fields)

export const isNumber = (text: string): boolean => /^\d+$/.test(text)

/** The number for which a text stands in a field, if it does for one. */
export const numberOf = ({ min, names }: Field, value: string): number | undefined => {
  const index = names?.indexOf(value.toUpperCase()) ?? -1
  if (index !== -1) return index + min
  return isNumber(value) ? Number(value) : undefined
}

/** Writes `?` as `*`, and a range that wraps around, such as `FRI-MON`, as the list of its values. */
export const plainFields = (expression: string): string => {
  const texts = textsOf(expression)
  const all = fieldsOf(texts.length)
  return texts.map((text, index) => (all[index] === undefined ? text : plainField(all[index], text))).join(" ")
}

const plainField = (field: Field, text: string): string => {
  if (text === "?" && field.isDay === true) return "*"
  return text
    .split(",")
    .map((part) => plainRange(field, part))
    .join(",")
}

/** A range whose first value is the larger one goes on from the smallest value of the field. */
const plainRange = (field: Field, part: string): string => {
  const [, first, last, step = "1"] = /^(\w+)-(\w+)(?:\/(\d+))?$/.exec(part) ?? []
  if (first === undefined || last === undefined) return part
  // Sunday is 0 and 7.
  const length = field.name === "weekday" ? 7 : field.max - field.min + 1
  const [from, to] = [numberOf(field, first), numberOf(field, last)]
  const isIn = (value: number | undefined) => value !== undefined && value >= field.min && value <= field.max
  if (from === undefined || to === undefined || !isIn(from) || !isIn(to) || from <= to) return part
  if (Number(step) < 1 || Number(step) > field.max) return part
  const values = []
  for (let value = from; value <= to + length; value += Number(step)) {
    values.push(((value - field.min) % length) + field.min)
  }
  return values.join(",")
}
