/** Rows that share a statement, and statements whose answers are lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { random, replay } from "effect-cano-testing/Seed"
import { clientOf, execute, live, missing, newDatabase, open } from "../support/journals.ts"
import { claimOf, ownedRun as newRun, row, workerOf } from "effect-cano-testing/JournalRows"

const runIdsOf = (count: number) => Array.from({ length: count }, (_, n) => `r${String(n).padStart(5, "0")}`)

/** A client that loses the answers of some statements: what they did stays done, and the connection is gone. */
const losing = (sql: SqlClient, isLost: (text: string) => boolean): SqlClient => {
  const lossy = (connection: Connection): Connection => ({
    ...connection,
    execute: (text, parameters, transform) =>
      Effect.flatMap(connection.execute(text, parameters, transform), (rows) =>
        isLost(text)
          ? Effect.fail(
              new SqlError({ reason: new ConnectionError({ cause: undefined, message: "cut", operation: "query" }) })
            )
          : Effect.succeed(rows)
      ),
    executeUnprepared: (text, parameters, transform) => connection.executeUnprepared(text, parameters, transform)
  })
  const client: SqlClient = Object.assign(((...args: Parameters<SqlClient>) => sql(...args)) as SqlClient, sql, {
    reserve: Effect.map(sql.reserve, lossy)
  })
  return Object.assign(client, { withoutTransforms: () => client })
}

describe.skipIf(missing !== undefined)("batches", { timeout: 120_000 }, () => {
  it.effect(
    "J7: a state of 20 MiB is TooLarge, a key that no index takes is Refused, and their neighbours advance",
    () =>
      Effect.gen(function* () {
        const { url } = yield* newDatabase
        const journal = yield* Effect.flatMap(clientOf(url), (sql) => open(sql))
        const runIds = runIdsOf(32)
        for (const runId of runIds) yield* journal.create(newRun(runId))
        const { int } = random(replay(1).seed)
        // Nothing that repeats, so that Postgres cannot make it small.
        const key = Array.from({ length: 9000 }, () => String.fromCharCode(33 + int(90))).join("")
        const exits = yield* Effect.forEach(
          runIds,
          (runId, n) =>
            Effect.exit(
              journal.append(
                row(
                  runId,
                  1,
                  n === 3 ? { state: "x".repeat(20 * 1024 * 1024) } : n === 7 ? { store: [[key, "1"]] } : {}
                )
              )
            ),
          { concurrency: "unbounded" }
        )
        const failures = exits.flatMap((exit, n) =>
          Option.match(Exit.findErrorOption(exit), {
            onNone: () => [],
            onSome: (error) => [[n, error._tag, "reason" in error ? error.reason : undefined]]
          })
        )
        assert.deepStrictEqual(failures, [
          [3, "TooLarge", undefined],
          [7, "JournalFailure", "Refused"]
        ])
        assert.strictEqual((yield* journal.heads(runIds)).filter((head) => head.sequence === 1).length, 30)
        // Parts that fit, and together do not.
        const parts = ["a", "b", "c"].map((name) => [name, "x".repeat(3 * 1024 * 1024)] as const)
        const whole = yield* Effect.exit(journal.append(row(runIds[3]!, 1, { store: parts })))
        assert.include(JSON.stringify(whole), "whole row")
      })
  )

  it.effect("J2: batches that overlap in opposite orders do not wait for each other in a circle", () =>
    Effect.gen(function* () {
      const { name, url } = yield* newDatabase
      const journals = yield* Effect.forEach([1, 2, 3], () => Effect.flatMap(clientOf(url), (sql) => open(sql)))
      const runIds = runIdsOf(60)
      // Each is the parent of another, so that each end touches two runs.
      for (const [n, runId] of runIds.entries())
        yield* journals[0]!.create(newRun(runId, { parent: { runId: runIds[(n * 7 + 1) % 60]!, slot: "" } }))
      for (let round = 1; round <= 20; round++) {
        const status = round === 20 ? "done" : "running"
        yield* Effect.forEach(
          journals,
          (journal, n) => {
            const mine = runIds.filter((_, at) => at % 3 === n)
            return Effect.forEach(
              n === 1 ? mine.reverse() : mine,
              (runId) => journal.append(row(runId, round, { status })),
              {
                concurrency: "unbounded"
              }
            )
          },
          { concurrency: "unbounded" }
        )
      }
      const ended = yield* journals[0]!.heads(runIds)
      assert.isTrue(ended.every((head) => head.status === "done" && head.sequence === 20))
      const deadlocks = yield* execute(`select deadlocks::int as n from pg_stat_database where datname = '${name}'`)
      assert.deepStrictEqual(deadlocks, [{ n: 0 }])
    })
  )

  it.effect("J9: four claimers take each of 2,000 ready runs once", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const journals = yield* Effect.forEach([1, 2, 3, 4], () => Effect.flatMap(clientOf(url), (sql) => open(sql)))
      yield* Effect.forEach(runIdsOf(2000), (runId) => journals[0]!.create(newRun(runId, { owner: undefined })), {
        concurrency: "unbounded"
      })
      const taken: Array<string> = []
      yield* Effect.forEach(
        journals,
        (journal, n) =>
          Effect.gen(function* () {
            yield* journal.beat(workerOf(`w${n}`))
            for (;;) {
              const { runs } = yield* journal.claim(claimOf(`w${n}`))
              if (runs.length === 0) return
              for (const run of runs) taken.push(run.head.runId)
            }
          }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(taken.length, 2000)
      assert.strictEqual(new Set(taken).size, 2000)
    })
  )

  it.effect("J3: a row whose answer was lost is recognised, and written once", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      let lost = 0
      const lossy = (sql: SqlClient) => losing(sql, (text) => text.includes("'Written'") && ++lost % 3 === 1)
      const journal = yield* Effect.flatMap(clientOf(url), (sql) => open(lossy(sql)))
      const runIds = runIdsOf(10)
      for (const runId of runIds) yield* journal.create(newRun(runId))
      for (let n = 1; n <= 5; n++)
        yield* Effect.forEach(runIds, (runId) => journal.append(row(runId, n)), { concurrency: "unbounded" })
      assert.isAtLeast(lost, 10)
      for (const runId of runIds) {
        const steps = yield* journal.steps({ runId, after: -1, limit: 100, payloads: false })
        assert.deepStrictEqual(
          steps.map((step) => step.sequence),
          [0, 1, 2, 3, 4, 5]
        )
      }
    }).pipe(live)
  )

  it.effect("J16: a run with a long history is removed in slices", () =>
    Effect.gen(function* () {
      const { name, url } = yield* newDatabase
      const journal = yield* Effect.flatMap(clientOf(url), (sql) => open(sql))
      yield* journal.create(newRun("r"))
      yield* execute(
        `insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts)
         select id, n, 0, 1, 'a', 'running', 'forward', 'T', n, 1 from cano_run, generate_series(1, 25000) n`,
        name
      )
      yield* execute("update cano_run set sequence = 25000", name)
      yield* journal.append(row("r", 25_001, { status: "done" }))
      assert.strictEqual(yield* journal.remove({ runIds: ["r"] }), 1)
      assert.deepStrictEqual(yield* execute("select count(*)::int as n from cano_step", name), [{ n: 0 }])
    })
  )
})
