/** The code of docs/journals.md. It is compiled, not run. */
import { backup, DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { SqliteJournal } from "effect-cano-node"
import * as Journal from "effect-cano/Journal"

// #region layer
export const journal = SqliteJournal.layer({ file: "runs.db" })
// #endregion

// #region retention
/** Removes runs that ended a month ago, in slices, once an hour. */
export const retention = Effect.gen(function* () {
  const journal = yield* Journal.Journal
  const days = 24 * 60 * 60 * 1000
  const slice = journal.remove({ status: ["done", "cancelled"], endedFor: 30 * days, limit: 500 })
  yield* Effect.repeat(slice, { until: (removed) => removed === 0 })
}).pipe(Effect.repeat(Schedule.spaced("1 hour")))
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
