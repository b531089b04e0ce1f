import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const day = 86_400_000

/** No clock was ever set forward by more, and the calendar day of a zone has to lie in between. */
const largestGap = day + 7_200_000

/** Local times that were skipped. */
interface Gap {
  /** The instant at which the clock was set forward. */
  readonly at: number
  readonly length: number
  /** The offset from UTC before. */
  readonly before: number
}

/**
 * The first instant after another, in milliseconds, that matches a cron value.
 *
 * A skipped local time takes place as if the clock had not been set forward. `Cron.next` does so with the first one, but
 * then searches on from the local time that it became, and so loses the others and what lies in between. Within the
 * length of a gap after it, the skipped times and the real ones are therefore searched each on their own.
 */
export const search = (cron: Cron.Cron): ((after: number) => number) => {
  const next = (after: number) => Cron.next(cron, after).getTime()
  const zone = Option.getOrUndefined(cron.tz)
  if (zone === undefined || zone._tag === "Offset" || zone.id === "UTC") return next
  const gapNear = gapsOf(zone)
  const asIfUnchanged = (gap: Gap) => withOffset(cron, gap.before)
  const asChanged = (gap: Gap) => withOffset(cron, gap.before + gap.length)
  return (after) => {
    const found = next(after)
    const gap = within(gapNear(found), found) ?? within(gapNear(after), after)
    if (gap === undefined) return found
    const from = Math.max(after, gap.at - 1)
    const skipped = Cron.next(asIfUnchanged(gap), from).getTime()
    const real = Cron.next(asChanged(gap), from).getTime()
    const end = gap.at + gap.length
    return Math.min(found, skipped < end ? skipped : found, real < end ? real : found)
  }
}

const within = (gap: Gap | undefined, instant: number): Gap | undefined =>
  gap !== undefined && gap.at <= instant && instant < gap.at + gap.length ? gap : undefined

const withOffset = (cron: Cron.Cron, offset: number): Cron.Cron =>
  Object.assign(Object.create(Object.getPrototypeOf(cron)), cron, { tz: Option.some(DateTime.zoneMakeOffset(offset)) })

/** Finds the gap near an instant, if there is one, with a look at the zone once a day. */
const gapsOf = (zone: DateTime.TimeZone.Named): ((instant: number) => Gap | undefined) => {
  const offsetAt = (instant: number) => DateTime.zonedOffset(DateTime.makeZonedUnsafe(instant, { timeZone: zone }))
  const find = (index: number): Gap | undefined => {
    let from = index * day - largestGap
    let to = (index + 1) * day
    const before = offsetAt(from)
    const length = offsetAt(to) - before
    if (length <= 0) return undefined
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (offsetAt(middle) === before) from = middle
      else to = middle
    }
    return { at: to, length, before }
  }
  // A search looks at two instants, which may lie on two days.
  let [recent, older] = [NaN, NaN]
  let [recentGap, olderGap]: Array<Gap | undefined> = []
  return (instant) => {
    const index = Math.floor(instant / day)
    if (index === older) [recent, recentGap, older, olderGap] = [older, olderGap, recent, recentGap]
    if (index !== recent) [older, olderGap, recent, recentGap] = [recent, recentGap, index, find(index)]
    return recentGap
  }
}
