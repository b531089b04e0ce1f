import * as Cause from "effect/Cause"
import { hasProperty } from "effect/Predicate"
import type { Outcome } from "../../Observer.ts"

/** The outcome of what ended with this cause. A defect beside a failure is what matters. */
export const outcomeOf = (cause: Cause.Cause<unknown>): Exclude<Outcome, "success"> => {
  if (Cause.hasDies(cause)) return "defect"
  return Cause.hasInterruptsOnly(cause) ? "interrupted" : "failure"
}

/** Names the kind of failure that a cause tells of, as OpenTelemetry's `error.type`; none for an interruption. */
export const errorTypeOf = (cause: Cause.Cause<unknown>): string | undefined => {
  const reason = cause.reasons.find(Cause.isDieReason) ?? cause.reasons.find(Cause.isFailReason)
  return reason === undefined ? undefined : typeOf(Cause.isDieReason(reason) ? reason.defect : reason.error)
}

/** The tag of an error, the name of its class, or what kind of value it is: never its contents. */
const typeOf = (error: unknown): string => peek(() => nameOf(error), "unknown").slice(0, maxLength)

const nameOf = (error: unknown): string => {
  if (error === null) return "null"
  if (hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  if (!(error instanceof Error)) return typeof error
  const { name } = error.constructor
  return typeof name === "string" && name !== "" ? name : "Error"
}

/** As long as the longest name that the library accepts. */
const maxLength = 256

/** Reads something of a value that may be a proxy, or have getters that throw: who watches a run must not change it. */
export const peek = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** The same cause with errors that say what they are and where they come from, and nothing of what they hold. */
export const withoutPayloads = (cause: Cause.Cause<unknown>): Cause.Cause<RedactedError> =>
  Cause.fromReasons(
    cause.reasons.map((reason) => {
      if (Cause.isInterruptReason(reason)) return reason
      return Cause.isDieReason(reason)
        ? Cause.makeDieReason(new RedactedError(reason.defect))
        : Cause.makeFailReason(new RedactedError(reason.error))
    })
  )

/** Stands for an error in a trace: its type, and the frames of its stack. */
export class RedactedError extends Error {
  constructor(error: unknown) {
    super(typeOf(error))
    this.name = this.message
    this.stack = [this.message, ...peek(() => framesOf(error), [])].join("\n")
  }
}

/**
 * The frames of a stack. Before them stands the message as it was when the error was made; where that is not the message of
 * today, nobody can tell where it ends, and there are no frames.
 */
const framesOf = (error: unknown): ReadonlyArray<string> => {
  if (!(error instanceof Error) || typeof error.stack !== "string" || error.stack.length > maxStack) return []
  const { message, stack } = error
  const [header = ""] = stack.split("\n", 1)
  const end = message === "" ? header.length : stack.indexOf(message) + message.length
  if (message === "" ? /: ./.test(header) : end < message.length) return []
  const [rest, ...lines] = stack.slice(end).split("\n")
  const frames = lines.findIndex((line) => !/^\s+at .*:\d+:\d+\)?$/.test(line))
  return rest === "" ? lines.slice(0, frames < 0 ? undefined : frames) : []
}

/** A longer stack holds a message that is too long to search. */
const maxStack = 100_000
