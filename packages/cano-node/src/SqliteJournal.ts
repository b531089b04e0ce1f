/**
 * The journal of durable runs in a file, on the SQLite that is part of Node.
 *
 * **When to use**
 *
 * Use it for durable runs of one machine: one process, or several processes on one file. It needs no server and no
 * other package.
 *
 * **Details**
 *
 * The file is created, and brought to the present format, when the layer is built. Rows that come together share a
 * commit; a run that goes on alone does not wait for others. With `synchronous: "full"`, the default, an answered row
 * survives the crash of the process and the loss of power. With `"normal"` it survives the crash of the process; a loss
 * of power may cost the latest rows, of all runs alike, and never leaves a broken file.
 *
 * **Gotchas**
 *
 * - The file must be on a local disk: the write-ahead log does not work over a network.
 * - SQLite blocks the process while it writes. A large commit delays everything else, so let `staleAfter` of workers be
 *   15 seconds or more.
 * - Copy the file with the `backup` of SQLite, not by hand: the latest rows stand in the file that ends in `-wal`.
 *
 * @example
 * ```ts
 * import { SqliteJournal } from "effect-cano-node"
 *
 * const journal = SqliteJournal.layer({ file: "runs.db" })
 * ```
 *
 * @since 0.1.0
 */
import type { StatementSync } from "node:sqlite"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import * as Durable from "effect-cano/Durable"
import { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import type * as Task from "effect-cano/Task"
import { Database } from "./internal/sqlite/database.ts"
import { failureOf, isBusy } from "./internal/sqlite/failure.ts"
import { make } from "./internal/sqlite/journal.ts"
import { problemsOf } from "./internal/sqlite/options.ts"
import type { Around } from "./internal/sqlite/transactions.ts"

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
  /** The file, in a directory that exists; `":memory:"` for a journal that ends with the layer. */
  readonly file: string
  /** What an answered row survives: with `"full"` the loss of power, with `"normal"` the crash of the process. Default: `"full"`. */
  readonly synchronous?: "full" | "normal" | undefined
  /** With `"none"` the rows of a run are not kept, only its present state. Default: `"full"`. */
  readonly history?: "full" | "none" | undefined
  /** The longest that a call waits for another process that writes. Then it fails as `Unavailable`. Default: 5 seconds. */
  readonly busyTimeout?: Duration.Input | undefined
  /** The largest payload, in bytes. Default: 4 MiB. */
  readonly maxPayload?: number | undefined
}

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Opens the file as the journal of durable runs, and closes it with the scope of the layer.
 *
 * **Details**
 *
 * Throws a `ConfigurationError` for options that make no sense. The layer fails with a `JournalFailure`: `Unavailable`
 * if the directory is not there or the file system has no write-ahead log, `ReadOnly`, `Damaged` if the file is no
 * journal, `Newer` if a later version of the library has written it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Journal.Journal | Transactions, JournalFailure> => {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new ConfigurationError({ subject: "SqliteJournal.layer", problems })
  const { file, history = "full", maxPayload = 4 * 1024 * 1024, synchronous = "full" } = options
  const patience = Duration.toMillis(options.busyTimeout ?? Duration.seconds(5))
  const database = Effect.acquireRelease(open(file, synchronous, patience), (db) => Effect.sync(() => db.close()))
  const reopen = file === ":memory:" ? notInMemory : open(file, synchronous, patience)
  return Layer.effectContext(
    Effect.gen(function* () {
      const db = yield* database
      const made = yield* make(db, { patience, hasHistory: history === "full", maxPayload, reopen })
      return Context.make(Journal.Journal, made.journal).pipe(
        Context.add(Transactions, { begin: made.transactions.begin(sqlOn) })
      )
    })
  )
}

// -----------------------------------------------------------------------------
// transactions
// -----------------------------------------------------------------------------

/**
 * The transactions of a journal's file, for {@link transactional}.
 *
 * @category services
 * @since 0.1.0
 */
export class Transactions extends Context.Service<
  Transactions,
  {
    /** Begins a transaction, when it has the lock of the file. */
    readonly begin: Effect.Effect<Durable.Transaction, JournalFailure>
  }
>()("effect-cano-node/SqliteJournal/Transactions") {}

/**
 * A value of a column, or of a parameter.
 *
 * @category models
 * @since 0.1.0
 */
export type Value = null | number | bigint | string | Uint8Array

