import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { JournalFailure, TooLarge } from "effect-cano/DurableError"
import { newRun, rowAfter } from "../../JournalRows.ts"
import { failsWith, type Suite, undoOf } from "./suite.ts"

/** Strings that have broken databases, file names, patterns and records. */
const hostile: ReadonlyArray<string> = [
  " ",
  "__proto__",
  "constructor",
  "toString",
  "'",
  '"',
  "`",
  "\\",
  "'; drop table cano_run; --",
  "1 or 1=1",
  "%",
  "_",
  "*",
  "?1",
  ":a",
  "$1",
  "../../etc/passwd",
  "a/b",
  "a\\b",
  "a:b",
  "a\nb",
  "a\r\nb",
  "\t",
  "\u0001",
  "\u007f",
  "\ufeff",
  "\uffff",
  "é",
  "e\u0301",
  "ß",
  "SS",
  "ss",
  "😀",
  "👩‍👩‍👧‍👦",
  "𝒳",
  "\u202eabc",
  "null",
  "undefined",
  "NaN",
  "0",
  "00",
  "-1",
  "1e3",
  "true",
  "[]",
  "{}",
  "x".repeat(10_000),
  "😀".repeat(5000)
]

/** Strings that no journal takes. */
const illFormed = ["\0", "a\0b", "\ud800", "a\udc00b", "\ude00\ud83d"]

/** JSON that contains such strings in the escaped form. */
const escaped = JSON.stringify(["\0", "\ud800", ...hostile, { ["__proto__"]: 1 }])

