import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import type { JournalFailure } from "effect-cano/DurableError"
import { failureOf, isOfConnection, isTransient } from "./failure.ts"

export type Row = Readonly<Record<string, unknown>>

/** The longest that a statement may take, in milliseconds. A server that does not answer must not hold a worker for ever. */
const longest = 30_000

/** The longest that a statement is tried again, in milliseconds. Who called may try longer. */
const patience = 5000

/** Forks with the services of the journal: not with those of a caller, who may be within a transaction. */
export type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

// -----------------------------------------------------------------------------
// sessions
// -----------------------------------------------------------------------------

/**
 * A connection that is kept for the journal, so that tasks which hold the connections of the pool cannot stop it. It is
 * used by one call at a time, and taken anew after it was lost.
 */
export class Session {
  private readonly sql: SqlClient
  private readonly fork: Fork
  private readonly permits = Semaphore.makeUnsafe(1)
  private held: { readonly connection: Connection; readonly scope: Scope.Closeable } | undefined = undefined

  constructor(sql: SqlClient, fork: Fork) {
    this.sql = sql
    this.fork = fork
  }

  /** Uses the connection. A use that is interrupted, or takes too long, gives the connection up. */
  use<A>(f: (connection: Connection) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> {
    return this.permits.withPermit(
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const fiber = this.fork(Effect.flatMap(this.connection, f))
          return bounded(restore(Fiber.join(fiber))).pipe(
            Effect.onExit((exit) => {
              if (Exit.isSuccess(exit)) return Effect.void
              const error = Exit.findErrorOption(exit)
              if (error._tag === "None" || isOfConnection(error.value)) this.drop(fiber)
              return Effect.void
            })
          )
        })
      )
    )
  }

  private readonly connection: Effect.Effect<Connection, SqlError> = Effect.suspend(() => {
    if (this.held !== undefined) return Effect.succeed(this.held.connection)
    const scope = Scope.makeUnsafe()
    return this.sql.reserve.pipe(
      Scope.provide(scope),
      Effect.tap((connection) =>
        Effect.sync(() => {
          this.held = { connection, scope }
        })
      ),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  })

  /** Gives the connection up, without waiting: it may not answer. */
  private drop(fiber?: Fiber.Fiber<unknown, unknown>): void {
    const { held } = this
    this.held = undefined
    const stop = fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    const close = held === undefined ? Effect.void : Scope.close(held.scope, Exit.void)
    this.fork(Effect.andThen(stop, close))
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const { held } = this
    this.held = undefined
    return held === undefined ? Effect.void : Scope.close(held.scope, Exit.void)
  })
}

const bounded = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
  Effect.timeoutOrElse(effect, {
    duration: longest,
    orElse: () =>
      Effect.fail(
        new SqlError({
          reason: new ConnectionError({ cause: undefined, message: "the database did not answer", operation: "query" })
        })
      )
  })

// -----------------------------------------------------------------------------
// database
// -----------------------------------------------------------------------------

/**
 * Runs the statements of a journal. Each is a transaction of its own, under `read committed`: a row that was waited for is
 * read again in its newest version. Another default of the database is noticed, and overruled.
 */
export class Database {
  /** Writes rows. */
  readonly writer: Session
  /** Keeps the lease, and claims. */
  readonly keeper: Session
  private readonly sql: SqlClient
  private readonly clock: Clock.Clock
  private readonly fork: Fork
  private isPlain = true

  constructor(sql: SqlClient, clock: Clock.Clock, fork: Fork) {
    this.sql = sql
    this.clock = clock
    this.fork = fork
    this.writer = new Session(sql, fork)
    this.keeper = new Session(sql, fork)
  }

  /** Takes the connections, and looks at the database's own level of isolation. */
  readonly open: Effect.Effect<void, SqlError> = Effect.suspend(() =>
    Effect.andThen(
      this.keeper.use(() => Effect.void),
      Effect.map(
        this.writer.use((connection) =>
          connection.executeUnprepared(
            "select current_setting('default_transaction_isolation') as level",
            [],
            undefined
          )
        ),
        (rows) => {
          this.isPlain = rows[0]?.["level"] === "read committed"
        }
      )
    )
  )

  readonly close: Effect.Effect<void> = Effect.suspend(() => Effect.andThen(this.writer.close, this.keeper.close))

  /** Sends a statement once. */
  send(
    on: Session | "pool",
    text: string,
    parameters: ReadonlyArray<string | null>
  ): Effect.Effect<ReadonlyArray<Row>, SqlError> {
    const use = (connection: Connection): Effect.Effect<ReadonlyArray<Row>, SqlError> => {
      const statement = connection.execute(text, parameters, undefined)
      return this.isPlain ? statement : isolated(connection, statement)
    }
    return on === "pool" ? this.pooled(use) : on.use(use)
  }

  /** Uses a connection of the pool, with the journal's own services. */
  private pooled<A>(use: (connection: Connection) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> {
    return Effect.suspend(() => {
      const fiber = this.fork(bounded(Effect.scoped(Effect.flatMap(this.sql.reserve, use))))
      return Effect.onInterrupt(Fiber.join(fiber), () => Effect.sync(() => void this.fork(Fiber.interrupt(fiber))))
    })
  }

  /** Sends a statement, and again if it may help. */
  run(
    on: Session | "pool",
    operation: string,
    text: string,
    parameters: ReadonlyArray<string | null>
  ): Effect.Effect<ReadonlyArray<Row>, JournalFailure> {
    return Effect.mapError(this.persist(this.send(on, text, parameters)), (error) => failureOf(operation, error))
  }

  /** Tries again for a while what others, or a lost connection, were in the way of. */
  persist<A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> {
    return Effect.suspend(() => {
      const startedAt = this.clock.currentTimeMillisUnsafe()
      const attempt = (n: number): Effect.Effect<A, SqlError> =>
        Effect.catchIf(
          effect,
          (error) => isTransient(error) && this.clock.currentTimeMillisUnsafe() - startedAt < patience,
          () =>
            Effect.flatMap(Random.nextIntBetween(1, Math.min(10 * 2 ** n, 500)), (millis) =>
              Effect.andThen(this.sleep(millis), attempt(n + 1))
            )
        )
      return attempt(0)
    })
  }

  private sleep(millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.fork(Effect.sleep(millis))
      return Fiber.join(fiber)
    })
  }
}

/** Does a statement in a transaction whose level of isolation is the journal's choice, for this transaction only. */
const isolated = <A>(connection: Connection, statement: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> => {
  const control = (text: string) => connection.executeUnprepared(text, [], undefined)
  return Effect.andThen(control("begin isolation level read committed"), statement).pipe(
    Effect.tap(() => control("commit")),
    Effect.onError(() => Effect.ignore(control("rollback")))
  )
}
