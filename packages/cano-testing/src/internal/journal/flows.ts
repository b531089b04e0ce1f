import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Flow, Shape } from "effect-cano/Journal"
import { newRun } from "../../JournalRows.ts"
import { failsWith, type Suite } from "./suite.ts"

const flowOf = (flowId: string, changes?: Partial<Flow>): Flow => ({
  flowId,
  version: 0,
  trigger: "every 1h",
  anchor: 100,
  lastFire: undefined,
  lastRun: undefined,
  isPaused: false,
  runs: 0,
  failures: 0,
  isTripped: false,
  ...changes
})

/** A flow to save next: with the version that the journal has. */
const next = (journal: Shape, changes?: Partial<Flow>) =>
  Effect.map(journal.flow("f"), (present) =>
    flowOf("f", { ...changes, version: Option.match(present, { onNone: () => 0, onSome: ({ version }) => version }) })
  )

export const flows = ({ maxPayload, test, testPair }: Suite): void => {
  describe("J14: a fire is accepted once", () => {
    test("J14: a flow is given as it was saved", (journal) =>
      Effect.gen(function* () {
        assert.isTrue(Option.isNone(yield* journal.flow("f")))
        const flow = flowOf("f", { lastFire: 5, lastRun: "f@5", isPaused: true, runs: 3, failures: 2, isTripped: true })
        assert.isTrue(yield* journal.saveFlow(flow))
        assert.deepStrictEqual(Option.getOrThrow(yield* journal.flow("f")), { ...flow, version: 1 })
        assert.isTrue(yield* journal.saveFlow({ ...flow, version: 1, trigger: "0 9 * * *", isPaused: false }))
        const saved = { version: 2, trigger: "0 9 * * *", isPaused: false }
        assert.deepInclude(Option.getOrThrow(yield* journal.flow("f")), saved)
        assert.isTrue(Option.isNone(yield* journal.flow("g")))
      }))

    test("J14: only a later fire is accepted, together with its run", (journal) =>
      Effect.gen(function* () {
        const fire = (at: number, changes?: Partial<Flow>, run = newRun(`f@${at}`)) =>
          Effect.flatMap(next(journal, { runs: 1, ...changes }), (flow) => journal.fire({ flow, at, run }))
        assert.isTrue(yield* fire(1000))
        const fired = flowOf("f", { version: 1, runs: 1, lastFire: 1000 })
        assert.deepStrictEqual(Option.getOrThrow(yield* journal.flow("f")), fired)
        assert.isFalse(yield* fire(1000, { runs: 9 }, newRun("f@again")))
        assert.isFalse(yield* fire(999))
        assert.strictEqual(Option.getOrThrow(yield* journal.flow("f")).runs, 1)
        assert.isTrue(yield* journal.fire({ flow: yield* next(journal), at: 1001, run: undefined }))
        assert.isTrue(yield* fire(2000, {}, newRun("f@1000")))
        assert.deepStrictEqual(
          (yield* journal.list({})).runs.map((head) => head.runId),
          ["f@1000"]
        )
        yield* failsWith(fire(3000, {}, newRun("big", { state: "x".repeat(maxPayload + 1) })), "TooLarge")
        assert.strictEqual(Option.getOrThrow(yield* journal.flow("f")).lastFire, 2000)
      }))

    test("J14: saving a flow never sets its last fire back", (journal) =>
      Effect.gen(function* () {
        yield* journal.fire({ flow: flowOf("f"), at: 1000, run: undefined })
        yield* journal.saveFlow(yield* next(journal, { lastFire: 500, runs: 4 }))
        assert.deepInclude(Option.getOrThrow(yield* journal.flow("f")), { lastFire: 1000, runs: 4 })
        yield* journal.saveFlow(yield* next(journal))
        assert.isFalse(yield* journal.fire({ flow: yield* next(journal), at: 1000, run: undefined }))
      }))

    test("J14: a save or a fire that others came before is refused", (journal) =>
      Effect.gen(function* () {
        assert.isTrue(yield* journal.saveFlow(flowOf("f", { runs: 1 })))
        assert.isFalse(yield* journal.saveFlow(flowOf("f", { runs: 2 })))
        assert.isFalse(yield* journal.fire({ flow: flowOf("f", { runs: 2 }), at: 1000, run: newRun("f@1000") }))
        assert.isFalse(yield* journal.saveFlow(flowOf("g", { version: 1 })))
        assert.deepInclude(Option.getOrThrow(yield* journal.flow("f")), { runs: 1, version: 1, lastFire: undefined })
        assert.isTrue(Option.isNone(yield* journal.flow("g")))
        assert.deepStrictEqual((yield* journal.list({})).runs, [])
      }))

    testPair("J14: of many schedulers, one fires", (one, other) =>
      Effect.gen(function* () {
        for (let at = 1; at <= 20; at++) {
          const answers = yield* Effect.forEach(
            [one, other, one, other],
            (journal) => Effect.flatMap(next(journal), (flow) => journal.fire({ flow, at, run: newRun(`f@${at}`) })),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(answers.filter((isAccepted) => isAccepted).length, 1)
        }
        assert.strictEqual((yield* one.list({})).runs.length, 20)
      })
    )
  })
}
