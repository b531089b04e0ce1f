import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Watcher } from "../run/compensating.ts"
import { inSpan, past } from "./spans.ts"
import type { Arrival, StayWatcher } from "./stays.ts"
import type { StayView } from "./stayView.ts"
import { spanAt } from "./traceparent.ts"
import { tracingOf } from "./tracing.ts"

/**
 * Opens a span for a stay, as a trace of its own: a run may stay many times, over months, and no span is open in between.
 * Each stay links to the span in which the run was started.
 */
export class StayTracing implements StayWatcher {
  readonly watcher: Watcher
  private readonly view: StayView

  constructor(view: StayView) {
    this.view = view
    this.watcher = tracingOf(view)
  }

  around(arrival: Arrival, stay: Effect.Effect<void>): Effect.Effect<void> {
    const { view } = this
    const { fence, runId, sequence, trace } = view.head
    const attributes = {
      "cano.workflow.name": view.workflow.name,
      "cano.run.id": runId,
      "cano.run.fence": fence,
      "cano.run.sequence": sequence,
      "cano.stay.after": arrival.after
    }
    const origin = spanAt(trace)
    // Below a span that is not sampled nothing is. Some tracers take that decision from a parent only.
    const place =
      origin?.sampled === false
        ? { parent: origin }
        : { root: true, links: origin === undefined ? [] : [{ span: origin, attributes: {} }] }
    return inSpan(
      `stay ${view.workflow.name}`,
      { attributes, ...place },
      () => Effect.andThen(this.waited(arrival), stay),
      (span, exit) => {
        const { end = "lost", errorTag } = view
        span.attribute("cano.stay.end", end)
        if (end !== "failed") return exit
        return Exit.fail({ _tag: errorTag ?? "Failure" })
      }
    )
  }

  /** Makes the span of the wait before the stay. */
  private waited({ waited }: Arrival): Effect.Effect<void> {
    if (waited === undefined) return Effect.void
    const { ahead, head, workflow } = this.view
    const attributes: Record<string, unknown> = {
      "cano.workflow.name": workflow.name,
      "cano.state.name": head.tag,
      "cano.wait.for": waited.for
    }
    if (waited.signal !== undefined) attributes["cano.signal.name"] = waited.signal
    const nanos = (millis: number) => BigInt(Math.round(millis - ahead)) * 1_000_000n
    // A claim changes the head, so the time of the change is the time of the claim.
    return past(`wait ${head.tag}`, { attributes, from: nanos(waited.since), until: nanos(head.updatedAt) })
  }
}
