import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** A tracer that remembers its spans, in the order in which they were started; `change` makes them spans of another kind. */
export const recorder = (change: (span: Tracer.NativeSpan) => Tracer.NativeSpan = (span) => span) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = change(new Tracer.NativeSpan(options))
      spans.push(span)
      return span
    }
  })
  return { spans, record: Effect.withTracer(tracer) }
}
