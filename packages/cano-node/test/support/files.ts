import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Journal from "effect-cano/Journal"
import * as SqliteJournal from "../../src/SqliteJournal.ts"

/** A directory that is gone with the scope. */
export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cano-journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The name of a file, in a directory of its own, that is not there yet. */
export const newFile = Effect.map(directory, (path) => join(path, "runs.db"))

/** Opens a journal, which is closed with the scope. */
export const open = (file: string, options?: Partial<SqliteJournal.Options>) =>
  Effect.map(Layer.build(SqliteJournal.layer({ file, ...options })), (context) => Context.get(context, Journal.Journal))

/** The layer of a journal in a file of its own. */
export const layerFile = (options?: Partial<SqliteJournal.Options>) =>
  Layer.effect(
    Journal.Journal,
    Effect.flatMap(newFile, (file) => open(file, options))
  )
