import * as Context from "effect/Context"
import type { Outcome } from "../../Observer.ts"

/** Updates the metrics. Each call is given the context with the registry and the attributes to use. */
export interface MeterShape {
  readonly runs: (workflow: string, context: Context.Context<never>) => RunMeter
  readonly instances: (counts: Counts, context: Context.Context<never>) => void
  /** A tick of a flow has become a run. `lateness` is the time since the tick was due, in milliseconds. */
  readonly flowStarted: (lateness: number, context: Context.Context<never>) => void
  readonly flowEnded: (flow: string, outcome: string, context: Context.Context<never>) => void
  readonly flowSkipped: (flow: string, reason: string, count: number, context: Context.Context<never>) => void
}

/** Updates the metrics for one run. */
export interface RunMeter {
  readonly started: () => void
  readonly attempt: (outcome: Outcome) => void
  readonly transition: () => void
  /** The run has ended, after a number of seconds. */
  readonly ended: (outcome: Outcome, seconds: number) => void
}

export interface Counts {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

/** The service that a layer of `Metrics` provides. */
export class Meter extends Context.Service<Meter, MeterShape>()("effect-cano/Metrics") {}
