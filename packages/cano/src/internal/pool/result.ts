import * as Exit from "effect/Exit"
import type { Result } from "../../Concurrent.ts"

/** Makes the result of an instance. An instance without an exit was cancelled. */
export const resultOf = (exit: Exit.Exit<any, any> | undefined, id: string): Result<any, any> => {
  if (exit === undefined) return { _tag: "Cancelled", id }
  return Exit.isSuccess(exit) ? { _tag: "Completed", id, value: exit.value } : { _tag: "Failed", id, cause: exit.cause }
}