export const isolation = ({ maxPayload, test, testHistory }: Suite): void => {
  describe("J6: runs are isolated", () => {
    test("J6: ids that look alike, and hostile ones, are different runs", (journal) =>
      Effect.gen(function* () {
        for (const [n, runId] of hostile.entries())
          yield* journal.begin(runId, {
            state: `${n}`,
            store: [["k", `${n}`]],
            labels: { k: `${n}` },
            undo: [undoOf(n)]
          })
        for (const runId of hostile)
          yield* journal.send({ runId, id: "same", name: "go", value: JSON.stringify(runId) })
        for (const [n, runId] of hostile.entries()) {
          const run = yield* journal.loaded(runId)
          assert.deepInclude(run.head, { runId, inbox: 1, labels: { k: `${n}` } })
          assert.deepInclude(run, { state: `${n}`, store: [["k", `${n}`]], undo: [undoOf(n)] })
          assert.deepStrictEqual((yield* journal.signals(runId, "go")).signals, [
            { id: "same", value: JSON.stringify(runId) }
          ])
        }
        assert.strictEqual((yield* journal.heads(hostile)).length, hostile.length)
        yield* journal.write("%", { status: "done", undo: [undoOf(hostile.indexOf("%"), { outcome: "done" })] })
        assert.strictEqual(yield* journal.remove({ runIds: ["%"] }), 1)
        assert.strictEqual((yield* journal.list({ limit: 1000 })).runs.length, hostile.length - 1)
      }))

    testHistory("J6: hostile names, keys, labels and payloads come back as they were", (journal) =>
      Effect.gen(function* () {
        for (const [n, text] of hostile.entries()) {
          const runId = `r${n}`
          const head = yield* journal.begin(runId, {
            workflow: text,
            fingerprint: text,
            tag: text,
            state: text,
            owner: text,
            labels: { [text]: text },
            store: [[text, text]],
            trace: text,
            undo: [undoOf(0, { tag: text, entered: text, next: text })],
            parent: { runId: text, slot: text }
          })
          yield* journal.send({ runId, id: text, name: text, value: text })
          assert.deepStrictEqual((yield* journal.signals(runId, text)).signals, [{ id: text, value: text }])
          const entry = rowAfter(head, {
            inbox: 1,
            status: "failed",
            tag: text,
            state: escaped,
            waitsFor: text,
            signals: [text],
            store: [["other", escaped]],
            progress: text,
            outcome: text,
            errorTag: text,
            error: text,
            transitions: 1
          })
          yield* journal.append(entry)
          const run = yield* journal.loaded(runId)
          assert.deepInclude(run, { state: escaped, progress: text, outcome: text })
          assert.deepStrictEqual(
            new Map(run.store),
            new Map([
              [text, text],
              ["other", escaped]
            ])
          )
          assert.deepInclude(run.head, {
            workflow: text,
            tag: text,
            waitsFor: text,
            errorTag: text,
            error: text,
            trace: text
          })
          assert.deepStrictEqual(Object.entries(run.head.labels), [[text, text]])
          assert.deepStrictEqual(run.undo, [undoOf(0, { tag: text, entered: text, next: text })])
          assert.deepStrictEqual((yield* journal.history(runId))[1]!.signals, [text])
          assert.strictEqual(
            (yield* journal.list({ workflow: text, labels: { [text]: text }, errorTag: text })).runs.length,
            1
          )
          assert.strictEqual((yield* journal.list({ parent: text, tag: text, fingerprint: text })).runs.length, 1)
        }
      })
    )

    test("J6: the names of an object's own methods are no labels", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r", { labels: JSON.parse(`{"__proto__":"x"}`) as Record<string, string> })
        assert.deepStrictEqual(Object.entries((yield* journal.head("r")).labels), [["__proto__", "x"]])
        assert.strictEqual((yield* journal.list({ labels: { toString: "x" } })).runs.length, 0)
        assert.strictEqual((yield* journal.list({ labels: { ["__proto__"]: "x" } })).runs.length, 1)
      }))

    test("J6: payloads that are changed after the call, or in an answer, change nothing", (journal) =>
      Effect.gen(function* () {
        const labels: Record<string, string> = { a: "1" }
        const store: Array<readonly [string, string | undefined]> = [["k", "1"]]
        yield* journal.create(newRun("r", { labels, store }))
        labels["a"] = "2"
        store.push(["l", "2"])
        const run = yield* journal.loaded("r")
        assert.deepInclude(run, { store: [["k", "1"]] })
        assert.deepStrictEqual(run.head.labels, { a: "1" })
      }))
  })

  describe("J7: failures are typed", () => {
    const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(failsWith(effect, "JournalFailure"), (failure) =>
        assert.strictEqual((failure as unknown as JournalFailure).reason, "Refused")
      )

    test("J7: strings that no database takes are refused, wherever they stand", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        for (const text of illFormed) {
          for (const changes of [
            { runId: text },
            { tag: text },
            { state: text },
            { labels: { [text]: "" } },
            { labels: { k: text } },
            { store: [[text, "1"] as const] },
            { store: [["k", text] as const] },
            { parent: { runId: text, slot: "" } },
            { undo: [undoOf(0, { entered: text })] }
          ])
            yield* refused(journal.create(newRun("new", changes)))
          for (const changes of [
            { tag: text },
            { state: text },
            { progress: text },
            { outcome: text },
            { error: text },
            { waitsFor: text },
            { store: [[text, "1"] as const] },
            { store: [["k", text] as const] },
            { undo: [undoOf(0, { next: text })] }
          ])
            yield* refused(journal.append(rowAfter(head, changes)))
          yield* refused(journal.send({ runId: "r", id: text, name: "n", value: "1" }))
          yield* refused(journal.send({ runId: "r", id: "i", name: "n", value: text }))
        }
        assert.deepStrictEqual(yield* journal.head("r"), head)
        assert.strictEqual((yield* journal.list({})).runs.length, 1)
      }))

    test("J7: numbers that are no times or counts are refused", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        for (const bad of [NaN, Infinity, -1, 9.3e15]) {
          yield* refused(journal.create(newRun("new", { startIn: bad })))
          yield* refused(journal.append(rowAfter(head, { status: "waiting", wake: { in: bad } })))
          yield* refused(journal.append(rowAfter(head, { status: "waiting", wake: { at: bad } })))
        }
        for (const bad of [NaN, Infinity, -1, 1.5]) {
          yield* refused(journal.append(rowAfter(head, { transitions: bad })))
          yield* refused(journal.append(rowAfter(head, { awaitsChildren: bad })))
          yield* refused(journal.append(rowAfter(head, { attempt: bad })))
        }
        assert.deepStrictEqual(yield* journal.head("r"), head)
      }))

    test("J7: one entry that cannot be written fails alone", (journal) =>
      Effect.gen(function* () {
        const heads = yield* Effect.forEach(
          Array.from({ length: 32 }, (_, n) => `r${n}`),
          (runId) => journal.begin(runId)
        )
        const entries = heads.map((head, n) =>
          rowAfter(
            head,
            n === 13 ? { state: "\ud800" } : n === 17 ? { signals: ["none"] } : n === 19 ? { fence: 9 } : { state: "1" }
          )
        )
        const exits = yield* Effect.forEach(entries, (entry) => Effect.exit(journal.append(entry)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          exits.flatMap((exit, n) => (exit._tag === "Failure" ? [n] : [])),
          [13, 17, 19]
        )
        const after = yield* journal.heads(heads.map((head) => head.runId))
        assert.strictEqual(after.filter((head) => head.sequence === 1).length, 29)
      }))

    test("J7: a payload above the limit is TooLarge, and one at the limit is kept", (journal) =>
      Effect.gen(function* () {
        // Two bytes a character, so that a limit in characters shows.
        const fits = "é".repeat(Math.floor(maxPayload / 2))
        const large = `${fits}éé`
        const head = yield* journal.begin("r")
        yield* failsWith(journal.create(newRun("new", { state: large })), "TooLarge")
        yield* failsWith(journal.create(newRun("new", { store: [["k", large]] })), "TooLarge")
        yield* failsWith(journal.append(rowAfter(head, { store: [["k", large]] })), "TooLarge")
        yield* failsWith(journal.append(rowAfter(head, { progress: large })), "TooLarge")
        yield* failsWith(journal.append(rowAfter(head, { undo: [undoOf(0, { entered: large })] })), "TooLarge")
        yield* failsWith(journal.send({ runId: "r", id: "s", name: "n", value: large }), "TooLarge")
        const failure = yield* failsWith(journal.append(rowAfter(head, { state: large })), "TooLarge")
        assert.deepInclude(failure as unknown as TooLarge, { runId: "r", what: "state", limit: maxPayload })
        assert.deepStrictEqual(yield* journal.head("r"), head)
        yield* journal.append(rowAfter(head, { state: fits }))
        assert.strictEqual((yield* journal.loaded("r")).state.length, fits.length)
      }))
  })
}
