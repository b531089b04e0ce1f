import * as Effect from "effect/Effect"
import { inSpan, isTraced } from "./spans.ts"

/** Opens a span for the start of a durable run. The stays of the run link to it, in whatever process. */
export const inStart = <A, E, R>(
  workflow: string,
  runId: string,
  start: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isTraced(fiber)) return start
    const attributes = { "cano.workflow.name": workflow, "cano.run.id": runId }
    return inSpan(`start ${workflow}`, { attributes }, () => start)
  })
