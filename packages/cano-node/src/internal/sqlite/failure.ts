import { type FailureReason, JournalFailure } from "effect-cano/DurableError"

/** The result codes of SQLite that say more than that a call was refused. */
const reasons: Record<number, FailureReason> = {
  3: "ReadOnly", // PERM
  5: "Unavailable", // BUSY
  6: "Unavailable", // LOCKED
  8: "ReadOnly", // READONLY
  10: "Unavailable", // IOERR
  11: "Damaged", // CORRUPT
  13: "Full", // FULL
  14: "Unavailable", // CANTOPEN
  26: "Damaged" // NOTADB
}

/** The primary result code of an error of SQLite. */
const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined

/** Whether another connection holds the lock, so that the same call may succeed later. */
export const isBusy = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === 5 || code === 6
}

/** Whether the error belongs to one statement and its values, and not to the file. */
export const isOfOneCall = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === undefined || reasons[code] === undefined
}

/** Whether a row could not be read as the journal writes it: text that is no JSON, or a row that is missing. */
const isBroken = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof TypeError && !("code" in error))

export const failureOf = (operation: string, cause: unknown): JournalFailure => {
  if (cause instanceof JournalFailure)
    return new JournalFailure({ operation, reason: cause.reason, cause: cause.cause })
  return new JournalFailure({ operation, reason: reasonOf(cause), cause })
}

const reasonOf = (error: unknown): FailureReason => {
  const code = codeOf(error)
  if (code !== undefined) return reasons[code] ?? "Refused"
  if (isBroken(error)) return "Damaged"
  // A closed database is an error of Node, without a result code.
  return error instanceof Error && "code" in error && error.code === "ERR_INVALID_STATE" ? "Unavailable" : "Refused"
}
