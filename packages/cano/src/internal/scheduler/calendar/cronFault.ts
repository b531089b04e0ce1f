/**
 * Finds the fault of a cron expression that `Cron.parse` has refused, in words that name the field and the value. It reads
 * the fields as `Cron.parse` does. Where it finds no fault it gives nothing.
 */

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: ReadonlyArray<string>
}

const second: Field = { name: "second", min: 0, max: 59 }

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

const fields: ReadonlyArray<Field> = [
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of the month", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, names: months },
  { name: "weekday", min: 0, max: 7, names: weekdays }
]

const shorthands = "@hourly, @daily, @weekly, @monthly or @yearly"

export const cronFault = (expression: string): string | undefined => {
  const texts = expression
    .trim()
    .split(/\s+/)
    .filter((text) => text !== "")
  if (texts[0]?.startsWith("@") === true) return `there is no ${shown(texts.join(" "))}, only ${shorthands}`
  if (texts.length !== 5 && texts.length !== 6) {
    return `${texts.length} ${texts.length === 1 ? "field" : "fields"} found, 5 or 6 are expected, or ${shorthands}`
  }
  const all = texts.length === 5 ? fields : [second, ...fields]
  return firstOf(texts, (text, index) => fieldFault(all[index]!, text))
}

const fieldFault = (field: Field, text: string): string | undefined =>
  firstOf(text.split(","), (part) => {
    const slash = part.indexOf("/")
    const range = slash === -1 ? part : part.slice(0, slash)
    return (slash === -1 ? undefined : stepFault(field, part.slice(slash + 1))) ?? rangeFault(field, range, text)
  })

const stepFault = ({ max, name }: Field, step: string): string | undefined =>
  isNumber(step) && Number(step) >= 1 && Number(step) <= max
    ? undefined
    : `the step of the ${name} is ${shown(step)}, expected 1 to ${max}`

const rangeFault = (field: Field, range: string, text: string): string | undefined => {
  if (range === "*") return undefined
  const dash = range.indexOf("-")
  if (dash <= 0) return valueFault(field, range, text)
  const [from, to] = [range.slice(0, dash), range.slice(dash + 1)]
  const fault = valueFault(field, from, text) ?? valueFault(field, to, text)
  if (fault !== undefined) return fault
  return numberOf(field, from)! > numberOf(field, to)!
    ? `the ${field.name} is ${shown(range)}, expected the smaller value first`
    : undefined
}

const valueFault = (field: Field, value: string, text: string): string | undefined => {
  const { max, min, name, names } = field
  const number = numberOf(field, value)
  const expected = `expected ${min} to ${max}`
  if (number !== undefined) {
    return number >= min && number <= max ? undefined : `the ${name} is ${shown(value)}, ${expected}`
  }
  if (names === undefined || !/^[a-z]+$/i.test(value)) {
    const where = value === text ? "" : ` in ${shown(text)}`
    return `the ${name} is ${value === "" ? "empty" : shown(value)}${where}, ${expected}`
  }
  const index = names.indexOf(value.slice(0, 3).toUpperCase())
  const advice =
    index === -1 ? `${names[0]} to ${names.at(-1)}, or ${min} to ${max}` : `use ${names[index]}, or ${index + min}`
  return `${shown(value)} is no ${name}: ${index === -1 ? `expected ${advice}` : advice}`
}

const numberOf = ({ min, names }: Field, value: string): number | undefined => {
  const index = names?.indexOf(value.toUpperCase()) ?? -1
  if (index !== -1) return index + min
  return isNumber(value) ? Number(value) : undefined
}

const isNumber = (text: string): boolean => /^\d+$/.test(text)

const shown = (text: string): string => (/^[\w+*/.-]{1,20}$/.test(text) ? text : JSON.stringify(text.slice(0, 20)))

const firstOf = <A, B>(items: ReadonlyArray<A>, f: (item: A, index: number) => B | undefined): B | undefined => {
  for (const [index, item] of items.entries()) {
    const found = f(item, index)
    if (found !== undefined) return found
  }
  return undefined
}