/**
 * SQLite refused a statement.
 *
 * @category errors
 * @since 0.1.0
 */
export class SqliteError extends Data.TaggedError("SqliteError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `SQLite refused a statement: ${String(this.cause)}`
  }
}

/**
 * SQL in the transaction of a {@link transactional} task, on the file of the journal. Names that begin with `cano_` are
 * the journal's.
 *
 * @category services
 * @since 0.1.0
 */
export class Sql extends Context.Service<
  Sql,
  {
    /** Runs a statement, and gives the number of rows that have changed. */
    readonly run: (sql: string, ...parameters: ReadonlyArray<Value>) => Effect.Effect<number, SqliteError>
    /** Gives all rows of a query. */
    readonly all: (
      sql: string,
      ...parameters: ReadonlyArray<Value>
    ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, Value>>>, SqliteError>
  }
>()("effect-cano-node/SqliteJournal/Sql") {}

/**
 * Runs each attempt of a task in a transaction of the journal's file, and commits it together with the row of the run: what
 * the task does by {@link Sql} happens exactly once. An attempt that fails is rolled back.
 *
 * **Gotchas**
 *
 * SQLite has one writer. While the task runs, no other run can write a row. So let the task be short: a few statements,
 * and no calls of other services. A task that gets no lock within `busyTimeout` fails with a `JournalFailure`. A journal
 * in memory has no transactions.
 *
 * A statement that ends the transaction itself, such as one with `on conflict rollback`, makes all that follow fail: the
 * row of the run is not written either. What the task writes to its store is not rolled back with a failed attempt.
 *
 * @example
 * ```ts
 * import { Task } from "effect-cano"
 * import { SqliteJournal } from "effect-cano-node"
 * import * as Effect from "effect/Effect"
 *
 * const withdraw = SqliteJournal.transactional(
 *   Task.make({
 *     run: ({ amount }: { readonly amount: number }) =>
 *       SqliteJournal.Sql.use((sql) => sql.run("update account set balance = balance - ?", amount)).pipe(
 *         Effect.as("Withdrawn")
 *       )
 *   })
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const transactional = <State, Next, E, R>(
  task: Task.Task<State, Next, E, R>
): Task.Task<State, Next, E | JournalFailure, Exclude<R, Sql> | Transactions> =>
  Durable.transactional<State, Next, E, R, JournalFailure, Transactions, Sql>(
    task,
    Transactions.use(({ begin }) => begin)
  )
// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

/** Opens the file, and waits if another process is creating it. */
const open = (
  file: string,
  synchronous: "full" | "normal",
  patience: number
): Effect.Effect<Database, JournalFailure> =>
  Effect.clockWith((clock) => {
    const startedAt = clock.currentTimeMillisUnsafe()
    const attempt: Effect.Effect<Database, JournalFailure> = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      try {
        return Effect.succeed(new Database(file, synchronous, Math.floor(now)))
      } catch (error) {
        if (isBusy(error) && now - startedAt < patience) return Effect.andThen(Effect.sleep(10), attempt)
        return Effect.fail(failureOf(`open the file ${JSON.stringify(file)}`, error))
      }
    })
    return attempt
  })

const notInMemory = Effect.fail(
  new JournalFailure({ operation: "begin a transaction", reason: "Refused", cause: "a journal in memory has none" })
)

/** Gives an effect the SQL of a connection, for as long as its transaction is open. */
const sqlOn: Around = (db, isOpen) => (effect) => {
  const query = <A>(sql: string, use: (statement: StatementSync) => A): Effect.Effect<A, SqliteError> =>
    Effect.suspend(() => {
      const refused = (cause: unknown) => Effect.fail(new SqliteError({ cause }))
      if (!isOpen()) return refused("the transaction has ended")
      if (endsTransactions.test(sql)) return refused("the transaction begins and ends with the state")
      try {
        return Effect.succeed(use(db.prepare(sql)))
      } catch (cause) {
        return refused(cause)
      }
    })
  const sql: Sql["Service"] = {
    run: (sql, ...values) => query(sql, (statement) => Number(statement.run(...values).changes)),
    all: (sql, ...values) => query(sql, (statement) => statement.all(...values) as ReadonlyArray<Record<string, Value>>)
  }
  return Effect.provideService(effect, Sql, sql)
}

/** The statements that begin or end a transaction, or a part of one, after spaces and comments. */
const endsTransactions = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(?:begin|commit|end|rollback|savepoint|release)\b/i
