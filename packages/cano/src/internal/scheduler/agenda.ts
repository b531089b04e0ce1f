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
  /** It was taken out, and somebody is at its entries. */
  isTaken: boolean
}

/** So many places may be empty before it is looked whether they are more than those that are not. */
const spareable = 256

/**
 * Entries by the time at which they are due: a heap of the times, and a list for each. Thousands of flows share a
 * thousand milliseconds, so an entry seldom has to find its place in the heap. What was removed leaves an empty place;
 * when most are empty they are cleared away, so that flows that come and go leave nothing.
 */
export class Agenda<A extends Entry> {
  private times: Array<Slot<A>> = []
  private readonly slots = new Map<number, Slot<A>>()
  /** Slots without entries. */
  private empty = 0

  /** Places that are held, for entries or by those that were removed. */
  get footprint(): number {
    return this.times.reduce((sum, slot) => sum + 1 + slot.entries.length, 0)
  }

  /** The earliest time at which something is due. */
  get next(): number | undefined {
    for (;;) {
      const first = this.times[0]
      if (first === undefined || first.size > 0) return first?.at
      this.empty--
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
    if (slot.size++ === 0) this.empty--
  }

  remove(entry: A): void {
    const { slot } = entry
    if (slot === undefined) return
    slot.entries[entry.place] = undefined
    slot.size--
    entry.slot = undefined
    if (slot.isTaken) return
    if (slot.size === 0) {
      slot.entries.length = 0
      slot.isSorted = true
      if (++this.empty > spareable && this.empty > this.times.length / 2) this.clearSlots()
    } else if (slot.entries.length > spareable && slot.size < slot.entries.length / 2) {
      settle(slot, present(slot))
    }
  }

  /** Takes out what is due at the earliest time, in order; an entry may be removed until it is come to. */
  take(): Slot<A> | undefined {
    if (this.next === undefined) return undefined
    const slot = this.shift()!
    slot.isTaken = true
    if (!slot.isSorted) {
      settle(
        slot,
        present(slot).sort((a, b) => a.order - b.order)
      )
    }
    return slot
  }

  /** Takes out everything. */
  drain(): ReadonlyArray<A> {
    const all = this.times.flatMap(present)
    for (const entry of all) entry.slot = undefined
    this.times.length = 0
    this.slots.clear()
    this.empty = 0
    return all
  }

  private clearSlots(): void {
    for (const slot of this.times) if (slot.size === 0) this.slots.delete(slot.at)
    this.times = this.times.filter((slot) => slot.size > 0)
    this.empty = 0
    for (let place = (this.times.length >> 1) - 1; place >= 0; place--) this.down(this.times[place]!, place)
  }

  private slotAt(at: number): Slot<A> {
    const found = this.slots.get(at)
    if (found !== undefined) return found
    const slot: Slot<A> = { at, entries: [], size: 0, isSorted: true, isTaken: false }
    this.empty++
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

  private down(slot: Slot<A>, from = 0): void {
    const { times } = this
    const { length } = times
    let place = from
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

const present = <A>(slot: Slot<A>): Array<A> => slot.entries.filter((entry) => entry !== undefined)

/** Gives a slot these entries; one by one, because there may be more than a call takes arguments. */
const settle = <A extends Entry>(slot: Slot<A>, entries: ReadonlyArray<A>): void => {
  slot.entries.length = 0
  for (const entry of entries) {
    entry.place = slot.entries.length
    slot.entries.push(entry)
  }
}

const lastOrder = (entries: ReadonlyArray<Entry | undefined>): number =>
  // Where the last one was taken out it is not known, and the order has to be looked at.
  entries[entries.length - 1]?.order ?? Infinity
