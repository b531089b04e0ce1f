import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Journal from "effect-cano/Journal"

/** The flows of the golden journals. */
export const flowIds = ["nightly"]

/** Reads all that a journal can be asked for. */
export const contents = (journal: Journal.Shape) =>
  Effect.gen(function* () {
    const { runs } = yield* journal.list({ limit: 1000 })
    const runIds = runs.map((head) => head.runId).sort()
    return {
      runs: yield* Effect.forEach(runIds, (runId) => Effect.map(journal.load(runId), Option.getOrThrow)),
      steps: yield* Effect.forEach(runIds, (runId) => journal.steps({ runId, after: -1, limit: 1000, payloads: true })),
      signals: yield* Effect.forEach(runIds, (runId) =>
        Effect.forEach(["approve", "note"], (name) => journal.signals(runId, name))
      ),
      workers: yield* journal.workers,
      definitions: yield* journal.definitions(undefined),
      flows: yield* Effect.forEach(flowIds, (flowId) => Effect.map(journal.flow(flowId), Option.getOrThrow))
    }
  })
