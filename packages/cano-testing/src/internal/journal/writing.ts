import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Status } from "effect-cano/Journal"
import { claimOf, newRun, rowAfter, workerOf } from "../../JournalRows.ts"
import { conflicts, failsWith, type Suite, undoOf } from "./suite.ts"

export const writing = ({ advance, hasHistory, test, testHistory }: Suite): void => {
  describe("J1: an answered row is one commit", () => {
    test("J1: a row keeps state, store, signals, undo, progress and wake-up together", (journal) =>
      Effect.gen(function* () {
        yield* advance(100)
        yield* journal.begin("r", {
          store: [
            ["a", "1"],
            ["b", "2"]
          ],
          undo: [undoOf(0)]
        })
        yield* journal.send({ runId: "r", id: "s1", name: "go", value: "1" })
        yield* journal.send({ runId: "r", id: "s2", name: "go", value: "2" })
        yield* advance(100)
        const answer = yield* journal.append(
          rowAfter(yield* journal.head("r"), {
            status: "retrying",
            phase: "compensating",
            tag: "Paid",
            state: `{"_tag":"Paid"}`,
            fingerprint: "f2",
            transitions: 1,
            attempt: 2,
            wake: { in: 50 },
            waitsFor: "stop",
            store: [
              ["a", undefined],
              ["b", "3"],
              ["c", "4"]
            ],
            signals: ["s1"],
            undo: [undoOf(0, { next: "{}" }), undoOf(1)],
            progress: "p",
            errorTag: "Declined",
            error: "no money",
            attempts: 2
          })
        )
        assert.deepStrictEqual(answer, { inbox: 2, isCancelRequested: false })
        const run = yield* journal.loaded("r")
        assert.deepInclude(run.head, {
          status: "retrying",
          phase: "compensating",
          tag: "Paid",
          fingerprint: "f2",
          sequence: 1,
          transitions: 1,
          attempt: 2,
          owner: undefined,
          wakeAt: 250,
          deadline: 250,
          waitsFor: "stop",
          errorTag: "Declined",
          error: "no money",
          unreadSignals: 1,
          createdAt: 100,
          updatedAt: 200
        })
        assert.deepInclude(run, { state: `{"_tag":"Paid"}`, progress: "p", outcome: undefined })
        assert.deepStrictEqual(run.store, [
          ["b", "3"],
          ["c", "4"]
        ])
        assert.deepStrictEqual(run.undo, [undoOf(0, { next: "{}" }), undoOf(1)])
        assert.deepStrictEqual((yield* journal.signals("r", "go")).signals, [{ id: "s2", value: "2" }])
      }))

    test("J1: a row without a payload leaves the state, and forgets progress and errors", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.write("r", { state: "1", progress: "p", errorTag: "E", error: "e", waitsFor: "x" })
        yield* journal.write("r")
        const run = yield* journal.loaded("r")
        assert.deepInclude(run, { state: "1", progress: undefined })
        assert.deepInclude(run.head, { errorTag: undefined, error: undefined, waitsFor: undefined, sequence: 2 })
      }))

    test("J1: an interrupted append did all or nothing", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        for (let i = 0; i < 20; i++) {
          const before = yield* journal.loaded("r")
          const entry = rowAfter(before.head, {
            state: `${before.head.sequence + 1}`,
            store: [["n", `${before.head.sequence + 1}`]]
          })
          const fiber = yield* Effect.forkChild(journal.append(entry))
          for (let hop = 0; hop < i % 5; hop++) yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          const after = yield* journal.loaded("r")
          if (after.head.sequence !== before.head.sequence) {
            assert.strictEqual(after.state, `${after.head.sequence}`)
            assert.deepStrictEqual(after.store, [["n", `${after.head.sequence}`]])
            assert.strictEqual(after.head.sequence, before.head.sequence + 1)
          } else assert.deepStrictEqual(after, before)
        }
      }))
  })

  describe("J2: the fence", () => {
    test("J2: a claim raises the fence, and the owner before it can write no more", (journal) =>
      Effect.gen(function* () {
        const old = yield* journal.begin("r")
        yield* journal.write("r", { status: "waiting", wake: { in: 0 } })
        const { runs } = yield* journal.claim(claimOf("b"))
        assert.deepInclude(runs[0]!.head, { fence: 2, owner: "b" })
        yield* conflicts(journal, rowAfter(old, { sequence: 2 }))
        yield* conflicts(journal, rowAfter(old, { sequence: 2, owner: "b" }))
        yield* conflicts(journal, rowAfter(old, { sequence: 2, fence: 2 }))
        yield* journal.append(rowAfter(runs[0]!.head))
      }))

    const wrong = {
      "another owner": { owner: "b" },
      "a fence before": { fence: 0 },
      "a fence to come": { fence: 2 },
      "a sequence before": { sequence: 1 },
      "a gap in the sequence": { sequence: 3 }
    }
    for (const [name, changes] of Object.entries(wrong)) {
      test(`J2: ${name} is a conflict`, (journal) =>
        Effect.gen(function* () {
          yield* journal.begin("r")
          yield* journal.write("r")
          const entry = rowAfter(yield* journal.head("r"), { status: "done", state: "x", ...changes })
          // The latest row again is no conflict, whatever else it says: see J3.
          if (entry.sequence === 1) yield* journal.append(entry)
          else yield* conflicts(journal, entry)
          assert.deepInclude(yield* journal.head("r"), { status: "running", sequence: 1 })
        }))
    }

    for (const status of ["ready", "waiting", "retrying", "done", "failed", "cancelled"] as const) {
      test(`J2: the owner that left a run ${status} cannot go on`, (journal) =>
        Effect.gen(function* () {
          const head = yield* journal.begin("r")
          yield* journal.append(rowAfter(head, { status, wake: "never" }))
          yield* conflicts(journal, rowAfter(head, { sequence: 2 }))
        }))
    }

    test("J2: a run that nobody claimed accepts no row", (journal) =>
      Effect.gen(function* () {
        const { head } = yield* journal.create(newRun("r"))
        yield* conflicts(journal, rowAfter(head, { owner: "a" }))
        yield* conflicts(journal, rowAfter(head, { owner: "a", fence: 1 }))
      }))

    test("J2: a row of no run is UnknownRun", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        yield* failsWith(journal.append(rowAfter(head, { runId: "x" })), "UnknownRun")
        yield* journal.write("r", { status: "done" })
        yield* journal.remove({ runIds: ["r"] })
        yield* failsWith(journal.append(rowAfter(head)), "UnknownRun")
      }))
  })

  describe("J3: an append that repeats the latest row", () => {
    for (const status of ["running", "ready", "waiting", "retrying", "done", "failed", "cancelled"] as const) {
      test(`J3: succeeds and changes nothing, with status ${status}`, (journal) =>
        Effect.gen(function* () {
          yield* journal.begin("r", { undo: [undoOf(0)] })
          yield* journal.send({ runId: "r", id: "s", name: "go", value: "1" })
          const entry = yield* journal.write("r", { status, wake: { in: 5 }, signals: ["s"], store: [["k", "1"]] })
          const before = yield* journal.loaded("r")
          const history = yield* journal.history("r")
          assert.deepStrictEqual(yield* journal.append(entry), { inbox: 1, isCancelRequested: false })
          assert.deepStrictEqual(yield* journal.loaded("r"), before)
          assert.deepStrictEqual(yield* journal.history("r"), history)
        }))
    }

    test("J3: a row of the journal itself is nobody's", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        yield* journal.append(rowAfter(head, { status: "waiting", wake: "never" }))
        assert.strictEqual(yield* journal.cancel({ runId: "r" }), "Cancelled")
        yield* conflicts(journal, rowAfter(head, { sequence: 2, status: "done" }))
      }))
  })

  describe("J4: history", () => {
    testHistory("J4: rows are contiguous, in order, and come in pages", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        for (let n = 1; n <= 25; n++)
          yield* journal.write("r", { state: `${n}`, transitions: n, tag: `T${n}`, store: [["n", `${n}`]] })
        const steps = yield* journal.history("r")
        assert.deepStrictEqual(
          steps.map((step) => step.sequence),
          Array.from({ length: 26 }, (_, n) => n)
        )
        assert.deepInclude(steps[3], { from: "T2", tag: "T3", state: "3", transitions: 3, owner: "a", fence: 1 })
        assert.deepStrictEqual(steps[3]!.store, [["n", "3"]])
        const page = (after: number, limit: number) =>
          Effect.map(journal.steps({ runId: "r", after, limit, payloads: false }), (rows) =>
            rows.map((row) => row.sequence)
          )
        assert.deepStrictEqual(yield* page(-1, 3), [0, 1, 2])
        assert.deepStrictEqual(yield* page(2, 3), [3, 4, 5])
        assert.deepStrictEqual(yield* page(24, 3), [25])
        assert.deepStrictEqual(yield* page(25, 3), [])
        assert.deepStrictEqual(yield* journal.steps({ runId: "x", after: -1, limit: 3, payloads: true }), [])
        const bare = yield* journal.steps({ runId: "r", after: 2, limit: 1, payloads: false })
        assert.deepStrictEqual(bare, [{ ...steps[3]!, state: undefined, store: [] }])
      })
    )

    testHistory("J4: a row says what its owner wrote", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.send({ runId: "r", id: "s", name: "go", value: "1" })
        yield* advance(10)
        yield* journal.write("r", {
          inbox: 0,
          status: "waiting",
          phase: "compensating",
          wake: { in: 5 },
          waitsFor: "go",
          signals: ["s"],
          attempts: 3,
          errorTag: "E",
          error: "e"
        })
        assert.deepStrictEqual((yield* journal.history("r"))[1], {
          sequence: 1,
          at: 10,
          fence: 1,
          owner: "a",
          status: "waiting",
          phase: "compensating",
          tag: "Start",
          from: undefined,
          transitions: 0,
          attempts: 3,
          signals: ["s"],
          wakeAt: 15,
          waitsFor: "go",
          errorTag: "E",
          error: "e",
          state: undefined,
          store: []
        })
      })
    )

    testHistory("J4: the journal's own rows follow", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r"))
        yield* journal.cancel({ runId: "r" })
        const steps = yield* journal.history("r")
        assert.strictEqual(steps.length, 2)
        assert.deepInclude(steps[1], { sequence: 1, status: "cancelled", owner: undefined, fence: 0, tag: "Start" })
      })
    )
  })

  describe("J5: reads see the writes that were answered", () => {
    test("J5: after each row, every reading call shows it", (journal) =>
      Effect.gen(function* () {
        yield* journal.beat(workerOf("a"))
        const statuses: ReadonlyArray<Status> = ["running", "running", "running", "done"]
        yield* journal.begin("r")
        for (const [n, status] of statuses.entries()) {
          yield* journal.write("r", { status, state: `${n}` })
          const head = yield* journal.head("r")
          assert.deepInclude(head, { sequence: n + 1, status })
          assert.deepStrictEqual(yield* journal.heads(["r", "r", "x"]), [head])
          assert.deepStrictEqual((yield* journal.list({})).runs, [head])
          if (hasHistory) assert.strictEqual((yield* journal.history("r")).length, n + 2)
          assert.strictEqual((yield* journal.beat(workerOf("a"))).length, status === "running" ? 1 : 0)
        }
      }))
  })
}
