import * as Context from "effect/Context"
import type { Outcome } from "../../Observer.ts"
import type { LongWait, StayEnd } from "./stayView.ts"

/** Updates the metrics. Each call is given the context with the registry and the attributes to use. */
export interface MeterShape {
  readonly runs: (workflow: string, context: Context.Context<never>) => RunMeter
  readonly instances: (counts: Counts, context: Context.Context<never>) => void
  /** A tick of a flow has become a run. `lateness` is the time since the tick was due, in milliseconds. */
  readonly flowStarted: (lateness: number, context: Context.Context<never>) => void
  readonly flowEnded: (flow: string, outcome: string, context: Context.Context<never>) => void
  readonly flowSkipped: (flow: string, reason: string, count: number, context: Context.Context<never>) => void
  readonly stays: (workflow: string, context: Context.Context<never>) => StayMeter
  readonly journal: (context: Context.Context<never>) => JournalMeter
}

/** Updates the metrics for one run. */
export interface RunMeter {
  readonly started: () => void
  readonly attempt: (outcome: Outcome) => void
  readonly transition: () => void
  /** The run has ended, after a number of seconds. */
  readonly ended: (outcome: Outcome, seconds: number) => void
}

/** Updates the metrics for one stay of a durable run. */
export interface StayMeter {
  readonly began: () => void
  /** A wait for a time is over. It was due this number of seconds ago. */
  readonly woken: (seconds: number) => void
  /** The stay has ended. If the run left to wait: for which kind of wait. */
  readonly over: (end: StayEnd, waitFor: LongWait["for"] | undefined) => void
}

/** Updates the metrics for a process of durable runs, and for its journal. Times are seconds. */
export interface JournalMeter {
  readonly appended: (outcome: "written" | "conflict" | "failed", seconds: number) => void
  readonly failed: (operation: string, reason: string) => void
  /** Runs were claimed, so many of them from dead workers. */
  readonly claimed: (runs: number, takeovers: number, at: number) => void
  readonly beat: (at: number) => void
  readonly signalled: (answer: string) => void
  readonly orphaned: () => void
  /** A run has ended while it stayed in no process. */
  readonly ended: (workflow: string, status: "failed" | "cancelled") => void
}

export interface Counts {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

/** The service that a layer of `Metrics` provides. */
export class Meter extends Context.Service<Meter, MeterShape>()("effect-cano/Metrics") {}
