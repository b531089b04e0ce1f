import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Removal } from "effect-cano/Journal"
import { type Subject, type Suite, undoOf } from "./suite.ts"

const remaining = (journal: Subject) =>
  Effect.map(journal.list({ limit: 1000 }), (page) => page.runs.map((head) => head.runId).sort())

const rule = (changes: Partial<Exclude<Removal, { readonly runIds: unknown }>>): Removal => ({
  status: ["done", "failed", "cancelled"],
  endedFor: 0,
  limit: 100,
  ...changes
})

export const removal = ({ advance, test }: Suite): void => {
  describe("J16: removal", () => {
    test("J16: only ended runs are removed, by id", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("running")
        yield* journal.begin("waiting")
        yield* journal.write("waiting", { status: "waiting", wake: "never" })
        yield* journal.begin("done", { store: [["k", "1"]], undo: [undoOf(0)], labels: { a: "b" } })
        yield* journal.send({ runId: "done", id: "1", name: "go", value: "1" })
        yield* journal.write("done", { status: "done" })
        assert.strictEqual(yield* journal.remove({ runIds: ["running", "waiting", "done", "none"] }), 1)
        assert.strictEqual(yield* journal.remove({ runIds: ["done"] }), 0)
        assert.deepStrictEqual(yield* remaining(journal), ["running", "waiting"])
        assert.isTrue(Option.isNone(yield* journal.load("done")))
        assert.deepStrictEqual(yield* journal.history("done"), [])
        assert.deepStrictEqual(yield* journal.signals("done", "go"), { inbox: 0, signals: [] })
        assert.strictEqual(yield* journal.send({ runId: "done", id: "1", name: "go", value: "1" }), "UnknownRun")
        assert.deepStrictEqual((yield* journal.list({ labels: { a: "b" } })).runs, [])
      }))

    test("J16: a rule takes the runs that ended first, in slices", (journal) =>
      Effect.gen(function* () {
        for (const [n, status] of (["done", "failed", "cancelled", "done", "done"] as const).entries()) {
          yield* journal.begin(`r${n}`, n === 4 ? { workflow: "other" } : {})
          yield* journal.write(`r${n}`, { status })
          yield* advance(100)
        }
        assert.strictEqual(yield* journal.remove(rule({ endedFor: 501 })), 0)
        assert.strictEqual(yield* journal.remove(rule({ status: ["failed"], endedFor: 400 })), 1)
        assert.strictEqual(yield* journal.remove(rule({ workflow: "other", endedFor: 101 })), 0)
        assert.strictEqual(yield* journal.remove(rule({ limit: 0 })), 0)
        assert.strictEqual(yield* journal.remove(rule({ limit: 2 })), 2)
        assert.deepStrictEqual(yield* remaining(journal), ["r3", "r4"])
        assert.strictEqual(yield* journal.remove(rule({ workflow: "order" })), 1)
        assert.strictEqual(yield* journal.remove(rule({ status: [] })), 0)
        assert.strictEqual(yield* journal.remove(rule({})), 1)
        assert.deepStrictEqual(yield* remaining(journal), [])
      }))

    test("J16: a child stays while its parent lives, and goes with it", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("parent")
        yield* journal.begin("child", { parent: { runId: "parent", slot: "0" }, workflow: "other" })
        yield* journal.begin("grandchild", { parent: { runId: "child", slot: "0" } })
        yield* journal.begin("alive", { parent: { runId: "parent", slot: "1" } })
        for (const runId of ["grandchild", "child"]) yield* journal.write(runId, { status: "done" })
        yield* advance(10)
        assert.strictEqual(yield* journal.remove({ runIds: ["child"] }), 0)
        assert.strictEqual(yield* journal.remove(rule({ workflow: "other" })), 0)
        yield* journal.write("parent", { status: "failed" })
        assert.strictEqual(yield* journal.remove({ runIds: ["parent"] }), 3)
        assert.deepStrictEqual(yield* remaining(journal), ["alive"])
        yield* journal.write("alive", { status: "done" })
        assert.strictEqual(yield* journal.remove(rule({})), 1)
      }))

    test("J16: what was created under a removed id has none of its rows", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r", { store: [["k", "1"]], labels: { a: "b" }, undo: [undoOf(3)] })
        yield* journal.send({ runId: "r", id: "1", name: "go", value: "1" })
        yield* journal.write("r", { status: "done", progress: "p", outcome: "o" })
        yield* journal.remove({ runIds: ["r"] })
        yield* journal.begin("r")
        const run = yield* journal.loaded("r")
        assert.deepInclude(run, { store: [], undo: [], progress: undefined, outcome: undefined })
        assert.deepInclude(run.head, { labels: {}, inbox: 0, fence: 1, sequence: 0 })
        assert.strictEqual(yield* journal.send({ runId: "r", id: "1", name: "go", value: "1" }), "Accepted")
        assert.isAtMost((yield* journal.history("r")).length, 1)
      }))
  })
}
