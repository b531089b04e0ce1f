/**
 * A reference for cron expressions, written from the docs: it looks at every second of a period, and knows nothing of
 * how the next match is searched. Only the offsets of a zone come from `Intl`.
 */

interface Fields {
  readonly second: ReadonlySet<number>
  readonly minute: ReadonlySet<number>
  readonly hour: ReadonlySet<number>
  readonly day: ReadonlySet<number>
  readonly month: ReadonlySet<number>
  readonly weekday: ReadonlySet<number>
  /** Day and weekday must both match, because one of them starts with `*`. */
  readonly both: boolean
  readonly anyHour: boolean
}

export type DayMatch = "either" | "both" | undefined

const parse = (expression: string, dayMatch: DayMatch): Fields => {
  const parts = expression.split(" ")
  if (parts.length === 5) parts.unshift("0")
  const [second, minute, hour, day, month, weekday] = parts as [string, string, string, string, string, string]
  return {
    second: values(second, 0, 59),
    minute: values(minute, 0, 59),
    hour: values(hour, 0, 23),
    day: values(day, 1, 31),
    month: values(month, 1, 12),
    weekday: new Set([...values(weekday, 0, 7)].map((n) => n % 7)),
    both:
      isAny(day) ||
      isAny(weekday) ||
      (dayMatch ?? (day.startsWith("*") ? "both" : weekday.startsWith("*") ? "both" : "either")) === "both",
    anyHour: hour.startsWith("*")
  }
}

const isAny = (field: string): boolean => field === "*" || field === "?"

/** Numbers, ranges, which may wrap around, steps and lists. Of weekdays 7 is 0 again. */
const values = (field: string, min: number, max: number): Set<number> =>
  new Set(
    field.split(",").flatMap((item) => {
      const [range = "", step = "1"] = item.split("/")
      const [from, end] = isAny(range) ? [min, max] : range.split("-").map(Number)
      const length = min === 0 && max === 7 ? 7 : max - min + 1
      const to = end !== undefined && end < from! ? end + length : (end ?? (item.includes("/") ? max : from!))
      const found = []
      for (let n = from!; n <= to; n += Number(step)) found.push(n > max ? n - length : n)
      return found
    })
  )

/** The wall time is a Unix time as if the zone were UTC. */
const matches = (fields: Fields, wall: number): boolean => {
  const ofDay = ((wall % 86_400_000) + 86_400_000) % 86_400_000
  if (!fields.second.has(Math.floor(ofDay / 1000) % 60)) return false
  if (!fields.minute.has(Math.floor(ofDay / 60_000) % 60)) return false
  if (!fields.hour.has(Math.floor(ofDay / 3_600_000))) return false
  const date = new Date(wall)
  if (!fields.month.has(date.getUTCMonth() + 1)) return false
  const isDay = fields.day.has(date.getUTCDate())
  const isWeekday = fields.weekday.has(date.getUTCDay())
  return fields.both ? isDay && isWeekday : isDay || isWeekday
}

/** A period in which a zone has one offset from UTC. */
interface Segment {
  readonly from: number
  readonly offset: number
}

export const segmentsOf = (zone: string, from: number, to: number): ReadonlyArray<Segment> => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric"
  })
  const offsetAt = (time: number): number => {
    const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
    const { day, hour, minute, month, second, year } = part as Record<string, number>
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - time
  }
  const segments = [{ from, offset: offsetAt(from) }]
  for (let time = from; time < to; time += 3_600_000) {
    if (offsetAt(time + 3_600_000) === segments.at(-1)!.offset) continue
    let [before, after] = [time, time + 3_600_000]
    while (after - before > 1000) {
      const middle = before + Math.floor((after - before) / 2000) * 1000
      if (offsetAt(middle) === segments.at(-1)!.offset) before = middle
      else after = middle
    }
    segments.push({ from: after, offset: offsetAt(after) })
  }
  return segments
}

/** Every tick from a time until another, both included. */
export const ticksOf = (
  expression: string,
  policy: "earlier" | "later" | "both" | undefined,
  segments: ReadonlyArray<Segment>,
  to: number,
  dayMatch?: DayMatch
): ReadonlyArray<number> => {
  const fields = parse(expression, dayMatch)
  const overlap = policy ?? (fields.anyHour ? "both" : "earlier")
  const step = fields.second.size === 1 && fields.second.has(0) ? 60_000 : 1000
  const ticks = new Set<number>()
  segments.forEach(({ from, offset }, index) => {
    const before = segments[index - 1]
    const after = segments[index + 1]
    const until = Math.min(after === undefined ? to + 1 : after.from, to + 1)
    for (let time = Math.ceil(from / step) * step; time < until; time += step) {
      if (!matches(fields, time + offset)) continue
      const isSecond = before !== undefined && time < from + before.offset - offset
      const isFirst = after !== undefined && time >= after.from - (offset - after.offset)
      if (overlap === "earlier" && isSecond) continue
      if (overlap === "later" && isFirst) continue
      ticks.add(time)
    }
    if (before === undefined) return
    // The skipped wall times take place as if the clock had not been set forward.
    for (let wall = from + before.offset; wall < from + offset; wall += step) {
      if (matches(fields, wall) && wall - before.offset <= to) ticks.add(wall - before.offset)
    }
  })
  return [...ticks].sort((a, b) => a - b)
}
