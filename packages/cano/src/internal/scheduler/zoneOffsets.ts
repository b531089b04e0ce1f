import * as DateTime from "effect/DateTime"

const day = 86_400_000

/** No more days are remembered of a zone; those around now are the ones that are asked for. */
const daysKept = 128

/** The offsets from UTC of one time zone. To ask for one takes up to 20 us, so that at each midnight is remembered. */
export class ZoneOffsets {
  private readonly zone: DateTime.TimeZone.Named
  private readonly days = new Map<number, number>()

  constructor(zone: DateTime.TimeZone.Named) {
    this.zone = zone
  }

  at(instant: number): number {
    return DateTime.zonedOffset(DateTime.makeZonedUnsafe(instant, { timeZone: this.zone }))
  }

  /** The offset from one instant to another, if it is the same at all midnights around: no clock is changed twice a day. */
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
