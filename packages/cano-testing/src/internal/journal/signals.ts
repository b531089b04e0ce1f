import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { JournalFailure } from "effect-cano/DurableError"
import { claimOf, newRun, rowAfter } from "../../JournalRows.ts"
import { failsWith, type Suite } from "./suite.ts"
import { random, replay } from "../../Seed.ts"

const go = (runId: string, id: string, value = "1") => ({ runId, id, name: "go", value })

export const signals = ({ advance, test, testPair }: Suite): void => {
  describe("J10: signals", () => {
    test("J10: a sender gets one of four answers", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        assert.strictEqual(yield* journal.send(go("x", "1")), "UnknownRun")
        assert.strictEqual(yield* journal.send(go("r", "1")), "Accepted")
        assert.strictEqual(yield* journal.send(go("r", "1", "other")), "Duplicate")
        yield* journal.write("r", { signals: ["1"] })
        assert.strictEqual(yield* journal.send(go("r", "1")), "Duplicate")
        yield* journal.write("r", { status: "done" })
        assert.strictEqual(yield* journal.send(go("r", "1")), "Duplicate")
        assert.strictEqual(yield* journal.send(go("r", "2")), "RunEnded")
        assert.deepInclude(yield* journal.head("r"), { inbox: 1, unreadSignals: 0 })
      }))

    test("J10: unread signals of a name come oldest first", (journal) =>
      Effect.gen(function* () {
        yield* journal.create(newRun("r"))
        for (const id of ["z", "a", "m"]) yield* journal.send(go("r", id, JSON.stringify(id)))
        yield* journal.send({ runId: "r", id: "b", name: "stop", value: "0" })
        assert.deepStrictEqual(yield* journal.signals("r", "go"), {
          inbox: 4,
          signals: [
            { id: "z", value: `"z"` },
            { id: "a", value: `"a"` },
            { id: "m", value: `"m"` }
          ]
        })
        assert.deepStrictEqual(yield* journal.signals("r", "none"), { inbox: 4, signals: [] })
        assert.deepStrictEqual(yield* journal.signals("x", "go"), { inbox: 0, signals: [] })
        assert.strictEqual((yield* journal.head("r")).unreadSignals, 4)
      }))

    test("J10: a signal is taken by at most one append", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.send(go("r", "1"))
        yield* journal.write("r", { signals: ["1"] })
        const head = yield* journal.head("r")
        for (const ids of [["1"], ["none"], ["1", "none"]]) {
          const failure = yield* failsWith(
            journal.append(rowAfter(head, { signals: ids, store: [["k", "1"]] })),
            "JournalFailure"
          )
          assert.strictEqual((failure as unknown as JournalFailure).reason, "Refused")
        }
        yield* journal.send(go("r", "2"))
        yield* failsWith(journal.append(rowAfter(head, { signals: ["2", "2"] })), "JournalFailure")
        assert.deepInclude(yield* journal.head("r"), { sequence: 1, unreadSignals: 1 })
        assert.deepStrictEqual((yield* journal.loaded("r")).store, [])
      }))

    test("J10: an accepted signal wakes a run that waits for its name, and no other", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.write("r", { status: "waiting", waitsFor: "go", wake: { in: 1000 } })
        yield* advance(10)
        yield* journal.send({ runId: "r", id: "1", name: "stop", value: "1" })
        assert.deepInclude(yield* journal.head("r"), { status: "waiting", wakeAt: 1000, inbox: 1 })
        yield* journal.send(go("r", "2"))
        assert.deepInclude(yield* journal.head("r"), {
          status: "ready",
          wakeAt: 10,
          deadline: 1000,
          waitsFor: "go",
          inbox: 2
        })
        const { runs } = yield* journal.claim(claimOf("b"))
        assert.deepInclude(runs[0]!.head, { deadline: 1000, waitsFor: "go" })
      }))

    test("J10: a duplicate wakes nobody", (journal) =>
      Effect.gen(function* () {
        yield* journal.begin("r")
        yield* journal.send(go("r", "1"))
        yield* journal.write("r", { status: "waiting", waitsFor: "go", wake: "never", signals: ["1"] })
        yield* journal.send(go("r", "1"))
        assert.deepInclude(yield* journal.head("r"), { status: "waiting", inbox: 1 })
      }))

    for (const status of ["waiting", "retrying"] as const) {
      test(`J10: an append that goes ${status} with an old inbox is ready, and keeps its deadline`, (journal) =>
        Effect.gen(function* () {
          const head = yield* journal.begin("r")
          yield* journal.send({ runId: "r", id: "1", name: "any", value: "1" })
          yield* advance(5)
          const answer = yield* journal.append(rowAfter(head, { status, wake: { in: 1000 }, waitsFor: "go" }))
          assert.strictEqual(answer.inbox, 1)
          assert.deepInclude(yield* journal.head("r"), { status: "ready", wakeAt: 5, deadline: 1005, waitsFor: "go" })
          yield* journal.claim(claimOf("b"))
          yield* journal.write("r", { status, wake: { at: 1005 }, waitsFor: "go" })
          assert.deepInclude(yield* journal.head("r"), { status, wakeAt: 1005, deadline: 1005 })
        }))
    }

    testPair("J10: signal against sleep: of 1,000 runs none sleeps for ever", (one, other) =>
      Effect.gen(function* () {
        const { seed } = replay(1)
        const choices = random(seed)
        const runIds = Array.from({ length: 1000 }, (_, n) => `r${n}`)
        yield* Effect.forEach(runIds, (runId) => one.begin(runId))
        const hops = (n: number) => Effect.repeat(Effect.yieldNow, { times: n })
        yield* Effect.forEach(
          runIds,
          (runId) => {
            const [before, between] = [choices.int(4), choices.int(4)]
            // The run looks, sees nothing, and goes to sleep, while the signal is on its way.
            const sleeper = Effect.gen(function* () {
              const { inbox, signals } = yield* one.signals(runId, "go")
              yield* hops(between)
              const status = signals.length === 0 ? "waiting" : "done"
              yield* one.write(runId, {
                inbox,
                status,
                wake: "never",
                waitsFor: "go",
                signals: signals.map((s) => s.id)
              })
            })
            const sender = Effect.andThen(hops(before), other.send(go(runId, "1")))
            return Effect.all([sleeper, sender], { concurrency: "unbounded" })
          },
          { concurrency: "unbounded" }
        )
        const heads = yield* one.heads(runIds)
        assert.deepStrictEqual(
          heads.filter((head) => head.status === "waiting").map((head) => head.runId),
          [],
          `seed ${seed}`
        )
        const claimed = yield* one.claim(claimOf("b", { limit: 1000 }))
        assert.strictEqual(claimed.runs.length, heads.filter((head) => head.status === "ready").length)
      })
    )

    testPair("J10: signal against end: each is taken, or unread, or its sender was told", (one, other) =>
      Effect.gen(function* () {
        const runIds = Array.from({ length: 300 }, (_, n) => `r${n}`)
        yield* Effect.forEach(runIds, (runId) => one.begin(runId))
        const [, answers] = yield* Effect.all(
          [
            Effect.forEach(runIds, (runId) => one.write(runId, { status: "done" }), { concurrency: "unbounded" }),
            Effect.forEach(runIds, (runId) => other.send(go(runId, "1")), { concurrency: "unbounded" })
          ],
          { concurrency: "unbounded" }
        )
        for (const [n, head] of (yield* Effect.forEach(runIds, one.head)).entries())
          assert.strictEqual(head.unreadSignals, answers[n] === "Accepted" ? 1 : 0)
      })
    )
  })
}
