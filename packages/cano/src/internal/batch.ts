import type * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Wait from "../Wait.ts"

/**
 * An instance that succeeded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed<out A> {
  readonly _tag: "Completed"
  readonly id: string
  readonly value: A
}

/**
 * An instance that failed or died, with its cause.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed<out E> {
  readonly _tag: "Failed"
  readonly id: string
  readonly cause: Cause.Cause<E>
}

/**
 * An instance that was interrupted because the waiting was over, or that had not started by then.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cancelled {
  readonly _tag: "Cancelled"
  readonly id: string
}

/**
 * How an instance ended. Where every instance is waited for, none is cancelled.
 *
 * @category models
 * @since 0.1.0
 */
export type Result<A, E, W extends Wait.Wait = Wait.Wait> =
  | Completed<A>
  | Failed<E>
  | (W extends Wait.All ? never : Cancelled)

/** The result of an instance; without an exit it was cancelled. */
export const resultOf = (exit: Exit.Exit<any, any> | undefined, id: string): Result<any, any> => {
  if (exit === undefined) return { _tag: "Cancelled", id }
  return Exit.isSuccess(exit) ? { _tag: "Completed", id, value: exit.value } : { _tag: "Failed", id, cause: exit.cause }
}

export const concurrencyOf = (
  concurrency: number | "unbounded" | undefined
): { readonly limit: number; readonly problems: ReadonlyArray<string> } => {
  if (concurrency === undefined || concurrency === "unbounded") return { limit: Infinity, problems: [] }
  const valid = Number.isSafeInteger(concurrency) && concurrency >= 1
  return {
    limit: concurrency,
    problems: valid ? [] : [`concurrency is ${concurrency}, expected a whole number from 1 or "unbounded"`]
  }
}
