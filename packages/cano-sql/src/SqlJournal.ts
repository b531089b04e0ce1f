/**
 * The journal of durable runs on an SQL server: for any number of processes, on any number of machines.
 *
 * **When to use**
 *
 * Use it when more than one machine runs the workflows, or when the application keeps its data in Postgres anyway. For
 * one machine the journal in a SQLite file needs no server.
 *
 * **Details**
 *
 * It works on Effect's `SqlClient`. Postgres 14 or newer is supported, by `@effect/sql-pg`. The tables are created when
 * the layer is built, in the first schema of the `search_path`.
 *
 * - Rows of different runs that come together share a statement and a commit. A run that goes on alone does not wait.
 * - All times are those of the database's clock. Processes whose clocks are wrong wake no run early, and take none over.
 * - A journal keeps two connections of the pool, so that tasks which hold the others cannot stop it, and one more to
 *   listen for hints.
 * - What is lost with a connection is sent again for 5 seconds: a row that was written is recognised.
 *
 * **Gotchas**
 *
 * - An answered row survives what the commits of the database survive: with `synchronous_commit = off` the server's
 *   crash costs the latest rows.
 * - A payload above the `maxMessageSize` of the driver, 16 MiB by default, can be written and not read. Raise both
 *   together: a row may have twice `maxPayload`.
 * - Let `maxConnections` be 5 or more.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import { PgClient } from "@effect/sql-pg"
 * import { SqlJournal } from "effect-cano-sql"
 *
 * const journal = SqlJournal.layer().pipe(
 *   Layer.provide(PgClient.layer({ url: Redacted.make("postgresql://app@localhost/app") }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import type { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import { make } from "./internal/journal.ts"
import { script } from "./internal/migrations.ts"
import { dialectOf } from "./internal/names.ts"
import { problemsOf } from "./internal/options.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The names of the tables begin with it. Journals of one database have different ones. Default: `"cano"`. */
  readonly prefix?: string | undefined
  /** With `"none"` the rows of a run are not kept, only its present state. Default: `"full"`. */
  readonly history?: "full" | "none" | undefined
  /** With `"check"` the tables must be there: see {@link schema}. Default: `"auto"`, which creates them. */
  readonly migrate?: "auto" | "check" | undefined
  /** The most rows in a commit. Default: 1,000. */
  readonly maxBatch?: number | undefined
  /** The largest payload, in bytes. Default: 4 MiB. */
  readonly maxPayload?: number | undefined
}

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Makes a database the journal of durable runs.
 *
 * **Details**
 *
 * Throws a `ConfigurationError` for options that make no sense. The layer fails with a `JournalFailure`: `Unavailable` if
 * the database, or a connection of the pool, cannot be had; `ReadOnly` if the tables are missing and the role may not
 * create them; `Damaged` if they are missing with `migrate: "check"`; `Newer` if a later version of the library has
 * written them. The cause of a failure about missing tables prints the statements that create them.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Journal.Journal, JournalFailure, SqlClient> => {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new ConfigurationError({ subject: "SqlJournal.layer", problems })
  return Layer.effect(
    Journal.Journal,
    make({
      dialect: dialectOf(options.prefix ?? "cano"),
      hasHistory: options.history !== "none",
      migrate: options.migrate ?? "auto",
      maxBatch: options.maxBatch ?? 1000,
      maxPayload: options.maxPayload ?? 4 * 1024 * 1024
    })
  )
}

// -----------------------------------------------------------------------------
// schema
// -----------------------------------------------------------------------------

/**
 * Gives the statements that create the tables, in one transaction, for a role that may create them.
 *
 * @category schema
 * @since 0.1.0
 */
export const schema = (options?: { readonly prefix?: string | undefined }): string => {
  const prefix = options?.prefix ?? "cano"
  const problems = problemsOf({ prefix })
  if (problems.length > 0) throw new ConfigurationError({ subject: "SqlJournal.schema", problems })
  return script(dialectOf(prefix))
}
