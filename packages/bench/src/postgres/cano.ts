import { PgClient } from "@effect/sql-pg"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Journal from "effect-cano/Journal"
import { SqlJournal } from "effect-cano-sql"
import type { Prepare } from "../harness/contender.ts"
import { appendRows } from "../journal/rows.ts"
import { startServer, type Synchronous } from "./server.ts"

export const append =
  (synchronous: Synchronous, runs: number): Prepare =>
  async (operations) => {
    const { url } = await startServer(synchronous)
    const layer = SqlJournal.layer({ prefix: `bench_${process.pid}` }).pipe(
      Layer.provide(PgClient.layer({ url: Redacted.make(url) }))
    )
    const runtime = ManagedRuntime.make(layer)
    const journal = await runtime.runPromise(Journal.Journal)
    let call = 0
    return async () => {
      await runtime.runPromise(appendRows(journal, `${++call}`, runs, operations))
      return operations
    }
  }
