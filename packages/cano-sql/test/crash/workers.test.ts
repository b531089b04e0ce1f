/** Workers as processes of their own, on one Postgres: killed, frozen and thawed. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import { hopCount, hops } from "../support/hops.ts"
import { clientOf, missing, newDatabase, open } from "../support/journals.ts"

const program = fileURLToPath(new URL("../fixtures/worker-process.ts", import.meta.url))

/** Starts a worker, which is killed with the scope at the latest. */
const startWorker = (url: string, name: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, url, name], { stdio: ["ignore", "ignore", "inherit"] })),
    (child) =>
      Effect.sync(() => {
        child.kill("SIGKILL")
      })
  )

const signal = (child: ChildProcess, name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))

const countOf = (sql: SqlClient, condition: string) =>
  Effect.map(
    sql.unsafe<{ readonly n: number }>(`select count(*)::int as n from cano_run where ${condition}`),
    (rows) => rows[0]!.n
  )

const until = (sql: SqlClient, condition: string, count: number): Effect.Effect<void, unknown> =>
  Effect.flatMap(countOf(sql, condition), (n) =>
    n >= count ? Effect.void : Effect.delay(until(sql, condition, count), 50)
  )

const runs = 500

describe.skipIf(missing !== undefined)("workers by lease", { timeout: 180_000 }, () => {
  it.live(`${runs} runs end while one worker is killed and another one frozen and thawed`, () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const sql = yield* clientOf(url, { maxConnections: 6 })
      const journal = yield* open(sql)
      const durable = Layer.provide(Durable.layerClient, Layer.succeed(Journal.Journal, journal))
      const context = yield* Layer.build(durable)
      yield* Effect.forEach(
        Array.from({ length: runs }, (_, n) => `run-${n}`),
        (runId) => Durable.start(hops, { runId, state: { _tag: "Hop", left: hopCount } }),
        { concurrency: "unbounded" }
      ).pipe(Effect.provideContext(Context.make(Durable.Durable, Context.get(context, Durable.Durable))))

      const killed = yield* startWorker(url, "killed")
      const frozen = yield* startWorker(url, "frozen")
      yield* until(sql, "sequence >= 3", 100)
      yield* signal(killed, "SIGKILL")
      yield* startWorker(url, "successor")
      yield* until(sql, "fence >= 2", 1)
      yield* signal(frozen, "SIGSTOP")
      // Longer than its lease: others take its runs, and it finds out with its next row.
      yield* Effect.sleep(3500)
      yield* signal(frozen, "SIGCONT")
      yield* until(sql, "status = 'done'", runs)

      const { taken } = (yield* sql.unsafe<{ readonly taken: number }>(
        "select count(*)::int as taken from cano_run where fence > 1"
      ))[0]!
      assert.isAbove(taken, 0)
      // The rows of a run are contiguous, and no fence follows a later one.
      const broken = yield* sql.unsafe(`select * from (
        select run, sequence, fence, lag(sequence, 1, -1::bigint) over w as before, lag(fence, 1, 0::bigint) over w as old
        from cano_step window w as (partition by run order by sequence)) s
        where sequence <> before + 1 or fence < old`)
      assert.deepStrictEqual(broken, [])
      const short = yield* countOf(sql, `sequence < ${hopCount} or transitions <> ${hopCount} or status <> 'done'`)
      assert.strictEqual(short, 0)
    })
  )
})
