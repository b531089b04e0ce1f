import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { claimOf, rowAfter } from "../../JournalRows.ts"
import { type Subject, type Suite, undoOf } from "./suite.ts"

/** A parent that waits for the ends of children, which run. */
const family = (journal: Subject, children: number, awaitsChildren = children) =>
  Effect.gen(function* () {
    yield* journal.begin("parent")
    for (let n = 0; n < children; n++)
      yield* journal.begin(`child${n}`, { parent: { runId: "parent", slot: `0/${n}/1` } })
    yield* journal.write("parent", { status: "waiting", wake: { in: 1000 }, awaitsChildren })
  })

export const families = ({ advance, test }: Suite): void => {
  describe("J13: children", () => {
    for (const status of ["done", "failed", "cancelled"] as const) {
      test(`J13: a parent that waits for two is ready with the second that is ${status}`, (journal) =>
        Effect.gen(function* () {
          yield* family(journal, 3, 2)
          yield* journal.write("child2", { status })
          assert.deepInclude(yield* journal.head("parent"), { status: "waiting", inbox: 1, wakeAt: 1000 })
          yield* advance(5)
          yield* journal.write("child0", { status })
          assert.deepInclude(yield* journal.head("parent"), { status: "ready", inbox: 2, wakeAt: 5, deadline: 1000 })
          yield* journal.write("child1", { status })
          assert.deepInclude(yield* journal.head("parent"), { status: "ready", inbox: 3, wakeAt: 5 })
        }))
    }

    test("J13: a child that is cancelled at once, or killed too many workers, tells its parent", (journal) =>
      Effect.gen(function* () {
        yield* family(journal, 2)
        yield* journal.write("child0", { status: "waiting", wake: "never" })
        assert.strictEqual(yield* journal.cancel({ runId: "child0" }), "Cancelled")
        assert.strictEqual((yield* journal.head("parent")).inbox, 1)
        const { died } = yield* journal.claim(claimOf("b", { maxCrashes: 0 }))
        assert.deepStrictEqual(
          died.map((head) => head.runId),
          ["child1"]
        )
        assert.deepInclude(yield* journal.head("parent"), { status: "ready", inbox: 2 })
      }))

    test("J13: a row that is no end tells nobody, and a repeated end tells once", (journal) =>
      Effect.gen(function* () {
        yield* family(journal, 1)
        yield* journal.write("child0")
        yield* journal.write("child0", { status: "waiting", wake: { in: 0 } })
        assert.strictEqual((yield* journal.head("parent")).inbox, 0)
        yield* journal.claim(claimOf("b"))
        const end = yield* journal.write("child0", { status: "done" })
        yield* journal.append(end)
        assert.strictEqual((yield* journal.head("parent")).inbox, 1)
      }))

    test("J13: a child that ends before its parent waits is not lost", (journal) =>
      Effect.gen(function* () {
        const parent = yield* journal.begin("parent")
        yield* journal.begin("child", { parent: { runId: "parent", slot: "" } })
        yield* journal.write("child", { status: "done" })
        yield* journal.append(rowAfter(parent, { status: "waiting", wake: "never", awaitsChildren: 1 }))
        assert.strictEqual((yield* journal.head("parent")).status, "ready")
      }))

    test("J13: a child knows its parent by id, whichever was created first", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("child", { parent: { runId: "parent", slot: "" } })
        yield* journal.begin("parent")
        yield* journal.write("parent", { status: "waiting", wake: "never", awaitsChildren: 1 })
        assert.strictEqual(yield* journal.cancel({ runId: "parent" }), "Requested")
        yield* journal.claim(claimOf("b", { runIds: ["parent"] }))
        yield* journal.write("parent", { status: "waiting", wake: "never", awaitsChildren: 1 })
        yield* journal.write("child", { status: "done" })
        assert.strictEqual((yield* journal.head("parent")).status, "ready")
      }))

    test("J13: a parent that does something else only sees its inbox move", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("parent")
        for (const n of [0, 1, 2]) yield* journal.begin(`c${n}`, { parent: { runId: "parent", slot: `${n}` } })
        yield* journal.write("c0", { status: "done" })
        assert.deepInclude(yield* journal.head("parent"), { status: "running", inbox: 1 })
        yield* journal.write("parent", { status: "waiting", wake: { in: 50 }, waitsFor: "go" })
        yield* journal.write("c1", { status: "done" })
        assert.deepInclude(yield* journal.head("parent"), { status: "waiting", inbox: 2, wakeAt: 50 })
        yield* journal.send({ runId: "parent", id: "1", name: "go", value: "1" })
        yield* journal.claim(claimOf("a"))
        yield* journal.write("parent", { status: "done" })
        const ended = yield* journal.head("parent")
        yield* journal.write("c2", { status: "done" })
        assert.deepStrictEqual(yield* journal.head("parent"), ended)
      }))

    test("J13: a parent and its children in one batch", (journal) =>
      Effect.gen(function* () {
        const parent = yield* journal.begin("parent")
        const runIds = Array.from({ length: 20 }, (_, n) => `c${n}`)
        const heads = yield* Effect.forEach(runIds, (runId) =>
          journal.begin(runId, { parent: { runId: "parent", slot: runId } })
        )
        const wait = rowAfter(parent, { status: "waiting", wake: "never", awaitsChildren: 20 })
        const ends = heads.map((head) => rowAfter(head, { status: "done" }))
        yield* Effect.forEach([...ends.slice(0, 10), wait, ...ends.slice(10)], journal.append, {
          concurrency: "unbounded"
        })
        assert.deepInclude(yield* journal.head("parent"), { status: "ready", inbox: 20, sequence: 1 })
      }))

    test("J13: runs that are each other's parents end in two batches", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("a", { parent: { runId: "b", slot: "" } })
        yield* journal.begin("b", { parent: { runId: "a", slot: "" } })
        const [a, b] = [yield* journal.head("a"), yield* journal.head("b")]
        yield* Effect.all(
          [journal.append(rowAfter(a, { status: "done" })), journal.append(rowAfter(b, { status: "done" }))],
          {
            concurrency: "unbounded"
          }
        )
        assert.deepStrictEqual(
          (yield* journal.heads(["a", "b"])).map((head) => head.status),
          ["done", "done"]
        )
        yield* journal.begin("self", { parent: { runId: "self", slot: "" } })
        yield* journal.write("self", { status: "done" })
        assert.strictEqual((yield* journal.head("self")).inbox, 0)
      }))

    test("J12: a run with a child that lives is cancelled by its owner", (journal) =>
      Effect.gen(function* () {
        yield* family(journal, 2)
        yield* journal.write("child0", { status: "done" })
        assert.strictEqual(yield* journal.cancel({ runId: "parent" }), "Requested")
        assert.deepInclude(yield* journal.head("parent"), { status: "ready", inbox: 2, isCancelRequested: true })
        yield* journal.write("child1", { status: "done" })
        yield* journal.claim(claimOf("b", { runIds: ["parent"] }))
        yield* journal.write("parent", { status: "waiting", wake: "never" })
        assert.strictEqual(yield* journal.cancel({ runId: "parent" }), "Cancelled")
      }))

    test("J13: children are found by their parent", (journal) =>
      Effect.gen(function* () {
        yield* family(journal, 3)
        const { runs } = yield* journal.list({ parent: "parent" })
        assert.deepStrictEqual(runs.map((head) => [head.runId, head.parent?.slot]).sort(), [
          ["child0", "0/0/1"],
          ["child1", "0/1/1"],
          ["child2", "0/2/1"]
        ])
        yield* journal.begin("undone", { undo: [undoOf(0)], parent: { runId: "gone", slot: "" } })
        yield* journal.write("undone", { status: "failed" })
      }))
  })
}
