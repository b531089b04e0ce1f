/** What an {@link Agenda} holds: it remembers its own place, so that it can be taken out. */
export interface Entry {
  /** When it is due. */
  fireAt: number
  /** Decides between entries that are due at the same time. */
  readonly order: number
  /** The entries that are due at the same time; none outside of the agenda. */
  slot: Slot<any> | undefined
  /** Its place among them. */
  place: number
}

/** All entries that are due at one time. */
export interface Slot<A> {
  readonly at: number
  /** A place is empty when its entry was taken out. */
  readonly entries: Array<A | undefined>
  /** How many are left. */
  size: number
  /** The entries came in their order. */
  isSorted: boolean
}

/**
 * Entries by the time at which they are due: a heap of the times, and a list for each. Thousands of flows share a
 * thousand milliseconds, so an entry seldom has to find its place in the heap.
 */
export class Agenda<A extends Entry> {
  private readonly times: Array<Slot<A>> = []
  private readonly slots = new Map<number, Slot<A>>()

  /** The earliest time at which something is due. */
  get next(): number | undefined {
    for (;;) {
      const first = this.times[0]
      if (first === undefined || first.size > 0) return first?.at
      this.shift()
    }
  }

  add(entry: A): void {
    const slot = this.slotAt(entry.fireAt)
    const { entries } = slot
    if (slot.isSorted && entries.length > 0) slot.isSorted = !(entry.order < lastOrder(entries))
    entry.slot = slot
    entry.place = entries.length
    entries.push(entry)
    slot.size++
  }

  remove(entry: A): void {
    const { slot } = entry
    if (slot === undefined) return
    slot.entries[entry.place] = undefined
    slot.size--
    entry.slot = undefined
  }

  /** Takes out what is due at the earliest time, in order; an entry may be removed until it is come to. */
  take(): Slot<A> | undefined {
    if (this.next === undefined) return undefined
    const slot = this.shift()!
    if (!slot.isSorted) {
      const sorted = slot.entries.filter((entry) => entry !== undefined).sort((a, b) => a.order - b.order)
      slot.entries.splice(0, slot.entries.length, ...sorted)
      for (let place = 0; place < sorted.length; place++) sorted[place]!.place = place
    }
    return slot
  }

  /** Takes out everything. */
  drain(): ReadonlyArray<A> {
    const all = this.times.flatMap((slot) => slot.entries).filter((entry) => entry !== undefined)
    for (const entry of all) entry.slot = undefined
    this.times.length = 0
    this.slots.clear()
    return all
  }

  private slotAt(at: number): Slot<A> {
    const found = this.slots.get(at)
    if (found !== undefined) return found
    const slot: Slot<A> = { at, entries: [], size: 0, isSorted: true }
    this.slots.set(at, slot)
    this.up(slot)
    return slot
  }

  private shift(): Slot<A> | undefined {
    const { times } = this
    const first = times[0]
    const last = times.pop()
    if (first === undefined || last === undefined) return undefined
    this.slots.delete(first.at)
    if (first !== last) this.down(last)
    return first
  }

  private up(slot: Slot<A>): void {
    const { times } = this
    let place = times.length
    times.push(slot)
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = times[parentPlace]!
      if (parent.at <= slot.at) break
      times[place] = parent
      place = parentPlace
    }
    times[place] = slot
  }

  private down(slot: Slot<A>): void {
    const { times } = this
    const { length } = times
    let place = 0
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= length) break
      const rightPlace = childPlace + 1
      if (rightPlace < length && times[rightPlace]!.at < times[childPlace]!.at) childPlace = rightPlace
      const child = times[childPlace]!
      if (slot.at <= child.at) break
      times[place] = child
      place = childPlace
    }
    times[place] = slot
  }
}

const lastOrder = (entries: ReadonlyArray<Entry | undefined>): number =>
  // Where the last one was taken out it is not known, and the order has to be looked at.
  entries[entries.length - 1]?.order ?? Infinity
