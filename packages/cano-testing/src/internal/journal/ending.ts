import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { claimOf, newRun, rowAfter } from "../../JournalRows.ts"
import { conflicts, type Suite, undoOf } from "./suite.ts"
import { random, replay } from "../../Seed.ts"

export const ending = ({ advance, test, testPair }: Suite): void => {
  describe("J12: the first end wins", () => {
    for (const status of ["done", "failed", "cancelled"] as const) {
      test(`J12: a run that is ${status} never changes again`, (journal) =>
        Effect.gen(function* () {
          const head = yield* journal.begin("r")
          yield* advance(9)
          yield* journal.append(rowAfter(head, { status, state: "end", outcome: "o", errorTag: "E" }))
          const before = yield* journal.loaded("r")
          assert.deepInclude(before.head, { status, endedAt: 9, owner: undefined, wakeAt: undefined })
          yield* advance(100_000)
          assert.strictEqual(yield* journal.cancel({ runId: "r" }), "AlreadyEnded")
          assert.strictEqual(yield* journal.send({ runId: "r", id: "1", name: "go", value: "1" }), "RunEnded")
          assert.deepStrictEqual((yield* journal.claim(claimOf("b"))).runs, [])
          assert.isFalse(yield* journal.release({ runId: "r", owner: "a", fence: 1 }))
          yield* journal.leave("a")
          yield* conflicts(journal, rowAfter(head, { sequence: 2 }))
          assert.deepStrictEqual(yield* journal.loaded("r"), before)
        }))
    }

    test("J12: cancellation ends a run at once that nobody has to tell", (journal) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* journal.cancel({ runId: "x" }), "UnknownRun")
        yield* journal.create(newRun("ready"))
        yield* journal.create(newRun("later", { startIn: 1000 }))
        for (const status of ["waiting", "retrying"] as const) {
          yield* journal.begin(status, { undo: [undoOf(0, { outcome: "done" }), undoOf(1, { outcome: "failed" })] })
          yield* journal.write(status, { status, wake: { in: 100 }, waitsFor: "go", awaitsChildren: 1 })
        }
        yield* advance(3)
        for (const runId of ["ready", "later", "waiting", "retrying"]) {
          const before = yield* journal.head(runId)
          assert.strictEqual(yield* journal.cancel({ runId }), "Cancelled")
          assert.deepStrictEqual(yield* journal.head(runId), {
            ...before,
            status: "cancelled",
            sequence: before.sequence + 1,
            isCancelRequested: true,
            waitsFor: undefined,
            deadline: undefined,
            wakeAt: undefined,
            updatedAt: 3,
            endedAt: 3
          })
          assert.strictEqual(yield* journal.cancel({ runId }), "AlreadyEnded")
        }
      }))

    test("J12: cancellation of a running run is a request, which a row and a beat show", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        assert.strictEqual(yield* journal.cancel({ runId: "r" }), "Requested")
        assert.strictEqual(yield* journal.cancel({ runId: "r" }), "Requested")
        assert.deepStrictEqual(yield* journal.head("r"), { ...head, isCancelRequested: true, inbox: 1 })
        assert.deepStrictEqual(yield* journal.append(rowAfter(head)), { inbox: 1, isCancelRequested: true })
        yield* journal.write("r", { status: "done" })
        assert.deepInclude(yield* journal.head("r"), { status: "done", isCancelRequested: true })
      }))

    test("J12: a run that goes to rest after its request is ready, unless it waits for children", (journal) =>
      Effect.gen(function* () {
        for (const [runId, awaitsChildren] of [
          ["sleeps", 0],
          ["nests", 1]
        ] as const) {
          yield* journal.begin(runId)
          yield* journal.cancel({ runId })
          const head = yield* journal.head(runId)
          yield* journal.append(rowAfter(head, { status: "waiting", wake: { in: 1000 }, awaitsChildren }))
        }
        const heads = yield* journal.heads(["sleeps", "nests"])
        assert.deepStrictEqual(heads.map(({ runId, status }) => [runId, status]).sort(), [
          ["nests", "waiting"],
          ["sleeps", "ready"]
        ])
      }))

    test("J12: a run that goes to rest without having seen the request is ready", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        yield* journal.cancel({ runId: "r" })
        yield* journal.append(rowAfter(head, { status: "waiting", wake: "never" }))
        assert.deepInclude(yield* journal.head("r"), { status: "ready", isCancelRequested: true })
      }))

    for (const status of ["waiting", "retrying", "ready"] as const) {
      test(`J12: cancellation of a ${status} run that has to compensate is a request, and wakes it`, (journal) =>
        Effect.gen(function* () {
          yield* journal.begin("r", { undo: [undoOf(0)] })
          yield* journal.write("r", { status, wake: { in: 1000 } })
          yield* advance(8)
          assert.strictEqual(yield* journal.cancel({ runId: "r" }), "Requested")
          assert.deepInclude(yield* journal.head("r"), {
            status: "ready",
            wakeAt: 8,
            inbox: 1,
            isCancelRequested: true
          })
          const { runs } = yield* journal.claim(claimOf("b"))
          assert.isTrue(runs[0]!.head.isCancelRequested)
          yield* journal.write("r", { status: "retrying", phase: "compensating", wake: { in: 50 } })
          assert.strictEqual(yield* journal.cancel({ runId: "r" }), "Requested")
          assert.deepInclude(yield* journal.head("r"), { status: "retrying", wakeAt: 58, inbox: 1 })
        }))
    }

    testPair("J12: cancellation against the end: the answer and the status agree", (one, other) =>
      Effect.gen(function* () {
        const { seed } = replay(1)
        const choices = random(seed)
        const runIds = Array.from({ length: 500 }, (_, n) => `r${n}`)
        const heads = yield* Effect.forEach(runIds, (runId) => one.begin(runId))
        const hops = (n: number) => Effect.repeat(Effect.yieldNow, { times: n })
        const answers = yield* Effect.forEach(
          runIds,
          (runId, n) => {
            const [a, b] = [choices.int(4), choices.int(4)]
            const rest = choices.chance(0.5)
            const end = Effect.andThen(
              hops(a),
              one.append(rowAfter(heads[n]!, { status: rest ? "waiting" : "done", wake: "never" }))
            )
            return Effect.map(
              Effect.all([end, Effect.andThen(hops(b), other.cancel({ runId }))], { concurrency: "unbounded" }),
              ([, answer]) => answer
            )
          },
          { concurrency: "unbounded" }
        )
        for (const [n, head] of (yield* Effect.forEach(runIds, one.head)).entries()) {
          const expected =
            answers[n] === "Cancelled"
              ? ["cancelled"]
              : answers[n] === "AlreadyEnded"
                ? ["done"]
                : head.isCancelRequested
                  ? ["done", "ready"]
                  : []
          assert.include(expected, head.status, `seed ${seed}, ${head.runId}: ${answers[n]}`)
        }
      })
    )
  })
}
