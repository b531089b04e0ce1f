import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { claimOf, rowAfter } from "../../JournalRows.ts"
import { type Suite } from "./suite.ts"
import { random, replay } from "../../Seed.ts"

export const writers = ({ hasHistory, test, testPair }: Suite): void => {
  describe("J2: two writers", () => {
    testPair("J2: of two writers of one row, one wins", (one, other) =>
      Effect.gen(function* () {
        const { seed } = replay(1)
        const choices = random(seed)
        const first = yield* one.begin("r")
        // Another process believes to own the run since a claim that a third one has overtaken.
        yield* one.release({ runId: "r", owner: "a", fence: 1 })
        const claimed = (yield* other.claim(claimOf("b"))).runs[0]!.head
        for (let n = 1; n <= 100; n++) {
          const hops = Effect.repeat(Effect.yieldNow, { times: choices.int(3) })
          const exits = yield* Effect.all(
            [
              Effect.exit(one.append(rowAfter(first, { sequence: n, state: `"a${n}"` }))),
              Effect.andThen(hops, Effect.exit(other.append(rowAfter(claimed, { sequence: n, state: `"b${n}"` }))))
            ],
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            exits.map((exit) => exit._tag),
            ["Failure", "Success"],
            `seed ${seed}, row ${n}`
          )
        }
        assert.strictEqual((yield* one.loaded("r")).state, `"b100"`)
      })
    )

    testPair("J2: owners that follow each other leave one chain of rows", (one, other) =>
      Effect.gen(function* () {
        yield* one.begin("r")
        const owners = Array.from({ length: 8 }, (_, n) => ({ name: `w${n}`, journal: n % 2 === 0 ? one : other }))
        const won: Array<string> = []
        yield* Effect.forEach(
          owners,
          ({ journal, name }) =>
            Effect.gen(function* () {
              for (let round = 0; round < 10; round++) {
                // Nobody beats, so that each takes the run from the other.
                const run = (yield* journal.claim(claimOf(name, { maxCrashes: 1e6 }))).runs[0]
                if (run === undefined) continue
                yield* Effect.yieldNow
                const exit = yield* Effect.exit(journal.append(rowAfter(run.head)))
                if (exit._tag === "Success") won.push(`${run.head.fence}:${run.head.sequence + 1}`)
                else assert.include(JSON.stringify(exit), "Conflict")
              }
            }),
          { concurrency: "unbounded" }
        )
        assert.strictEqual((yield* one.head("r")).sequence, won.length)
        if (!hasHistory) return
        const steps = (yield* one.history("r")).slice(1)
        assert.deepStrictEqual(
          steps.map((step) => `${step.fence}:${step.sequence}`),
          won
        )
        for (let n = 1; n < steps.length; n++) assert.isAtLeast(steps[n]!.fence, steps[n - 1]!.fence)
      })
    )

    testPair("J2: batches that overlap in opposite orders all get through", (one, other) =>
      Effect.gen(function* () {
        const runIds = Array.from({ length: 40 }, (_, n) => `r${n}`)
        // Each is the parent of the next, so that an end touches two runs.
        for (const [n, runId] of runIds.entries())
          yield* one.begin(runId, { parent: { runId: runIds[(n + 1) % 40]!, slot: "" } })
        for (let round = 1; round <= 10; round++) {
          const heads = yield* one.heads(runIds)
          const status = round === 10 ? "done" : "running"
          const halves = [heads.slice(0, 20), heads.slice(20).reverse()] as const
          yield* Effect.all(
            [
              Effect.forEach(halves[0], (head) => one.append(rowAfter(head, { status })), { concurrency: "unbounded" }),
              Effect.forEach(halves[1], (head) => other.append(rowAfter(head, { status })), {
                concurrency: "unbounded"
              })
            ],
            { concurrency: "unbounded" }
          )
        }
        for (const head of yield* one.heads(runIds)) assert.deepInclude(head, { status: "done", sequence: 10 })
      })
    )

    test("J5: a call that comes with others is answered with their writes before it", (journal) =>
      Effect.gen(function* () {
        const head = yield* journal.begin("r")
        const rows = [1, 2, 3, 4, 5].map((sequence) => rowAfter(head, { sequence, state: `${sequence}` }))
        const exits = yield* Effect.forEach(rows, (row) => Effect.exit(journal.append(row)), {
          concurrency: "unbounded"
        })
        // The rows of one run keep the order that they were given in, so each finds the one before it.
        assert.deepStrictEqual(
          exits.map((exit) => exit._tag),
          ["Success", "Success", "Success", "Success", "Success"]
        )
        assert.strictEqual((yield* journal.loaded("r")).state, "5")
      }))
  })
}
