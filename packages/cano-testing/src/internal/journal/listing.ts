import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Query } from "effect-cano/Journal"
import { newRun } from "../../JournalRows.ts"
import { failsWith, type Suite, type Subject } from "./suite.ts"

const found = (journal: Subject, query: Query) =>
  Effect.map(journal.list(query), (page) => page.runs.map((head) => head.runId))

export const listing = ({ advance, test, testHistory }: Suite): void => {
  describe("J15: lists", () => {
    test("J15: all conditions hold at once", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("a", { labels: { t: "1", u: "2" } })
        yield* advance(10)
        yield* journal.create(newRun("b", { workflow: "other", labels: { t: "1" } }))
        yield* advance(10)
        yield* journal.begin("c", { fingerprint: "f2", parent: { runId: "a", slot: "" } })
        yield* journal.write("c", { status: "failed", tag: "Pay", errorTag: "Declined" })
        const cases: ReadonlyArray<readonly [Query, ReadonlyArray<string>]> = [
          [{}, ["c", "b", "a"]],
          [{ workflow: "order" }, ["c", "a"]],
          [{ fingerprint: "f2" }, ["c"]],
          [{ status: ["running", "ready"] }, ["b", "a"]],
          [{ status: [] }, []],
          [{ tag: "Start" }, ["b"]],
          [{ tag: "Pay" }, ["c"]],
          [{ errorTag: "Declined" }, ["c"]],
          [{ labels: { t: "1" } }, ["b", "a"]],
          [{ labels: { t: "1", u: "2" } }, ["a"]],
          [{ labels: { t: "2" } }, []],
          [{ parent: "a" }, ["c"]],
          [{ createdAfter: 0 }, ["c", "b"]],
          [{ createdBefore: 20 }, ["b", "a"]],
          [{ createdAfter: 0, createdBefore: 20, workflow: "other", status: ["ready"], labels: { t: "1" } }, ["b"]],
          [{ workflow: "other", errorTag: "Declined" }, []]
        ]
        for (const [query, expected] of cases)
          assert.deepStrictEqual(yield* found(journal, query), expected, JSON.stringify(query))
      }))

    test("J15: pages are newest first, and meet each run once while others come and go", (journal) =>
      Effect.gen(function* () {
        for (let n = 0; n < 50; n++) {
          yield* journal.begin(`r${n}`)
          if (n % 3 === 0) yield* advance(1)
        }
        const seen: Array<string> = []
        let after: string | undefined
        let pages = 0
        do {
          const page = yield* journal.list({ limit: 7, after })
          seen.push(...page.runs.map((head) => head.runId))
          after = page.next
          yield* journal.begin(`new${pages++}`)
          yield* advance(1)
          yield* journal.write("r49", { status: "running" })
        } while (after !== undefined)
        assert.strictEqual(pages, 8)
        assert.strictEqual(seen.length, 50)
        assert.strictEqual(new Set(seen).size, 50)
        const heads = yield* Effect.forEach(seen, journal.head)
        for (let n = 1; n < heads.length; n++) assert.isAtMost(heads[n]!.createdAt, heads[n - 1]!.createdAt)
      }))

    test("J15: the last page has no next one, and a cursor that is none is refused", (journal) =>
      Effect.gen(function* () {
        for (const runId of ["a", "b"]) yield* journal.begin(runId)
        assert.isUndefined((yield* journal.list({ limit: 2 })).next)
        assert.isString((yield* journal.list({ limit: 1 })).next)
        assert.strictEqual((yield* journal.list({ limit: 0 })).runs.length, 1)
        yield* failsWith(journal.list({ after: "nonsense" }), "JournalFailure")
      }))

    testHistory("J15: no reading call holds up the writers that follow", (journal) =>
      Effect.gen(function* () {
        for (let n = 0; n < 5; n++) yield* journal.begin(`r${n}`)
        const page = yield* journal.list({ limit: 2 })
        const steps = yield* journal.steps({ runId: "r0", after: -1, limit: 1, payloads: true })
        yield* journal.write("r0", { status: "done" })
        assert.strictEqual((yield* journal.list({ limit: 5, after: page.next })).runs.length, 3)
        assert.strictEqual((yield* journal.steps({ runId: "r0", after: 0, limit: 9, payloads: true })).length, 1)
        assert.strictEqual(steps.length, 1)
      })
    )

    test("J15: versions of workflows are remembered, oldest first", (journal) =>
      Effect.gen(function* () {
        const definition = (workflow: string, fingerprint: string, graph = "{}") => ({
          workflow,
          fingerprint,
          graph,
          schema: "[]"
        })
        yield* journal.define(definition("a", "1"))
        yield* journal.define(definition("b", "1"))
        yield* journal.define(definition("a", "0"))
        yield* journal.define(definition("a", "1", `{"new":1}`))
        assert.deepStrictEqual(yield* journal.definitions("a"), [
          definition("a", "1", `{"new":1}`),
          definition("a", "0")
        ])
        assert.strictEqual((yield* journal.definitions(undefined)).length, 3)
        assert.deepStrictEqual(yield* journal.definitions("x"), [])
      }))
  })
}
