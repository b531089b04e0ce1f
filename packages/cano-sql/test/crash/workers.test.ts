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
      yield* startWorker(url, "successor")
      for (const name of ["killed", "frozen", "successor"]) yield* until(sql, `owner like '${name}%'`, 20)
      yield* signal(killed, "SIGKILL")
      yield* signal(frozen, "SIGSTOP")
      const left = yield* sql.unsafe<{ readonly id: string }>(
        "select id::text as id from cano_run where owner like 'frozen%'"
      )
      assert.isAbove(left.length, 0)
      // Its lease runs out. It wakes up when others have taken its runs and have written no row of their own yet.
      const isLeft = `id in (${left.map(({ id }) => id).join(",")})`
      yield* until(sql, `${isLeft} and owner like 'successor%'`, 1)
      const claimed = yield* sql.unsafe<{ readonly run: string; readonly next: string; readonly fence: string }>(
        `select id::text as run, (sequence + 1)::text as next, fence::text as fence from cano_run
         where ${isLeft} and owner like 'successor%'`
      )
      yield* signal(frozen, "SIGCONT")
      yield* until(sql, "status = 'done'", runs)

      for (const { fence, next, run } of claimed) {
        const rows = yield* sql.unsafe<{ readonly fence: string }>(
          `select fence::text as fence from cano_step where run = ${run} and sequence = ${next}`
        )
        assert.isAtLeast(Number(rows[0]!.fence), Number(fence), "a row with the fence of before a claim")
      }
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
