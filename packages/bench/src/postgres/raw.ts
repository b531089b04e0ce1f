import { Pool } from "pg"
import type { Prepare } from "../harness/contender.ts"
import { state } from "../journal/directory.ts"
import { startServer, type Synchronous } from "./server.ts"

/** Inserts a row for each step, a commit each, so many at once. */
export const insert =
  (synchronous: Synchronous, atOnce: number): Prepare =>
  async (operations) => {
    const { url } = await startServer(synchronous)
    const pool = new Pool({ connectionString: url, max: Math.min(atOnce, 16) })
    const table = `raw_${process.pid}`
    await pool.query(
      `create table ${table} (run_id text, sequence bigint, state text, at timestamptz default now(), primary key (run_id, sequence))`
    )
    const row = { name: "row", text: `insert into ${table} (run_id, sequence, state) values ($1, $2, $3)` }
    let sequence = 0
    return async () => {
      const each = async (run: number): Promise<void> => {
        for (let n = 0; n < operations / atOnce; n++)
          await pool.query({ ...row, values: [`run-${run}`, ++sequence, state] })
      }
      await Promise.all(Array.from({ length: atOnce }, (_, run) => each(run)))
      return operations
    }
  }
