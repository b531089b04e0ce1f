import { assert, describe, it } from "@effect/vitest"
import { Agenda, type Entry } from "../../src/internal/scheduler/agenda.ts"
import { random, replay } from "../laws/random.ts"

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
      assert.deepStrictEqual([agenda.next, agenda.take()?.entries], [0, [first]])
      assert.strictEqual(agenda.next, second.fireAt)
      assert.deepStrictEqual(
        agenda.take()?.entries.filter((entry) => entry !== undefined),
        [second]
      )
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
          assert.sameMembers([...agenda.drain()], model, message)
          model = []
        } else {
          const taken = agenda.take()?.entries.filter((entry) => entry !== undefined) ?? []
          assert.deepStrictEqual(
            taken.map(({ order }) => order),
            first.filter(({ fireAt }) => fireAt === first[0]!.fireAt).map(({ order }) => order),
            message
          )
          for (const entry of taken) entry.slot = undefined
          model = model.filter((entry) => !taken.includes(entry))
        }
      }
    }
  })
})
