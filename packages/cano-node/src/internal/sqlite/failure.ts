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

export const failureOf = (operation: string, cause: unknown): JournalFailure => {
  if (cause instanceof JournalFailure) return cause
  const code = codeOf(cause)
  // A closed database is an error of Node, without a result code.
  const isClosed = cause instanceof Error && "code" in cause && cause.code === "ERR_INVALID_STATE"
  const reason = code === undefined ? (isClosed ? "Unavailable" : "Refused") : (reasons[code] ?? "Refused")
  return new JournalFailure({ operation, reason, cause })
}
