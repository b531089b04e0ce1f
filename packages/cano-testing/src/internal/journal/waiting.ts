import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { claimOf, newRun } from "../../JournalRows.ts"
import { type Suite } from "./suite.ts"

export const waiting = ({ advance, test }: Suite): void => {
  describe("J10: rests", () => {
    test("J10: a run that is handed over is ready now", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* advance(4)
        yield* journal.write("r", { status: "ready", wake: { in: 1000 } })
        assert.deepInclude(yield* journal.head("r"), {
          status: "ready",
          wakeAt: 4,
          deadline: undefined,
          owner: undefined
        })
        assert.strictEqual((yield* journal.claim(claimOf("b"))).runs.length, 1)
      }))

    test("J10: the next row ends the wait", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.write("r", { status: "waiting", wake: { in: 5 }, waitsFor: "go" })
        yield* advance(5)
        yield* journal.claim(claimOf("b"))
        yield* journal.write("r")
        assert.deepInclude(yield* journal.head("r"), { deadline: undefined, wakeAt: undefined, waitsFor: undefined })
      }))

    test("J10: hints tell of runs that may be claimed or have ended", (journal) =>
      Effect.gen(function* () {
        const seen = new Set<string>()
        const fiber = yield* Effect.forkChild(
          Stream.runForEach(journal.hints, (runId) => Effect.sync(() => void seen.add(runId)))
        )
        for (let n = 0; n < 10; n++) yield* Effect.yieldNow
        yield* journal.create(newRun("created"))
        yield* journal.begin("ended")
        yield* journal.write("ended", { status: "done" })
        yield* advance(1)
        for (let n = 0; n < 20; n++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        // Hints may be lost, but none names a run that is not there.
        for (const runId of seen) assert.include(["created", "ended"], runId)
      }))
  })
}
