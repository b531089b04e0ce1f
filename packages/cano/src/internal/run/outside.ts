import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { JournalFailure } from "../../DurableError.ts"
import type { Shape as Journal } from "../../Journal.ts"
import type { AnyEffect } from "../machine/output.ts"
import type { Child, WaitFor } from "../machine/task.ts"

/** An open transaction. It is committed or rolled back once. */
export interface Transaction {
  readonly around: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, any>
  readonly append: Journal["append"]
  readonly commit: Effect.Effect<void, JournalFailure>
  readonly rollback: Effect.Effect<void>
}

/**
 * How a task waits for a time, for a signal or for a nested workflow. A bare run waits in its fiber. An interpreter that
 * keeps runs in a journal puts its own way into the context. `undefined` means: in the fiber.
 */
export interface Outside {
  readonly wait: (waitFor: WaitFor, state: unknown) => AnyEffect | undefined
  readonly nest: (child: Child, state: unknown) => AnyEffect | undefined
  /** Takes a transaction over, to commit it with the row of the run. Gives whether it did. */
  readonly join: (transaction: Transaction) => Effect.Effect<boolean>
}

export const Outside: Context.Reference<Outside | undefined> = Context.Reference<Outside | undefined>(
  "effect-cano/Outside",
  { defaultValue: () => undefined }
)

/** Runs a nested workflow in the way of the context. */
export const nested = (child: Child, state: unknown, inFiber: AnyEffect): AnyEffect =>
  Effect.withFiber((fiber) => fiber.getRef(Outside)?.nest(child, state) ?? inFiber)

/** Waits in the way of the context. */
export const waited = (waitFor: WaitFor, state: unknown, inFiber: AnyEffect): AnyEffect =>
  Effect.withFiber((fiber) => fiber.getRef(Outside)?.wait(waitFor, state) ?? inFiber)

/** Whether a transaction is open. Rows would wait for its lock, so nothing in it may write one. */
export const InTransaction: Context.Reference<boolean> = Context.Reference<boolean>("effect-cano/InTransaction", {
  defaultValue: () => false
})

/** Runs an attempt in a transaction, which the interpreter of the context may commit together with its own row. */
export const transacted = (begin: AnyEffect, attempt: AnyEffect): AnyEffect =>
  Effect.flatMap(InTransaction, (isOpen) =>
    isOpen
      ? Effect.die(new Error("a transactional task in a transaction"))
      : inTransaction(begin, Effect.provideService(attempt, InTransaction, true))
  )

const inTransaction = (begin: AnyEffect, attempt: AnyEffect): AnyEffect =>
  Effect.uninterruptibleMask((restore) =>
    // The one that begins lets itself be interrupted while it waits, and not once it has begun.
    Effect.flatMap(begin, (transaction: Transaction) =>
      Effect.matchCauseEffect(restore(transaction.around(attempt)), {
        onFailure: (cause) => Effect.andThen(transaction.rollback, Effect.failCause(cause)),
        onSuccess: (next) =>
          Effect.withFiber((fiber) =>
            Effect.flatMap(fiber.getRef(Outside)?.join(transaction) ?? alone, (isJoined) =>
              isJoined ? Effect.succeed(next) : Effect.as(committed(transaction), next)
            )
          )
      })
    )
  )

const alone = Effect.succeed(false)

const committed = ({ commit, rollback }: Transaction): Effect.Effect<void, JournalFailure> =>
  Effect.tapCause(commit, () => rollback)
