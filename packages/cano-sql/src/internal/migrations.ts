import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import { JournalFailure } from "effect-cano/DurableError"
import { codeOf, failureOf, isPresent, isTransient } from "./failure.ts"
import { databaseClock, type Dialect } from "./names.ts"
import { format, minimumReader, tables } from "./schema.ts"

/*
 * Bringing the tables to the present format. A migration only adds: workers of the version before go on meanwhile. A later
 * format that this version cannot read says so by its `minimum_reader`.
 */

const operation = "open the journal"

/** The statements that create the tables. */
const statements = (dialect: Dialect): ReadonlyArray<string> => [
  ...tables.map(dialect.text),
  dialect.text(`insert into cano_meta (key, value) values ('format', '${format}'), ('minimum_reader', '${minimumReader}'),
  ('epoch', gen_random_uuid()::text), ('created_at', (${databaseClock})::text)`)
]

/** As statements, to be run by whoever may create tables. */
export const script = (dialect: Dialect): string => `begin;\n${statements(dialect).join(";\n")};\ncommit;\n`

const execute = (connection: Connection, text: string) => connection.executeUnprepared(text, [], undefined)

/** Reads the format that is there, and refuses one that this version cannot use. Gives `false` if there is none. */
const check = (connection: Connection, dialect: Dialect): Effect.Effect<boolean, SqlError | JournalFailure> =>
  Effect.gen(function* () {
    const present = yield* execute(
      connection,
      dialect.text(`select to_regclass('cano_meta') is not null as meta, to_regclass('cano_run') is not null as run`)
    )
    if (present[0]?.meta !== true) return false
    const rows = yield* execute(connection, dialect.text("select key, value from cano_meta"))
    const reader = Number(rows.find((row) => row.key === "minimum_reader")?.value)
    if (!Number.isSafeInteger(reader) || present[0].run !== true)
      return yield* new JournalFailure({ operation, reason: "Damaged", cause: "its tables are not those of a journal" })
    if (reader > format)
      return yield* new JournalFailure({
        operation,
        reason: "Newer",
        cause: `its format needs a reader of version ${reader}, this is version ${format}`
      })
    return true
  })

/** Creates the tables in one transaction. One process does it at a time: the others find them done. */
const create = (connection: Connection, dialect: Dialect): Effect.Effect<void, SqlError | JournalFailure> =>
  Effect.gen(function* () {
    yield* execute(connection, "begin isolation level read committed")
    yield* execute(
      connection,
      `select pg_advisory_xact_lock(hashtextextended('effect-cano ${dialect.prefix}', 0))::text`
    )
    if (!(yield* check(connection, dialect)))
      for (const statement of statements(dialect)) yield* execute(connection, statement)
    yield* execute(connection, "commit")
  }).pipe(Effect.onError(() => Effect.ignore(execute(connection, "rollback"))))

/** Attempts of processes that start together on an empty database. */
const attempts = 20

export const migrate = (
  sql: SqlClient,
  dialect: Dialect,
  mode: "auto" | "check"
): Effect.Effect<void, JournalFailure> => {
  const missing = (cause: unknown) =>
    new JournalFailure({
      operation,
      reason: mode === "check" ? "Damaged" : "ReadOnly",
      cause: new Error(`the tables of the journal are missing. A role that may create them runs:\n${script(dialect)}`, {
        cause
      })
    })
  const once = Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* sql.reserve
      if (yield* check(connection, dialect)) return
      if (mode === "check") return yield* missing(undefined)
      yield* create(connection, dialect)
    })
  )
  const attempt = (left: number): Effect.Effect<void, JournalFailure> =>
    Effect.catch(once, (error) => {
      if (error._tag === "JournalFailure") return Effect.fail(error)
      if (left > 0 && (isPresent(error) || isTransient(error)))
        return Effect.flatMap(Random.nextIntBetween(5, 100), (millis) =>
          Effect.andThen(Effect.sleep(millis), attempt(left - 1))
        )
      return Effect.fail(codeOf(error) === "42501" ? missing(error) : failureOf(operation, error))
    })
  return attempt(attempts)
}
