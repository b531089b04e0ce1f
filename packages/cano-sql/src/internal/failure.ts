import { type FailureReason, JournalFailure } from "effect-cano/DurableError"
import type { SqlError } from "effect/sql/SqlError"

/** The SQLSTATE of an error; none if the database did not answer. */
export const codeOf = (error: SqlError): string | undefined => {
  const { cause } = error.reason
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** Whether the connection is not to be used any more. */
export const isOfConnection = (error: SqlError): boolean => {
  const code = codeOf(error)
  return code === undefined || code.startsWith("08") || code.startsWith("57P")
}

/**
 * Whether the same statement may succeed if it is sent again: the connection was lost, the server restarts, or others
 * were in the way.
 */
export const isTransient = (error: SqlError): boolean => {
  const code = codeOf(error)
  if (code === undefined) return error.reason._tag === "ConnectionError" || error.reason._tag === "UnknownError"
  return code.startsWith("08") || code.startsWith("57P") || transient.has(code)
}

const transient: ReadonlySet<string> = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "53300", // too_many_connections
  "55P03" // lock_not_available
])

/** Whether the error belongs to the values of a statement: one of many entries may have caused it. */
export const isOfValues = (error: SqlError): boolean => /^(21|22|23|54)/.test(codeOf(error) ?? "")

/** Whether an object is there that was about to be created. */
export const isPresent = (error: SqlError): boolean =>
  ["23505", "42P07", "42710", "42P06"].includes(codeOf(error) ?? "")

const reasons: Readonly<Record<string, FailureReason>> = {
  "25006": "ReadOnly", // read_only_sql_transaction
  "42501": "ReadOnly", // insufficient_privilege
  "42703": "Damaged", // undefined_column
  "42P01": "Damaged", // undefined_table
  "53100": "Full", // disk_full
  "57014": "Unavailable", // query_canceled
  XX001: "Damaged", // data_corrupted
  XX002: "Damaged" // index_corrupted
}

export const failureOf = (operation: string, error: SqlError): JournalFailure => {
  const code = codeOf(error)
  const isAway = code === undefined || code.startsWith("28") || code.startsWith("53") || isTransient(error)
  const reason = reasons[code ?? ""] ?? (isAway ? "Unavailable" : "Refused")
  return new JournalFailure({ operation, reason, cause: error })
}
