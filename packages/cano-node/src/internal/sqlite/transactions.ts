import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
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

/** Gives an effect the connection of a transaction, for as long as the transaction is open. */
export type Around = (db: Database, isOpen: () => boolean) => Durable.Transaction["around"]

/** The transactions of users, one at a time: SQLite has one writer. */
export class Transactions {
  private readonly parts: Parts
  private db: Database | undefined = undefined
  private isTaken = false
  private readonly free = Latch.makeUnsafe(true)

  constructor(parts: Parts) {
    this.parts = parts
  }

  /**
   * Begins a transaction when it has the lock of the file. Only the waits can be interrupted: whoever has the turn, or the
   * lock, also has the transaction that gives it back.
   */
  begin(around: Around): Effect.Effect<Durable.Transaction, JournalFailure> {
    return Effect.uninterruptible(
      Effect.andThen(
        this.turn,
        Effect.matchCauseEffect(this.opened, {
          onFailure: (cause) => {
            this.giveBack()
            return Effect.failCause(cause)
          },
          onSuccess: (db) => Effect.succeed(this.transaction(db, around))
        })
      )
    )
  }

  /** Takes the turn, and waits as long as another transaction has it. */
  private readonly turn: Effect.Effect<void> = Effect.suspend(() => {
    if (this.isTaken) return Effect.andThen(Effect.interruptible(this.free.await), this.turn)
    this.isTaken = true
    this.free.closeUnsafe()
    return Effect.void
  })

  private giveBack(): void {
    this.isTaken = false
    this.free.openUnsafe()
  }

  /** Opens the connection, if it is the first time, and begins when no other process writes. */
  private readonly opened: Effect.Effect<Database, JournalFailure> = Effect.suspend(() => {
    const connection = this.db === undefined ? this.parts.open : Effect.succeed(this.db)
    return Effect.flatMap(connection, (db) => {
      this.db = db
      return Effect.as(this.locked(db), db)
    })
  })

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
        const pause = Effect.flatMap(Random.nextIntBetween(2, 20), Effect.sleep)
        return Effect.andThen(Effect.interruptible(pause), attempt)
      }
    })
    return attempt
  }

  private transaction(db: Database, around: Around): Durable.Transaction {
    const { appendOn, onEnd } = this.parts
    let isOpen = true
    const end = (isWritten: boolean): void => {
      isOpen = false
      if (!isWritten) db.rollback()
      onEnd(isWritten)
      this.giveBack()
    }
    /** SQLite may have ended the transaction by itself. Then what follows would be committed apart. */
    const whileOpen = <A, E>(operation: string, effect: () => Effect.Effect<A, E>) =>
      Effect.suspend((): Effect.Effect<A, E | JournalFailure> => {
        if (isOpen && db.isInTransaction) return effect()
        return Effect.fail(new JournalFailure({ operation, reason: "Refused", cause: "the transaction has ended" }))
      })
    const append = appendOn(db)
    return {
      around: around(db, () => isOpen && db.isInTransaction),
      append: (entry) => whileOpen("append", () => append(entry)),
      commit: whileOpen("commit a transaction", () => {
        try {
          db.commit()
        } catch (error) {
          return Effect.fail(failureOf("commit a transaction", error))
        }
        end(true)
        return Effect.void
      }),
      rollback: Effect.sync(() => {
        if (isOpen) end(false)
      })
    }
  }

  close(): void {
    this.db?.rollback()
    this.db?.close()
  }
}
