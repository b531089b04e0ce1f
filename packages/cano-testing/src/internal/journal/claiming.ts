import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { claimOf, newRun, rowAfter, workerOf } from "../../JournalRows.ts"
import { conflicts, type Subject, type Suite } from "./suite.ts"

const ids = (claimed: { readonly runs: ReadonlyArray<{ readonly head: { readonly runId: string } }> }) =>
  claimed.runs.map((run) => run.head.runId)

export const claiming = ({ advance, test, testHistory, testPair }: Suite): void => {
  describe("J9: claims", () => {
    test("J9: a claimed run comes with its payloads, running and fenced", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r", { store: [["k", "1"]] }))
        yield* advance(5)
        const { died, nextDueIn, now, runs } = yield* journal.claim(claimOf("a"))
        assert.deepStrictEqual({ died, nextDueIn, now }, { died: [], nextDueIn: undefined, now: 5 })
        assert.deepStrictEqual(runs, [yield* journal.loaded("r")])
        assert.deepInclude(runs[0]!.head, { status: "running", owner: "a", fence: 1, wakeAt: undefined, crashes: 0 })
      }))

    test("J9: the oldest due time comes first, then the id", (journal) =>
      Effect.gen(function* () {
        for (const [runId, startIn] of [
          ["d", 2],
          ["b", 1],
          ["a", 1],
          ["c", 0],
          ["late", 100]
        ] as const)
          yield* journal.create(newRun(runId, { startIn }))
        yield* advance(50)
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("a", { limit: 3 }))), ["c", "a", "b"])
        const rest = yield* journal.claim(claimOf("a"))
        assert.deepStrictEqual(ids(rest), ["d"])
        assert.strictEqual(rest.nextDueIn, 50)
      }))

    test("J9: a claim takes only what its fingerprints, its ids and its limit allow", (journal) =>
      Effect.gen(function* () {
        for (const runId of ["a", "b", "c"]) yield* journal.create(newRun(runId))
        yield* journal.create(newRun("d", { fingerprint: "f2" }))
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { fingerprints: [] }))), [])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { limit: 0 }))), [])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { runIds: ["d", "x"] }))), [])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { runIds: [] }))), [])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { runIds: ["b", "b"] }))), ["b"])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w", { fingerprints: ["f2", "f3"] }))), ["d"])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w"))), ["a", "c"])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("w"))), [])
      }))

    test("J9: what is left over a limit is due at once", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("a"))
        yield* journal.create(newRun("b"))
        yield* advance(3)
        assert.strictEqual((yield* journal.claim(claimOf("w", { limit: 1 }))).nextDueIn, 0)
        assert.isUndefined((yield* journal.claim(claimOf("w", { limit: 1 }))).nextDueIn)
      }))

    testPair("J9: no two claims take the same run", (one, other) =>
      Effect.gen(function* () {
        for (let n = 0; n < 4; n++) yield* one.beat(workerOf(`w${n}`))
        for (let n = 0; n < 100; n++) yield* one.create(newRun(`r${n}`))
        const claims = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, n) => n),
          (n) => (n % 2 === 0 ? one : other).claim(claimOf(`w${n % 4}`, { limit: 7 })),
          { concurrency: "unbounded" }
        )
        const taken = claims.flatMap(ids)
        assert.strictEqual(taken.length, 100)
        assert.strictEqual(new Set(taken).size, 100)
      })
    )

    test("J9: an unknown version is left alone, and so is whoever lives", (journal) =>
      Effect.gen(function* () {
        yield* journal.beat(workerOf("a"))
        yield* journal.begin("r")
        yield* advance(10_000)
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("b"))), [])
        yield* advance(1)
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("b", { fingerprints: ["f2"] }))), [])
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("b"))), ["r"])
      }))

    test("J9: a beat keeps the runs of a worker", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        for (let n = 0; n < 5; n++) {
          yield* journal.beat(workerOf("a"))
          yield* advance(9000)
          assert.deepStrictEqual(ids(yield* journal.claim(claimOf("b"))), [])
        }
      }))

    test("J9: an owner that never beat is dead, the claiming one is not", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        assert.deepStrictEqual(ids(yield* journal.claim(claimOf("a"))), [])
        const { runs } = yield* journal.claim(claimOf("b"))
        assert.deepInclude(runs[0]!.head, { owner: "b", fence: 2, crashes: 1, status: "running" })
        yield* conflicts(journal, rowAfter(head))
      }))

    test("J9: a row resets the crashes, a release does not", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.claim(claimOf("b"))
        yield* journal.write("r")
        assert.strictEqual((yield* journal.head("r")).crashes, 0)
        yield* journal.claim(claimOf("c"))
        assert.isTrue(yield* journal.release({ runId: "r", owner: "c", fence: 3 }))
        assert.strictEqual((yield* journal.head("r")).crashes, 1)
        yield* journal.claim(claimOf("d"))
        assert.deepInclude(yield* journal.head("r"), { crashes: 1, fence: 4 })
      }))

    const die = (journal: Subject, deaths: number) =>
      Effect.gen(function* () {
        for (let n = 1; n <= deaths; n++) yield* journal.claim(claimOf(`w${n}`, { maxCrashes: 2 }))
      })

    test("J9: a run that killed too many workers ends as failed", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r"))
        yield* journal.create(newRun("parent", { startIn: 1e6 }))
        yield* die(journal, 3)
        assert.deepInclude(yield* journal.head("r"), { status: "running", crashes: 2, owner: "w3" })
        yield* advance(7)
        const { died, runs } = yield* journal.claim(claimOf("w4", { maxCrashes: 2 }))
        assert.deepStrictEqual(runs, [])
        assert.deepStrictEqual(died, [yield* journal.head("r")])
        assert.deepInclude(died[0]!, {
          status: "failed",
          errorTag: "ProcessDied",
          crashes: 3,
          fence: 4,
          sequence: 1,
          owner: undefined,
          endedAt: 7,
          wakeAt: undefined
        })
        assert.isString(died[0]!.error)
        assert.deepStrictEqual((yield* journal.claim(claimOf("w5"))).died, [])
      }))

    testHistory("J9: the death of a run is a row", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r"))
        yield* die(journal, 4)
        assert.deepInclude((yield* journal.history("r")).at(-1), {
          sequence: 1,
          status: "failed",
          errorTag: "ProcessDied",
          owner: undefined,
          fence: 4
        })
      })
    )
  })
}
