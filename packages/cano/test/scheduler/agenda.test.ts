import { assert, describe, it } from "@effect/vitest"
import { Agenda, type Entry } from "../../src/internal/scheduler/agenda.ts"
import { random, replay } from "effect-cano-testing/Seed"

/** Takes out all entries that are due at the earliest time. */
const takeEarliest = (agenda: Agenda<Entry>): ReadonlyArray<Entry> => {
  const { next } = agenda
  const taken: Array<Entry> = []
  while (next !== undefined && agenda.next === next) taken.push(agenda.takeDue(next)!)
  return taken
}

const entryOf = (order: number): Entry => ({ fireAt: NaN, order, slot: undefined, place: 0 })

describe("S1: an agenda", { timeout: 60_000 }, () => {
  it("does not grow by what was removed, whether it was due at one time or at many", () => {
    const agenda = new Agenda<Entry>()
    const [first, second] = [entryOf(0), entryOf(1)]
    for (const isSpread of [true, false]) {
      first.fireAt = 0
      second.fireAt = isSpread ? 1e9 : 5000
      agenda.add(first)
      agenda.add(second)
      for (let i = 2; i < 20_000; i++) {
        const entry = entryOf(i)
        entry.fireAt = isSpread ? i : 5000
        agenda.add(entry)
        agenda.remove(entry)
      }
      assert.isBelow(agenda.footprint, 2000)
      assert.deepStrictEqual([agenda.next, takeEarliest(agenda)], [0, [first]])
      assert.strictEqual(agenda.next, second.fireAt)
      assert.deepStrictEqual(takeEarliest(agenda), [second])
    }
  })

  it("gives out what a sorted list would, whatever is added, removed and taken", () => {
    const { runs, seed } = replay(500)
    for (let run = 0; run < runs; run++) {
      const { chance, int, pick } = random(seed + run)
      const agenda = new Agenda<Entry>()
      const entries = Array.from({ length: 1 + int(30) }, (_, order) => entryOf(order))
      let model: Array<Entry> = []
      const message = `CANO_SEED=${seed + run} CANO_RUNS=1`
      for (let step = 0; step < 200; step++) {
        const first = model.toSorted((a, b) => a.fireAt - b.fireAt || a.order - b.order)
        assert.strictEqual(agenda.next, first[0]?.fireAt, message)
        const entry = pick(entries)
        if (chance(0.5) && !model.includes(entry)) {
          entry.fireAt = int(12)
          agenda.add(entry)
          model.push(entry)
        } else if (chance(0.5)) {
          agenda.remove(entry)
          model = model.filter((other) => other !== entry)
          assert.isUndefined(entry.slot, message)
        } else if (chance(0.1)) {
          agenda.clear()
          assert.isTrue(
            entries.every(({ slot }) => slot === undefined),
            message
          )
          model = []
        } else {
          assert.isUndefined(agenda.takeDue((first[0]?.fireAt ?? 0) - 1), message)
          const taken = takeEarliest(agenda)
          assert.deepStrictEqual(
            taken.map(({ order }) => order),
            first.filter(({ fireAt }) => fireAt === first[0]!.fireAt).map(({ order }) => order),
            message
          )
          assert.isTrue(
            taken.every(({ slot }) => slot === undefined),
            message
          )
          model = model.filter((entry) => !taken.includes(entry))
        }
      }
    }
  })

  it("gives out what is left when entries that are due at one time are removed, and others added, in between", () => {
    const agenda = new Agenda<Entry>()
    const entries = Array.from({ length: 6 }, (_, order) => Object.assign(entryOf(order), { fireAt: 10 }))
    const [first, removed, second, third, added, later] = entries as [Entry, Entry, Entry, Entry, Entry, Entry]
    later.fireAt = 20
    for (const entry of [third, second, removed, first, later]) agenda.add(entry)
    assert.strictEqual(agenda.takeDue(10), first)
    agenda.remove(removed)
    agenda.add(added)
    assert.strictEqual(agenda.next, 10)
    assert.deepStrictEqual(
      [1, 2, 3, 4].map(() => agenda.takeDue(10)),
      [second, third, added, undefined]
    )
    assert.strictEqual(agenda.next, 20)
    // One of two is taken, and the other cleared away.
    agenda.add(first)
    agenda.add(second)
    assert.strictEqual(agenda.takeDue(10), first)
    agenda.clear()
    assert.deepStrictEqual([agenda.next, agenda.takeDue(20), agenda.footprint], [undefined, undefined, 0])
    assert.isTrue(entries.every(({ slot }) => slot === undefined))
  })
})
