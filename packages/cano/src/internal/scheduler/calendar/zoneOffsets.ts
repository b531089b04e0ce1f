import * as DateTime from "effect/DateTime"

const day = 86_400_000

/** The number of days that are remembered of a zone. Most questions are about the days around now. */
const daysKept = 128

/** The offsets from UTC of one time zone. A question to the zone takes up to 20 us, so the offset at each midnight is kept. */
export class ZoneOffsets {
  private readonly zone: DateTime.TimeZone.Named
  private readonly days = new Map<number, number>()

  constructor(zone: DateTime.TimeZone.Named) {
    this.zone = zone
  }

  at(instant: number): number {
    return DateTime.zonedOffset(DateTime.makeZonedUnsafe(instant, { timeZone: this.zone }))
  }

  /** The offset between two instants, if all midnights around have the same: no clock is changed twice in a day. */
  constant(from: number, to: number): number | undefined {
    const last = Math.floor(to / day) + 1
    let index = Math.floor(from / day)
    const offset = this.atMidnight(index)
    while (index < last) if (this.atMidnight(++index) !== offset) return undefined
    return offset
  }

  private atMidnight(index: number): number {
    const known = this.days.get(index)
    if (known !== undefined) return known
    const offset = this.at(index * day)
    if (this.days.size >= daysKept) this.days.clear()
    this.days.set(index, offset)
    return offset
  }
}
