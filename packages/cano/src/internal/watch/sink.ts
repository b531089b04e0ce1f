import * as Context from "effect/Context"
import type { Observer, ObserverShape, WorkflowEvent } from "../../Observer.ts"

/** Takes the events of runs. Neither call may throw, or take long. */
export interface Sink {
  /** Numbers the runs. */
  readonly nextRun: () => string
  readonly publish: (event: WorkflowEvent) => void
}

export const SinkKey: unique symbol = Symbol("effect-cano/Observer/sink")

/** The key of the public service. A run looks for an observer without loading the module `Observer`, and its streams. */
export const ObserverKey = Context.Service<Observer, ObserverShape>("effect-cano/Observer")

/** The observed run that a fiber is in, and its sink; the runs inside name it as their parent. */
export const ObservedRun = Context.Reference<{ readonly sink: Sink; readonly run: string } | undefined>(
  "effect-cano/ObservedRun",
  { defaultValue: () => undefined }
)
