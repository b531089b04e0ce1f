import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { InvalidRun, JournalFailure, NotEncodable } from "../../DurableError.ts"
import type { Durable } from "../../Durable.ts"
import type { NewRun, Shape as Journal } from "../../Journal.ts"
import type { Tick } from "../../Scheduler.ts"

/*
 * What a scheduler and a durable job know of each other. Without a journal the scheduler just calls the job, as it calls
 * any function of a tick.
 */

/** The parts of a durable job, for a scheduler that has a journal. */
export interface DurableJob {
  /** The journal of the job's runs. */
  readonly journal: Effect.Effect<Journal, never, Durable>
  /** The run of a tick, to be created with the fire. */
  readonly draft: (tick: Tick) => Effect.Effect<NewRun, InvalidRun | NotEncodable, Durable>
  /** What is left to do when the run of a tick was created. */
  readonly follow: (tick: Tick) => Effect.Effect<any, any, Durable>
  /** Whether a run has not ended. */
  readonly isLive: (runId: string) => Effect.Effect<boolean, JournalFailure, Durable>
  readonly ended: (runId: string) => Effect.Effect<void, JournalFailure, Durable>
  readonly cancel: (runId: string) => Effect.Effect<void, never, Durable>
}

export const DurableJobKey = "~effect-cano/Durable/Job"

/** The parts of a job, if it is a durable one. */
export const durableJobOf = (job: unknown): DurableJob | undefined =>
  hasProperty(job, DurableJobKey) ? (job[DurableJobKey] as DurableJob) : undefined

/** Whether the scheduler of a run is stopping. A run that it interrupts then goes on in the journal. */
export const IsStopping: Context.Reference<() => boolean> = Context.Reference<() => boolean>(
  "effect-cano/Scheduler/IsStopping",
  { defaultValue: () => () => false }
)

/** The run of a tick. Two calls of `trigger` at one time are two runs, and no tick is a call. */
export const runIdOf = ({ by, due, flow, run }: Tick): string =>
  by === "timer" ? tickRunId(flow, due) : `${tickRunId(flow, due)}#${run}`

export const tickRunId = (flow: string, due: DateTime.Utc): string => `${flow}@${DateTime.formatIso(due)}`
