import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { claimOf, newRun, rowAfter } from "../../JournalRows.ts"
import { type Suite, undoOf } from "./suite.ts"

export const creating = ({ advance, test, testHistory }: Suite): void => {
  describe("J8: a run is created once", () => {
    test("J8: a new run is ready, and is given as it was created", (journal) =>
      Effect.gen(function* () {
        yield* advance(5000)
        const answer = yield* journal.create(
          newRun("r", {
            labels: { tenant: "acme", plan: "free" },
            parent: { runId: "p", slot: "0/a/1" },
            restartedFrom: { runId: "q", sequence: 7 },
            trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            transitions: 3,
            store: [
              ["b", "2"],
              ["a", "1"],
              ["gone", undefined]
            ],
            undo: [undoOf(1), undoOf(0, { next: "{}", outcome: "done" })]
          })
        )
        assert.isTrue(answer.isCreated)
        assert.strictEqual(answer.input, `{"_tag":"Start"}`)
        assert.deepStrictEqual(answer.head, {
          runId: "r",
          workflow: "order",
          fingerprint: "f1",
          status: "ready",
          phase: "forward",
          tag: "Start",
          sequence: 0,
          transitions: 3,
          fence: 0,
          owner: undefined,
          inbox: 0,
          attempt: 1,
          waitsFor: undefined,
          deadline: undefined,
          wakeAt: 5000,
          crashes: 0,
          isCancelRequested: false,
          errorTag: undefined,
          error: undefined,
          unreadSignals: 0,
          parent: { runId: "p", slot: "0/a/1" },
          restartedFrom: { runId: "q", sequence: 7 },
          labels: { tenant: "acme", plan: "free" },
          trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          createdAt: 5000,
          updatedAt: 5000,
          endedAt: undefined
        })
        assert.deepStrictEqual(yield* journal.loaded("r"), {
          head: answer.head,
          state: `{"_tag":"Start"}`,
          store: [
            ["a", "1"],
            ["b", "2"]
          ],
          undo: [undoOf(0, { next: "{}", outcome: "done" }), undoOf(1)],
          progress: undefined,
          outcome: undefined
        })
      }))

    test("J8: a run with an owner is running, with fence 1", (journal) =>
      Effect.gen(function* () {
        const { head } = yield* journal.create(newRun("r", { owner: "a", startIn: 60_000 }))
        assert.deepInclude(head, { status: "running", owner: "a", fence: 1, sequence: 0, wakeAt: undefined })
        yield* journal.append(rowAfter(head))
        assert.strictEqual((yield* journal.head("r")).sequence, 1)
      }))

    test("J8: a second creation gives the run as it is, and the payload that it was created with", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.write("r", { tag: "Next", state: `{"_tag":"Next"}`, transitions: 1 })
        const before = yield* journal.loaded("r")
        const answer = yield* journal.create(
          newRun("r", { workflow: "other", state: "{}", owner: "b", store: [["k", "1"]], labels: { x: "y" } })
        )
        assert.deepStrictEqual(answer, { isCreated: false, head: before.head, input: `{"_tag":"Start"}` })
        assert.deepStrictEqual(yield* journal.loaded("r"), before)
      }))

    test("J8: of many creations at once, one creates the run", (journal) =>
      Effect.gen(function* () {
        const answers = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => newRun("r", { state: `${i}` })),
          journal.create,
          { concurrency: "unbounded" }
        )
        assert.strictEqual(answers.filter((answer) => answer.isCreated).length, 1)
        assert.strictEqual(new Set(answers.map((answer) => answer.input)).size, 1)
      }))

    test("J8: a removed id is free again", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r", { store: [["k", "1"]], labels: { a: "b" }, undo: [undoOf(0)] })
        yield* journal.write("r", { status: "done", undo: [undoOf(0, { outcome: "done" })] })
        assert.strictEqual(yield* journal.remove({ runIds: ["r"] }), 1)
        assert.isTrue(Option.isNone(yield* journal.load("r")))
        assert.isTrue((yield* journal.create(newRun("r", { state: "[]" }))).isCreated)
        assert.deepInclude(yield* journal.loaded("r"), { state: "[]", store: [], undo: [] })
      }))

    testHistory("J4: creation writes row 0", (journal) =>
      Effect.gen(function* () {
        yield* advance(1000)
        yield* journal.create(newRun("r", { startIn: 500, store: [["k", "1"]], transitions: 2 }))
        assert.deepStrictEqual(yield* journal.history("r"), [
          {
            sequence: 0,
            at: 1000,
            fence: 0,
            owner: undefined,
            status: "ready",
            phase: "forward",
            tag: "Start",
            from: undefined,
            transitions: 2,
            attempts: 0,
            signals: [],
            wakeAt: 1500,
            waitsFor: undefined,
            errorTag: undefined,
            error: undefined,
            state: `{"_tag":"Start"}`,
            store: [["k", "1"]]
          }
        ])
      })
    )
  })

  describe("J11: due times are judged by the journal's clock", () => {
    test("J11: a run that starts later is not claimed early", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r", { startIn: 1000 }))
        for (const now of [0, 999]) {
          yield* advance(now)
          const claimed = yield* journal.claim(claimOf("a"))
          assert.deepInclude(claimed, { now, runs: [], nextDueIn: 1000 - now })
        }
        yield* advance(1)
        assert.strictEqual((yield* journal.claim(claimOf("a"))).runs.length, 1)
      }))

    test("J11: a fraction of a millisecond is rounded up", (journal) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* journal.create(newRun("r", { startIn: 1.2 }))).head.wakeAt, 2)
        yield* journal.begin("s")
        yield* journal.write("s", { status: "waiting", wake: { in: 0.5 } })
        assert.strictEqual((yield* journal.head("s")).wakeAt, 1)
        yield* journal.begin("t")
        yield* journal.write("t", { status: "waiting", wake: { at: 10.1 } })
        assert.strictEqual((yield* journal.head("t")).wakeAt, 11)
      }))

    for (const status of ["waiting", "retrying"] as const) {
      test(`J11: a ${status} run is claimed when its time has come, after 400 days as well`, (journal) =>
        Effect.gen(function* () {
          yield* journal.begin("r")
          const days = 400 * 24 * 3600 * 1000
          yield* journal.write("r", { status, wake: { in: days } })
          assert.deepInclude(yield* journal.head("r"), { status, wakeAt: days, deadline: days, owner: undefined })
          yield* advance(days - 1)
          assert.deepStrictEqual((yield* journal.claim(claimOf("b"))).runs, [])
          yield* advance(1)
          const { runs } = yield* journal.claim(claimOf("b"))
          assert.deepInclude(runs[0]!.head, { status: "running", owner: "b", deadline: days, wakeAt: undefined })
        }))
    }

    test("J11: a wait until a time ends at that time, and one without end never", (journal) =>
      Effect.gen(function* () {
        yield* advance(1000)
        yield* journal.begin("at")
        yield* journal.write("at", { status: "waiting", wake: { at: 3000 } })
        yield* journal.begin("past")
        yield* journal.write("past", { status: "waiting", wake: { at: 10 } })
        yield* journal.begin("never")
        yield* journal.write("never", { status: "waiting", wake: "never" })
        assert.deepInclude(yield* journal.head("never"), { wakeAt: undefined, deadline: undefined })
        const claimed = yield* journal.claim(claimOf("b"))
        assert.deepStrictEqual(
          claimed.runs.map((run) => run.head.runId),
          ["past"]
        )
        assert.strictEqual(claimed.nextDueIn, 2000)
        yield* advance(2000)
        const later = yield* journal.claim(claimOf("b"))
        assert.deepStrictEqual(
          later.runs.map((run) => run.head.runId),
          ["at"]
        )
        assert.isUndefined(later.nextDueIn)
      }))
  })
}
