import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { SqliteJournal } from "effect-cano-node"
import * as Journal from "effect-cano/Journal"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory } from "./directory.ts"
import type { Synchronous } from "./raw.ts"
import { appendRows, newRun } from "./rows.ts"

export const append =
  (synchronous: Synchronous, runs: number): Prepare =>
  async (operations) => {
    const runtime = ManagedRuntime.make(SqliteJournal.layer({ file: join(makeDirectory(), "runs.db"), synchronous }))
    const journal = await runtime.runPromise(Journal.Journal)
    // As for the plain inserts: the write-ahead log is as long as it gets.
    for (let round = 0; round < 10; round++) {
      const first = Array.from({ length: 1000 }, (_, n) => journal.create(newRun(`first/${round}/${n}`)))
      await runtime.runPromise(Effect.all(first, { concurrency: "unbounded", discard: true }))
    }
    let call = 0
    return async () => {
      await runtime.runPromise(appendRows(journal, `${++call}`, runs, operations))
      return operations
    }
  }
