import * as Cause from "effect/Cause"
import * as Option from "effect/Option"

/** How a run ends, or will end when its compensations have run. */
export interface End {
  readonly status: "done" | "failed" | "cancelled"
  /** The payload of the failure, if there is a schema for it. */
  readonly failure?: string | undefined
  readonly errorTag?: string | undefined
  /** The failure for people. */
  readonly error?: string | undefined
}

/** The longest text of a failure, in characters. */
const maxText = 4096

/** The tag of a failure, and what people read of it. */
export const described = (cause: Cause.Cause<unknown>): { readonly errorTag: string; readonly error: string } => ({
  errorTag: tagOf(cause),
  error: textOf(cause)
})

const textOf = (cause: Cause.Cause<unknown>): string => {
  try {
    return wellFormed(Cause.pretty(cause).slice(0, maxText))
  } catch {
    return "a failure that cannot be printed"
  }
}

/** Half a surrogate pair at the cut, or NUL, is more than some databases take. */
const wellFormed = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD")

const tagOf = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.findErrorOption(cause)
  const defect = cause.reasons.find(Cause.isDieReason)
  if (defect !== undefined) return nameOf(defect.defect, "Defect")
  if (Option.isSome(failure)) return nameOf(failure.value, "Failure")
  return "Interrupted"
}

const nameOf = (error: unknown, otherwise: string): string => {
  try {
    const { _tag, name } = (error ?? {}) as { readonly _tag?: unknown; readonly name?: unknown }
    const tag = typeof _tag === "string" ? _tag : typeof name === "string" ? name : otherwise
    return wellFormed(tag.slice(0, 256)) || otherwise
  } catch {
    return otherwise
  }
}

export const outcomeText = ({ failure, status }: End): string => JSON.stringify({ v: 1, status, failure })

export const readOutcome = (text: string | undefined): End | undefined => {
  try {
    const { failure, status } = JSON.parse(text ?? "") as { readonly failure?: unknown; readonly status?: unknown }
    if (status !== "done" && status !== "failed" && status !== "cancelled") return undefined
    return { status, failure: typeof failure === "string" ? failure : undefined }
  } catch {
    return undefined
  }
}
