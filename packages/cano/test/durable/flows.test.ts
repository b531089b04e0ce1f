/** J14 in the memory journal: the journal that all others are compared with. */
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "effect-cano/Journal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const flowOf = (changes: Partial<Journal.Flow> = {}): Journal.Flow => ({
  flowId: "f",
  version: 0,
  trigger: "every 1000 ms",
  anchor: 0,
  lastFire: undefined,
  lastRun: undefined,
  isPaused: false,
  runs: 0,
  failures: 0,
  isTripped: false,
  ...changes
})

const stored = Effect.flatMap(Journal.Journal, (journal) => Effect.map(journal.flow("f"), Option.getOrThrow))

describe("J14: what a journal remembers of a flow", () => {
  it.effect("is given as it was saved, with the next version", () =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      assert.isTrue(Option.isNone(yield* journal.flow("f")))
      const flow = flowOf({ lastFire: 5, isPaused: true, runs: 3, failures: 2, isTripped: true, lastRun: "f@5" })
      assert.isTrue(yield* journal.saveFlow(flow))
      assert.deepStrictEqual(yield* stored, { ...flow, version: 1 })
      assert.isTrue(yield* journal.saveFlow({ ...flow, version: 1, isPaused: false, lastFire: undefined }))
      assert.deepStrictEqual(yield* stored, { ...flow, version: 2, isPaused: false })
    }).pipe(Effect.provide(Journal.layerMemory))
  )

  it.effect("is not changed by who has not seen the latest change", () =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      assert.isFalse(yield* journal.saveFlow(flowOf({ version: 1 })))
      assert.isTrue(yield* journal.saveFlow(flowOf({ isPaused: true })))
      assert.isFalse(yield* journal.saveFlow(flowOf()))
      assert.isFalse(yield* journal.fire({ flow: flowOf(), at: 1000, run: undefined }))
      assert.deepInclude(yield* stored, { isPaused: true, lastFire: undefined })
      assert.isTrue(yield* journal.fire({ flow: flowOf({ version: 1 }), at: 1000, run: undefined }))
      assert.isFalse(yield* journal.fire({ flow: flowOf({ version: 2 }), at: 1000, run: undefined }))
      assert.deepInclude(yield* stored, { version: 2, lastFire: 1000 })
    }).pipe(Effect.provide(Journal.layerMemory))
  )

  it.effect("is refused where a count or a time makes no sense", () =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      for (const wrong of [flowOf({ runs: -1 }), flowOf({ anchor: -1 }), flowOf({ trigger: "\0" })]) {
        const failures = [
          yield* Effect.flip(journal.saveFlow(wrong)),
          yield* Effect.flip(journal.fire({ flow: wrong, at: 1, run: undefined }))
        ]
        for (const failure of failures) assert.deepInclude(failure, { _tag: "JournalFailure", reason: "Refused" })
      }
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})
