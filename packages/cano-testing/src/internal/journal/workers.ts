import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { claimOf, newRun, rowAfter, workerOf } from "../../JournalRows.ts"
import { conflicts, type Suite } from "./suite.ts"

export const workers = ({ advance, test }: Suite): void => {
  describe("J9: workers", () => {
    test("J9: a beat gives the runs that the worker owns", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("b"))
        yield* journal.create(newRun("a"))
        yield* journal.create(newRun("c", { startIn: 10 }))
        assert.deepStrictEqual(yield* journal.beat(workerOf("w")), [])
        yield* journal.claim(claimOf("w"))
        yield* journal.cancel({ runId: "b" })
        assert.deepStrictEqual(yield* journal.beat(workerOf("w")), [
          { runId: "a", fence: 1, isCancelRequested: false },
          { runId: "b", fence: 1, isCancelRequested: true }
        ])
        yield* journal.write("b", { status: "cancelled" })
        assert.strictEqual((yield* journal.beat(workerOf("w"))).length, 1)
      }))

    test("J9: workers are listed as they told of themselves", (journal) =>
      Effect.gen(function* () {
        yield* journal.beat(workerOf("b"))
        yield* advance(5)
        yield* journal.beat(workerOf("a", { host: "h", version: "2", concurrency: 3, fingerprints: ["x", "y"] }))
        yield* advance(5)
        yield* journal.beat(workerOf("b", { isDraining: true }))
        assert.deepStrictEqual(yield* journal.workers, [
          { ...workerOf("a", { host: "h", version: "2", concurrency: 3, fingerprints: ["x", "y"] }), seenAt: 5 },
          { ...workerOf("b", { isDraining: true }), seenAt: 10 }
        ])
      }))

    test("J9: what a worker leaves is ready, and counts no crash", (journal) =>
      Effect.gen(function* () {
        yield* journal.beat(workerOf("a"))
        yield* journal.beat(workerOf("b"))
        const head = yield* journal.begin("r")
        yield* journal.begin("other", { owner: "b" })
        yield* advance(3)
        yield* journal.leave("a")
        assert.deepStrictEqual(
          (yield* journal.workers).map((worker) => worker.owner),
          ["b"]
        )
        assert.deepInclude(yield* journal.head("r"), { status: "ready", wakeAt: 3, owner: undefined, sequence: 0 })
        yield* conflicts(journal, rowAfter(head))
        const { runs } = yield* journal.claim(claimOf("c"))
        assert.deepStrictEqual(
          runs.map((run) => [run.head.runId, run.head.crashes, run.head.fence]),
          [["r", 0, 2]]
        )
        yield* journal.leave("nobody")
      }))

    test("J9: a released run is ready at once, without a row", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.write("r", { status: "waiting", wake: { in: 10 }, waitsFor: "go" })
        yield* advance(20)
        yield* journal.claim(claimOf("b"))
        for (const wrong of [{ owner: "a" }, { fence: 1 }, { fence: 3 }, { runId: "x" }])
          assert.isFalse(yield* journal.release({ runId: "r", owner: "b", fence: 2, ...wrong }))
        assert.strictEqual((yield* journal.head("r")).status, "running")
        assert.isTrue(yield* journal.release({ runId: "r", owner: "b", fence: 2 }))
        assert.deepInclude(yield* journal.head("r"), {
          status: "ready",
          wakeAt: 20,
          deadline: 10,
          waitsFor: "go",
          owner: undefined,
          sequence: 1,
          fence: 2
        })
        assert.isFalse(yield* journal.release({ runId: "r", owner: "b", fence: 2 }))
      }))
  })
}
