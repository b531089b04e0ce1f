import { existsSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { platform } from "node:process"
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { JournalFailure } from "effect-cano/DurableError"
import { epochOf, migrate } from "./schema.ts"

/** The longest that a statement blocks the process for the lock of another. What is longer waits outside of SQLite. */
const blockingMillis = 5

/** After a checkpoint a longer write-ahead log is cut to this size, in bytes. */
const logLimit = 64 * 1024 * 1024

/** The length of the write-ahead log, in pages, from which a commit copies it into the file, as far as readers allow. */
const checkpointPages = 2000

/** The value of a column, or of a parameter. */
export type Value = string | number | null

export type Columns = Record<string, Value>

/** An open file, with the statements that were used so far. */
export class Database {
  readonly file: string
  private readonly db: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()
  private readonly epoch: unknown
  private readonly identity: string | undefined
  /** Why nothing can be written any more. */
  private loss: JournalFailure | undefined = undefined

  /** Opens a file and creates the tables. Throws what SQLite throws, or a `JournalFailure`. */
  constructor(file: string, synchronous: "full" | "normal", now: number) {
    if (file !== ":memory:" && !existsSync(dirname(file)))
      throw new JournalFailure({
        operation: "open the file",
        reason: "Unavailable",
        cause: `there is no directory ${dirname(file)}`
      })
    this.file = file
    this.db = new DatabaseSync(file, { timeout: blockingMillis, enableForeignKeyConstraints: false })
    try {
      const mode = this.pragma("journal_mode = wal")
      if (mode !== "wal" && mode !== "memory")
        throw new JournalFailure({
          operation: "open the file",
          reason: "Unavailable",
          cause: `it has the journal mode ${String(mode)}, and its file system does not allow wal`
        })
      this.pragma(`synchronous = ${synchronous}`)
      this.pragma(`journal_size_limit = ${logLimit}`)
      this.pragma(`wal_autocheckpoint = ${checkpointPages}`)
      if (platform === "darwin") {
        this.pragma("fullfsync = 1")
        this.pragma("checkpoint_fullfsync = 1")
      }
      this.begin()
      migrate(this.db, now)
      this.commit()
      this.epoch = epochOf(this.db)
      this.identity = this.identify()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Gives the first value that a pragma answers. */
  private pragma(text: string): Value | undefined {
    const row = this.db.prepare(`pragma ${text}`).get() as Columns | undefined
    return row && Object.values(row)[0]
  }

  private identify(): string | undefined {
    if (this.file === ":memory:") return undefined
    const stats = statSync(this.file, { bigint: true, throwIfNoEntry: false })
    return stats && `${stats.dev}:${stats.ino}`
  }

  /** Throws a failure if the file under the name is another one by now: whatever is written would be lost. */
  checkIdentity(): void {
    if (this.identify() === this.identity && epochOf(this.db) === this.epoch) return
    this.loss = new JournalFailure({
      operation: "go on",
      reason: "Damaged",
      cause: `the file ${this.file} was deleted or replaced while it was open`
    })
    throw this.loss
  }

  // --- statements

  private statement(sql: string): StatementSync {
    const present = this.statements.get(sql)
    if (present !== undefined) return present
    const statement = this.db.prepare(sql)
    this.statements.set(sql, statement)
    return statement
  }

  /** Gives the number of rows that have changed. */
  run(sql: string, ...values: ReadonlyArray<Value>): number {
    return this.statement(sql).run(...values).changes as number
  }

  get(sql: string, ...values: ReadonlyArray<Value>): Columns | undefined {
    return this.statement(sql).get(...values) as Columns | undefined
  }

  /** As `get`, without names, for the statements that run most. A statement is used in one of the two ways. */
  values(sql: string, ...values: ReadonlyArray<Value>): ReadonlyArray<Value> | undefined {
    const statement = this.statement(sql)
    statement.setReturnArrays(true)
    return statement.get(...values) as unknown as ReadonlyArray<Value> | undefined
  }

  all(sql: string, ...values: ReadonlyArray<Value>): Array<Columns> {
    return this.statement(sql).all(...values) as Array<Columns>
  }

  /** Prepares a statement of the user's. It is not kept: there may be any number of them. */
  prepare(sql: string): StatementSync {
    return this.db.prepare(sql)
  }

  // --- transactions

  begin(): void {
    if (this.loss !== undefined) throw this.loss
    this.run("begin immediate")
  }

  commit(): void {
    this.run("commit")
  }

  get isInTransaction(): boolean {
    return this.db.isTransaction
  }

  /** Ends a transaction that failed. SQLite may have ended it itself. */
  rollback(): void {
    try {
      if (this.db.isTransaction) this.db.exec("rollback")
    } catch {
      // The failure that led here is the one to tell.
    }
  }

  /** Reads several statements as of one moment. */
  snapshot<A>(read: () => A): A {
    this.run("begin")
    try {
      return read()
    } finally {
      this.rollback()
    }
  }

  /** Does a part of a transaction that may fail alone. */
  savepoint<A>(write: () => A): A {
    this.run("savepoint part")
    try {
      const answer = write()
      this.run("release part")
      return answer
    } catch (error) {
      if (this.db.isTransaction) this.db.exec("rollback to part; release part")
      throw error
    }
  }

  close(): void {
    try {
      this.db.close()
    } catch {
      // It is closed.
    }
  }
}
