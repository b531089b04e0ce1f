import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import { JournalFailure } from "effect-cano/DurableError"
import type * as Durable from "effect-cano/Durable"
import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { failureOf, isBusy } from "./failure.ts"

/** The side of the journal that a transaction needs. */
interface Parts {
  /** Opens the connection of transactions, which is not the one of the journal. */
  readonly open: Effect.Effect<Database, JournalFailure>
  readonly clock: Clock.Clock
  /** The longest wait for the lock of the file, in milliseconds. */
  readonly patience: number
  readonly appendOn: (db: Database) => Journal.Shape["append"]
  /** Hears of each transaction that has ended. */
  readonly onEnd: (isWritten: boolean) => void
}

/** The transactions of users, one at a time: SQLite has one writer. */
export class Transactions {
  private readonly parts: Parts
  private readonly turn = Semaphore.makeUnsafe(1)
  private db: Database | undefined = undefined

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Begins a transaction when it has the lock of the file. `around` gives an effect the connection. */
  begin(around: (db: Database) => Durable.Transaction["around"]): Effect.Effect<Durable.Transaction, JournalFailure> {
    const { turn } = this
    const opened = Effect.suspend(() => Effect.flatMap(this.connection, (db) => Effect.as(this.locked(db), db)))
    return Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        restore(turn.take(1)),
        Effect.matchCauseEffect(restore(opened), {
          onFailure: (cause) => Effect.andThen(turn.release(1), Effect.failCause(cause)),
          onSuccess: (db) => Effect.succeed(this.transaction(db, around(db)))
        })
      )
    )
  }

  private get connection(): Effect.Effect<Database, JournalFailure> {
    if (this.db !== undefined) return Effect.succeed(this.db)
    return Effect.map(this.parts.open, (db) => (this.db = db))
  }

  private locked(db: Database): Effect.Effect<void, JournalFailure> {
    const { clock, patience } = this.parts
    const startedAt = clock.currentTimeMillisUnsafe()
    const attempt: Effect.Effect<void, JournalFailure> = Effect.suspend(() => {
      try {
        db.begin()
        return Effect.void
      } catch (error) {
        const isOver = clock.currentTimeMillisUnsafe() - startedAt >= patience
        if (!isBusy(error) || isOver) return Effect.fail(failureOf("begin a transaction", error))
        return Effect.flatMap(Random.nextIntBetween(2, 20), (millis) => Effect.andThen(Effect.sleep(millis), attempt))
      }
    })
    return attempt
  }

  private transaction(db: Database, around: Durable.Transaction["around"]): Durable.Transaction {
    const { appendOn, onEnd } = this.parts
    let isOpen = true
    const end = (how: () => void): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (!isOpen) return Effect.void
        isOpen = false
        how()
        return Effect.asVoid(this.turn.release(1))
      })
    return {
      around,
      append: appendOn(db),
      commit: Effect.suspend(() => {
        if (!isOpen)
          return Effect.fail(new JournalFailure({ operation: "commit", reason: "Refused", cause: "it has ended" }))
        try {
          db.commit()
        } catch (error) {
          return Effect.fail(failureOf("commit a transaction", error))
        }
        return end(() => onEnd(true))
      }),
      rollback: end(() => {
        db.rollback()
        onEnd(false)
      })
    }
  }

  close(): void {
    this.db?.rollback()
    this.db?.close()
  }
}
