import * as Context from "effect/Context"
import type { Observer, ObserverShape, WorkflowEvent } from "../../Observer.ts"

/** Takes the events of runs. Both functions must be quick and must not throw. */
export interface Sink {
  /** Gives the number of a new run. */
  readonly nextRun: () => string
  readonly publish: (event: WorkflowEvent) => void
}

export const SinkKey: unique symbol = Symbol("effect-cano/Observer/sink")

/** The key of the public service. It finds an observer without loading the module `Observer` and its streams. */
export const ObserverKey = Context.Service<Observer, ObserverShape>("effect-cano/Observer")

/** The observed run around a fiber, and its sink. A nested run names it as its parent. */
export const ObservedRun = Context.Reference<{ readonly sink: Sink; readonly run: string } | undefined>(
  "effect-cano/ObservedRun",
  { defaultValue: () => undefined }
)
