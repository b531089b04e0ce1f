import * as Cause from "effect/Cause"
import { hasProperty } from "effect/Predicate"
import type { Outcome } from "../../Observer.ts"

/** The outcome of a run or an attempt that ended with this cause. A defect outweighs a failure beside it. */
export const outcomeOf = (cause: Cause.Cause<unknown>): Exclude<Outcome, "success"> => {
  if (Cause.hasDies(cause)) return "defect"
  return Cause.hasInterruptsOnly(cause) ? "interrupted" : "failure"
}

/** Names the kind of failure in a cause, for OpenTelemetry's `error.type`; none for an interruption. */
export const errorTypeOf = (cause: Cause.Cause<unknown>): string | undefined => {
  const reason = cause.reasons.find(Cause.isDieReason) ?? cause.reasons.find(Cause.isFailReason)
  return reason === undefined ? undefined : typeOf(Cause.isDieReason(reason) ? reason.defect : reason.error)
}

/** The tag of an error, the name of its class, or the type of another value: never the contents. */
const typeOf = (error: unknown): string => peek(() => nameOf(error), "unknown").slice(0, maxLength)

const nameOf = (error: unknown): string => {
  if (error === null) return "null"
  if (hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  if (!(error instanceof Error)) return typeof error
  const { name } = error.constructor
  return typeof name === "string" && name !== "" ? name : "Error"
}

/** The length of the longest name that the library accepts. */
const maxLength = 256

/** Reads from a value that may throw, such as a proxy or a getter. A watcher must not break the run. */
export const peek = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Replaces each error of a cause by its type and its stack frames, without the contents. */
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
 * The frames of a stack. A stack begins with the message from the time when the error was made. If the message has
 * changed since, its end in the stack is unknown, and the stack is taken to have no frames.
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

/** A longer stack contains a message that is too long to search. */
const maxStack = 100_000
