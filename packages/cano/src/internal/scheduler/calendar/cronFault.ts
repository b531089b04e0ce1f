import { type Field, fieldsOf, isNumber, numberOf, textsOf } from "./cronFields.ts"

/*
 * Finds the fault of a cron expression that `Cron.parse` has refused, in words that name the field and the value. It reads
 * the fields as `Cron.parse` does. Where it finds no fault it gives nothing.
 */

const shorthands = "@hourly, @daily, @weekly, @monthly or @yearly"

export const cronFault = (expression: string): string | undefined => {
  const texts = textsOf(expression)
  if (texts[0]?.startsWith("@") === true) return `there is no ${shown(texts.join(" "))}, only ${shorthands}`
  if (texts.length !== 5 && texts.length !== 6) {
    return `${texts.length} ${texts.length === 1 ? "field" : "fields"} found, 5 or 6 are expected, or ${shorthands}`
  }
  const all = fieldsOf(texts.length)
  return firstOf(texts, (text, index) => fieldFault(all[index]!, text))
}

const fieldFault = (field: Field, text: string): string | undefined =>
  firstOf(text.split(","), (part) => {
    const slash = part.indexOf("/")
    const range = slash === -1 ? part : part.slice(0, slash)
    const unsupported = unsupportedFault(field, part)
    if (unsupported !== undefined) return unsupported
    return (slash === -1 ? undefined : stepFault(field, part.slice(slash + 1))) ?? rangeFault(field, range, text)
  })

const look = "let the job look at its tick"

/** What other libraries have for days, and what to write instead. */
const unsupportedFault = ({ isDay, name }: Field, part: string): string | undefined => {
  if (part === "?") return isDay === true ? undefined : `? stands for any day or weekday: for any ${name} use *`
  if (isDay !== true) return undefined
  const [, weekday, nth] = /^(\w+)#([1-5])$/.exec(part) ?? []
  if (nth !== undefined) {
    const days = nth === "5" ? "29-31" : `${Number(nth) * 7 - 6}-${Number(nth) * 7}`
    return `there is no ${part}: use the days ${days}, the weekday ${weekday} and dayMatch: "both"`
  }
  if (/^L(W|-\d+)?$/i.test(part)) {
    return name === "weekday"
      ? "there is no L for a weekday: use SAT, or 6"
      : `there is no ${part}, a day counted from the end of the month: use 28-31, or 1 for the day after, and ${look}`
  }
  if (/^\w+L$/i.test(part) && name === "weekday") {
    return `there is no ${part}, the last such weekday of the month: use the days 22-31, the weekday ${part.slice(0, -1)}, dayMatch: "both", and ${look}`
  }
  return /^\d+W$/i.test(part)
    ? `there is no ${part}, the nearest day from MON to FRI: use the days around it, the weekdays MON-FRI, dayMatch: "both", and ${look}`
    : undefined
}

const stepFault = ({ max, name }: Field, step: string): string | undefined =>
  isNumber(step) && Number(step) >= 1 && Number(step) <= max
    ? undefined
    : `the step of the ${name} is ${shown(step)}, expected 1 to ${max}`

const rangeFault = (field: Field, range: string, text: string): string | undefined => {
  if (range === "*") return undefined
  const dash = range.indexOf("-")
  if (dash <= 0) return valueFault(field, range, text)
  const [from, to] = [range.slice(0, dash), range.slice(dash + 1)]
  return valueFault(field, from, text) ?? valueFault(field, to, text)
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

const shown = (text: string): string => (/^[\w+*/.-]{1,20}$/.test(text) ? text : JSON.stringify(text.slice(0, 20)))

const firstOf = <A, B>(items: ReadonlyArray<A>, f: (item: A, index: number) => B | undefined): B | undefined => {
  for (const [index, item] of items.entries()) {
    const found = f(item, index)
    if (found !== undefined) return found
  }
  return undefined
}
