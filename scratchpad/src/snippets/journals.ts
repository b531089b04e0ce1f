/** The code of docs/journals.md. It is compiled, not run. */
import { backup, DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import { SqliteJournal } from "effect-cano-node"

// #region layer
export const journal = SqliteJournal.layer({ file: "runs.db" })
// #endregion

// #region backup
/** Copies the journal while workers go on. */
export const copyTo = (target: string) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new DatabaseSync("runs.db", { readOnly: true })),
    (db) => Effect.tryPromise(() => backup(db, target)),
    (db) => Effect.sync(() => db.close())
  )
// #endregion
