import { fdatasyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory, state } from "./directory.ts"

export type Synchronous = "full" | "normal"

/** Inserts a row for each step, `perCommit` of them in a transaction. */
export const insert =
  (synchronous: Synchronous, perCommit: number): Prepare =>
  (operations) => {
    const db = new DatabaseSync(join(makeDirectory(), "raw.db"))
    db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};
      create table step (run_id text, sequence integer, state text, at integer, primary key (run_id, sequence)) strict`)
    const row = db.prepare("insert into step values (?, ?, ?, ?)")
    const begin = db.prepare("begin immediate")
    const commit = db.prepare("commit")
    let sequence = 0
    // A new write-ahead log grows, and a disk is slower with files that grow. After this it starts again from its beginning.
    begin.run()
    for (let n = 0; n < 100_000; n++) row.run("first", ++sequence, state, sequence)
    commit.run()
    return () => {
      for (let n = 0; n < operations; n++) {
        if (perCommit > 1 && n % perCommit === 0) begin.run()
        row.run(`run-${n % perCommit}`, ++sequence, state, sequence)
        if (perCommit > 1 && n % perCommit === perCommit - 1) commit.run()
      }
      return operations
    }
  }

/** Writes 4 KiB and waits until the disk has them: what each commit of `synchronous = full` has to wait for. */
export const sync: Prepare = (operations) => {
  const file = openSync(join(makeDirectory(), "sync"), "w")
  const page = new Uint8Array(4096)
  return () => {
    for (let n = 0; n < operations; n++) {
      writeSync(file, page)
      fdatasyncSync(file)
    }
    return operations
  }
}
