/** What an {@link Agenda} holds. An entry knows its own place, so that it can be taken out. */
export interface Entry {
  /** When the entry is due. */
  fireAt: number
  /** Decides between entries that are due at the same time. */
  readonly order: number
  /** The entries that are due at the same time; none outside of the agenda. */
  slot: Slot<any> | undefined
  /** The index of the entry in its slot. */
  place: number
}

/** All entries that are due at one time. */
interface Slot<A> {
  readonly at: number
  /** A place is empty when its entry was taken out. */
  readonly entries: Array<A | undefined>
  /** The number of entries that are left. */
  size: number
  /** The entries were added in their order. */
  isSorted: boolean
  /** The slot has left the heap, and its entries are being given out. */
  isOpen: boolean
}

/** A slot, or the heap, is compacted once more places than this, and more than half of them, are empty. */
const spareable = 256

/**
 * Entries by the time at which they are due: a heap of times, and a list of entries for each time. Thousands of flows share
 * a thousand milliseconds, so an entry seldom has to find its place in the heap. An entry that is removed leaves an empty
 * place. When most places are empty they are cleared away, so flows that come and go leave nothing.
 */
export class Agenda<A extends Entry> {
  /** Called with the time of each entry that is added: a sleeper may have to wake earlier. */
  onAdd: (at: number) => void = () => {}
  /** A heap: the earliest slot first. */
  private heap: Array<Slot<A>> = []
  private readonly slots = new Map<number, Slot<A>>()
  /** The number of slots in the heap that have no entries. */
  private empty = 0
  /** The slot whose entries are being given out, and the place of the next one. */
  private open: Slot<A> | undefined = undefined
  private cursor = 0

  /** The places that are held, by entries or by those that were removed. */
  get footprint(): number {
    return this.heap.reduce((sum, slot) => sum + 1 + slot.entries.length, this.open?.entries.length ?? 0)
  }

  /** The earliest time at which an entry is due. */
  get next(): number | undefined {
    if (this.open !== undefined && this.open.size > 0) return this.open.at
    for (;;) {
      const first = this.heap[0]
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
    this.onAdd(entry.fireAt)
  }

  remove(entry: A): void {
    const { slot } = entry
    if (slot === undefined) return
    slot.entries[entry.place] = undefined
    slot.size--
    entry.slot = undefined
    if (slot.isOpen) return
    if (slot.size === 0) {
      slot.entries.length = 0
      slot.isSorted = true
      if (++this.empty > spareable && this.empty > this.heap.length / 2) this.dropEmptySlots()
    } else if (slot.entries.length > spareable && slot.size < slot.entries.length / 2) {
      refill(slot, present(slot))
    }
  }

  /** Takes out the earliest entry, if it is due. Entries that are due at the same time are given out in their order. */
  takeDue(now: number): A | undefined {
    for (;;) {
      const { open } = this
      if (open === undefined) {
        const { next } = this
        if (next === undefined || next > now) return undefined
        this.openFirst()
      } else if (this.cursor < open.entries.length) {
        const entry = open.entries[this.cursor++]
        if (entry === undefined) continue
        open.size--
        entry.slot = undefined
        return entry
      } else {
        this.open = undefined
      }
    }
  }

  /** Takes out every entry. */
  clear(): void {
    for (const entry of this.open?.entries.slice(this.cursor) ?? []) if (entry !== undefined) entry.slot = undefined
    for (const entry of this.heap.flatMap(present)) entry.slot = undefined
    this.open = undefined
    this.heap.length = 0
    this.slots.clear()
    this.empty = 0
  }

  private openFirst(): void {
    const slot = this.shift()!
    slot.isOpen = true
    if (!slot.isSorted) {
      refill(
        slot,
        present(slot).sort((a, b) => a.order - b.order)
      )
    }
    this.open = slot
    this.cursor = 0
  }

  private slotAt(at: number): Slot<A> {
    const found = this.slots.get(at)
    if (found !== undefined) return found
    const slot: Slot<A> = { at, entries: [], size: 0, isSorted: true, isOpen: false }
    this.empty++
    this.slots.set(at, slot)
    this.up(slot)
    return slot
  }

  private dropEmptySlots(): void {
    for (const slot of this.heap) if (slot.size === 0) this.slots.delete(slot.at)
    this.heap = this.heap.filter((slot) => slot.size > 0)
    this.empty = 0
    for (let place = (this.heap.length >> 1) - 1; place >= 0; place--) this.down(this.heap[place]!, place)
  }

  // ---------------------------------------------------------------------------
  // the heap
  // ---------------------------------------------------------------------------

  private shift(): Slot<A> | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    this.slots.delete(first.at)
    if (first !== last) this.down(last)
    return first
  }

  private up(slot: Slot<A>): void {
    const { heap } = this
    let place = heap.length
    heap.push(slot)
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = heap[parentPlace]!
      if (parent.at <= slot.at) break
      heap[place] = parent
      place = parentPlace
    }
    heap[place] = slot
  }

  private down(slot: Slot<A>, from = 0): void {
    const { heap } = this
    const { length } = heap
    let place = from
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= length) break
      const rightPlace = childPlace + 1
      if (rightPlace < length && heap[rightPlace]!.at < heap[childPlace]!.at) childPlace = rightPlace
      const child = heap[childPlace]!
      if (slot.at <= child.at) break
      heap[place] = child
      place = childPlace
    }
    heap[place] = slot
  }
}

const present = <A>(slot: Slot<A>): Array<A> => slot.entries.filter((entry) => entry !== undefined)

/** Gives a slot these entries, one by one: there may be more of them than a call takes arguments. */
const refill = <A extends Entry>(slot: Slot<A>, entries: ReadonlyArray<A>): void => {
  slot.entries.length = 0
  for (const entry of entries) {
    entry.place = slot.entries.length
    slot.entries.push(entry)
  }
}

/** The order of the last entry. Where that one was taken out it is not known, and the slot has to be sorted. */
const lastOrder = (entries: ReadonlyArray<Entry | undefined>): number => entries[entries.length - 1]?.order ?? Infinity
