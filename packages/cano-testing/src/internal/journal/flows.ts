import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Flow } from "effect-cano/Journal"
import { failsWith, newRun, type Suite } from "./suite.ts"

const flowOf = (flowId: string, changes?: Partial<Flow>): Flow => ({
  flowId,
  trigger: "every 1h",
  lastFire: undefined,
  isPaused: false,
  runs: 0,
  failures: 0,
  isTripped: false,
  ...changes
})

export const flows = ({ maxPayload, test, testPair }: Suite): void => {
  describe("J14: a fire is accepted once", () => {
    test("J14: a flow is given as it was saved", (journal) =>
      Effect.gen(function* () {
        assert.isTrue(Option.isNone(yield* journal.flow("f")))
        const flow = flowOf("f", { lastFire: 5, isPaused: true, runs: 3, failures: 2, isTripped: true })
        yield* journal.saveFlow(flow)
        assert.deepStrictEqual(Option.getOrThrow(yield* journal.flow("f")), flow)
        yield* journal.saveFlow({ ...flow, trigger: "0 9 * * *", isPaused: false })
        assert.deepInclude(Option.getOrThrow(yield* journal.flow("f")), { trigger: "0 9 * * *", isPaused: false })
        assert.isTrue(Option.isNone(yield* journal.flow("g")))
      }))

    test("J14: only a later fire is accepted, together with its run", (journal) =>
      Effect.gen(function* () {
        const flow = flowOf("f", { runs: 1 })
        assert.isTrue(yield* journal.fire({ flow, at: 1000, run: newRun("f@1000") }))
        assert.deepStrictEqual(Option.getOrThrow(yield* journal.flow("f")), { ...flow, lastFire: 1000 })
        assert.isFalse(yield* journal.fire({ flow: { ...flow, runs: 9 }, at: 1000, run: newRun("f@again") }))
        assert.isFalse(yield* journal.fire({ flow, at: 999, run: newRun("f@999") }))
        assert.strictEqual(Option.getOrThrow(yield* journal.flow("f")).runs, 1)
        assert.isTrue(yield* journal.fire({ flow, at: 1001, run: undefined }))
        assert.isTrue(yield* journal.fire({ flow, at: 2000, run: newRun("f@1000") }))
        assert.deepStrictEqual(
          (yield* journal.list({})).runs.map((head) => head.runId),
          ["f@1000"]
        )
        yield* failsWith(
          journal.fire({ flow, at: 3000, run: newRun("big", { state: "x".repeat(maxPayload + 1) }) }),
          "TooLarge"
        )
        assert.strictEqual(Option.getOrThrow(yield* journal.flow("f")).lastFire, 2000)
      }))

    test("J14: saving a flow never sets its last fire back", (journal) =>
      Effect.gen(function* () {
        yield* journal.fire({ flow: flowOf("f"), at: 1000, run: undefined })
        yield* journal.saveFlow(flowOf("f", { lastFire: 500, runs: 4 }))
        assert.deepInclude(Option.getOrThrow(yield* journal.flow("f")), { lastFire: 1000, runs: 4 })
        yield* journal.saveFlow(flowOf("f"))
        assert.isFalse(yield* journal.fire({ flow: flowOf("f"), at: 1000, run: undefined }))
      }))

    testPair("J14: of many schedulers, one fires", (one, other) =>
      Effect.gen(function* () {
        for (let at = 1; at <= 20; at++) {
          const answers = yield* Effect.forEach(
            [one, other, one, other],
            (journal) => journal.fire({ flow: flowOf("f"), at, run: newRun(`f@${at}`) }),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(answers.filter((isAccepted) => isAccepted).length, 1)
        }
        assert.strictEqual((yield* one.list({})).runs.length, 20)
      })
    )
  })
}
