import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { ZoneOffsets } from "./zoneOffsets.ts"

const day = 86_400_000

/** No clock was ever set forward by more than a day. Two hours more, and the whole calendar day of a zone lies within. */
const largestGap = day + 7_200_000

/** For a tick that is further away, a search with `Cron` is quicker than a look at each midnight before it. */
const longestLook = 32 * day

/** Local times that were skipped. */
interface Gap {
  /** The instant at which the clock was set forward. */
  readonly at: number
  readonly length: number
  /** The offset from UTC before. */
  readonly before: number
}

/**
 * The first instant after another, in milliseconds, that matches a cron value. `offsets` are those of its zone.
 *
 * `Cron.next` asks the zone for its offset many times, which takes up to 0.5 ms. While no clock is changed the zone is no
 * more than its offset, and the search is made with that.
 *
 * A skipped local time fires as if the clock had not been set forward. `Cron.next` fires the first such time, but then
 * searches on from the local time that it has become. So it loses the other skipped times, and the real ones in between.
 * After a gap, and for as long as the gap was, the skipped times and the real ones are therefore searched for separately.
 */
export const search = (cron: Cron.Cron, offsets: ZoneOffsets | undefined): ((after: number) => number) => {
  if (offsets === undefined) return (after) => Cron.next(cron, after).getTime()
  const nearChange = searchNearChange(cron, offsets)
  let unchanged: { readonly offset: number; readonly cron: Cron.Cron } | undefined
  return (after) => {
    const offset = offsets.constant(after - day, after + day)
    if (offset === undefined) return nearChange(after)
    if (unchanged?.offset !== offset) unchanged = { offset, cron: withOffset(cron, offset) }
    const found = Cron.next(unchanged.cron, after).getTime()
    return found <= after + longestLook && offsets.constant(after, found + day) === offset ? found : nearChange(after)
  }
}

const searchNearChange = (cron: Cron.Cron, offsets: ZoneOffsets): ((after: number) => number) => {
  const gapNear = gapsOf(offsets)
  const asIfUnchanged = (gap: Gap) => withOffset(cron, gap.before)
  const asChanged = (gap: Gap) => withOffset(cron, gap.before + gap.length)
  return (after) => {
    const found = Cron.next(cron, after).getTime()
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

/** With one offset no local time is repeated, so it does not matter which of two would be meant. */
const withOffset = (cron: Cron.Cron, offset: number): Cron.Cron =>
  Object.assign(Object.create(Object.getPrototypeOf(cron)), cron, {
    tz: Option.some(DateTime.zoneMakeOffset(offset)),
    onDstOverlap: "earlier"
  })

/** Finds the gap near an instant, if there is one, with a look at the zone once a day. */
const gapsOf = (offsets: ZoneOffsets): ((instant: number) => Gap | undefined) => {
  const find = (index: number): Gap | undefined => {
    let from = index * day - largestGap
    let to = (index + 1) * day
    const before = offsets.at(from)
    const length = offsets.at(to) - before
    if (length <= 0) return undefined
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (offsets.at(middle) === before) from = middle
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
