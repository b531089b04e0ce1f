/**
 * Collects the spans of an effect in memory, and says how a span ended.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"

/** What an effect gave, and the spans that were started in it, in that order. */
export interface Recording<out A, out E> {
  readonly exit: Exit.Exit<A, E>
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
}

// #region record
/** Runs an effect with a tracer of its own and keeps every span. */
export const record = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Recording<A, E>, never, R> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span(options) {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.map(Effect.exit(Effect.withTracer(effect, tracer)), (exit) => ({ exit, spans }))
  })
// #endregion

export type Outcome = "running" | "success" | "failure" | "interrupted"

export const outcomeOf = ({ status }: Tracer.Span): Outcome => {
  if (status._tag === "Started") return "running"
  if (Exit.isSuccess(status.exit)) return "success"
  return Cause.hasInterruptsOnly(status.exit.cause) ? "interrupted" : "failure"
}

/** The kind of failure that a span ended with. A span that the library did not make says it in its exit alone. */
export const errorTypeOf = (span: Tracer.Span): string | undefined => {
  const type = span.attributes.get("error.type")
  if (typeof type === "string") return type
  if (span.status._tag === "Started" || Exit.isSuccess(span.status.exit)) return undefined
  const reason = span.status.exit.cause.reasons.find((reason) => !Cause.isInterruptReason(reason))
  if (reason === undefined) return undefined
  const error: unknown = Cause.isDieReason(reason) ? reason.defect : reason.error
  if (typeof error === "object" && error !== null && "_tag" in error) return String(error._tag)
  return error instanceof Error ? error.name : typeof error
}
