import * as Context from "effect/Context"
import type { Sink } from "./observation.ts"

/** Counts what happens. Each call names the context whose registry and attributes count. */
export interface MeterShape {
  readonly runs: Sink
  readonly instances: (counts: Counts, context: Context.Context<never>) => void
  /** A tick of a flow becomes a run so many milliseconds after it was due. */
  readonly flowStarted: (lateness: number, context: Context.Context<never>) => void
  readonly flowEnded: (flow: string, outcome: string, context: Context.Context<never>) => void
  readonly flowSkipped: (flow: string, reason: string, count: number, context: Context.Context<never>) => void
}

export interface Counts {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

/** Is there where a layer of `Metrics` has been provided. */
export class Meter extends Context.Service<Meter, MeterShape>()("effect-cano/Metrics") {}
