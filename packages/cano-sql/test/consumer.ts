/** The program of a user: `pnpm package:check` compiles and runs it with the packed packages. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { JournalFailure } from "effect-cano/DurableError"
import type { Journal } from "effect-cano/Journal"
import { SqlJournal } from "effect-cano-sql"
import { layer } from "effect-cano-sql/SqlJournal"

// The barrel and the sub-path are one module.
if (layer !== SqlJournal.layer) throw new Error("two copies")

export const journal: Layer.Layer<Journal, JournalFailure, SqlClient> = SqlJournal.layer({ prefix: "app_runs" })

// @ts-expect-error the published types refuse an option that is none
export const unknown = () => SqlJournal.layer({ table: "runs" })

if (!SqlJournal.schema({ prefix: "app" }).includes("create table app_run (")) throw new Error("no tables")

const refused = Effect.runSyncExit(Effect.sync(() => SqlJournal.layer({ prefix: `x"; drop table y; --` })))
if (Exit.isSuccess(refused)) throw new Error("a prefix that is none was taken")
