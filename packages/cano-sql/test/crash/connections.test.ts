/** Runs go on while connections are lost, while the pool is drained, and while the server restarts. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { start } from "effect-cano-postgres"
import { clientOf, execute, missing, newDatabase, open } from "../support/journals.ts"
import { claimOf, ownedRun as newRun, row, workerOf } from "effect-cano-testing/JournalRows"

/** As a worker does: what is not available is tried again. */
const persistent = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, {
    while: (error) =>
      typeof error === "object" && error !== null && "reason" in error && error.reason === "Unavailable",
    schedule: Schedule.spaced(50)
  })

describe.skipIf(missing !== undefined || process.env["CANO_PG_URL"] !== undefined)(
  "connections",
  { timeout: 120_000 },
  () => {
    it.live("J1: no row is lost or written twice while all connections are cut, again and again", () =>
      Effect.gen(function* () {
        const { name, url } = yield* newDatabase
        const journals = yield* Effect.forEach([1, 2], () => Effect.flatMap(clientOf(url), (sql) => open(sql)))
        const cut = execute(
          `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`
        )
        let cuts = 0
        const counted = Effect.tap(cut, (rows) =>
          Effect.sync(() => void (cuts += (rows[0] as { readonly n: number }).n))
        )
        const cutting = yield* Effect.forkChild(Effect.repeat(Effect.ignore(counted), Schedule.spaced(300)))
        const runIds = Array.from({ length: 40 }, (_, n) => `r${n}`)
        const rows = 60
        yield* Effect.forEach(
          runIds,
          (runId, n) =>
            Effect.gen(function* () {
              const journal = journals[n % 2]!
              yield* persistent(journal.create(newRun(runId)))
              for (let at = 1; at <= rows; at++) {
                const { inbox } = yield* persistent(journal.append(row(runId, at)))
                assert.strictEqual(inbox, 0)
                yield* Effect.sleep(10)
              }
            }),
          { concurrency: "unbounded" }
        )
        yield* Fiber.interrupt(cutting)
        assert.isAbove(cuts, 10)
        for (const runId of runIds) {
          const steps = yield* persistent(journals[0]!.steps({ runId, after: -1, limit: 1000, payloads: false }))
          assert.deepStrictEqual(
            steps.map((step) => step.sequence),
            Array.from({ length: rows + 1 }, (_, n) => n)
          )
        }
      })
    )

    it.live("J1: rows that were answered survive the crash of the server, and others go on when it is back", () =>
      Effect.gen(function* () {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => start({ max_connections: "20" })),
          ({ stop }) => Effect.sync(stop)
        )
        const journal = yield* Effect.flatMap(clientOf(server.url), (sql) => open(sql))
        const runIds = Array.from({ length: 10 }, (_, n) => `r${n}`)
        for (const runId of runIds) yield* journal.create(newRun(runId))
        const answered = new Map<string, number>()
        let isBack = false
        const writing = yield* Effect.forkChild(
          Effect.forEach(
            runIds,
            (runId) =>
              Effect.gen(function* () {
                for (let at = 1; !isBack || at <= 20; at++) {
                  yield* persistent(journal.append(row(runId, at)))
                  answered.set(runId, at)
                  yield* Effect.sleep(5)
                }
              }),
            { concurrency: "unbounded", discard: true }
          )
        )
        yield* Effect.sleep(300)
        yield* Effect.promise(server.restart)
        const before = new Map(answered)
        for (const head of yield* persistent(journal.heads(runIds)))
          assert.isAtLeast(head.sequence, before.get(head.runId) ?? 0)
        isBack = true
        yield* Fiber.join(writing)
        for (const head of yield* journal.heads(runIds)) assert.strictEqual(head.sequence, answered.get(head.runId))
      })
    )

    it.live("J9: beats and rows go on while tasks hold all connections of the pool", () =>
      Effect.gen(function* () {
        const { url } = yield* newDatabase
        const sql = yield* clientOf(url, { maxConnections: 6 })
        const journal = yield* open(sql)
        yield* journal.create(newRun("r"))
        // Two connections are the journal's own, one listens.
        const holders = yield* Effect.forEach([1, 2, 3, 4, 5], () =>
          Effect.forkChild(Effect.scoped(Effect.andThen(sql.reserve, Effect.never)))
        )
        yield* Effect.sleep(500)
        for (let n = 1; n <= 20; n++) {
          yield* Effect.timeout(journal.beat(workerOf("a")), 2000)
          yield* Effect.timeout(journal.append(row("r", n)), 2000)
          yield* Effect.timeout(journal.claim(claimOf("a")), 2000)
        }
        yield* Fiber.interruptAll(holders)
        assert.strictEqual((yield* journal.heads(["r"]))[0]!.sequence, 20)
      })
    )
  }
)
