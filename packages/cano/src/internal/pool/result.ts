import * as Exit from "effect/Exit"
import type { Result } from "../../Concurrent.ts"
import { nameProblems } from "../faults.ts"

/** Makes the result of an instance. An instance without an exit was cancelled. */
export const resultOf = (exit: Exit.Exit<any, any> | undefined, id: string): Result<any, any> => {
  if (exit === undefined) return { _tag: "Cancelled", id }
  return Exit.isSuccess(exit) ? { _tag: "Completed", id, value: exit.value } : { _tag: "Failed", id, cause: exit.cause }
}

/** What is wrong with the ids of a batch of so many instances. */
export const idsProblems = (ids: ReadonlyArray<unknown>, total: number): ReadonlyArray<string> => {
  if (ids.length !== total) return [`there are ${total} effects and ${ids.length} ids`]
  const wrong = ids.flatMap((id, index) => nameProblems(`the id of instance ${index}`, id))
  if (wrong.length > 0) return wrong
  const seen = new Set<unknown>()
  const duplicate = ids.find((id) => seen.size === seen.add(id).size)
  return duplicate === undefined ? [] : [`two instances have the id "${String(duplicate).slice(0, 40)}"`]
}
