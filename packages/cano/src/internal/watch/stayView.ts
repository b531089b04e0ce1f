import type { Head, Shape as Journal } from "../../Journal.ts"
import type { Workflow } from "../../Workflow.ts"

/**
 * How the stay of a durable run in a process ended.
 *
 * - `done`, `failed`, `cancelled`: the run has ended.
 * - `waiting`, `retrying`: the run waits, without a process.
 * - `released`: the process gave the run back.
 * - `lost`: another process may have the run, or the journal was out of reach.
 */
export type StayEnd = "done" | "failed" | "cancelled" | Leave

/** An end of a stay that is no end of its run. */
export type Leave = "waiting" | "retrying" | "released" | "lost"

/** A wait that costs no fiber. */
export interface LongWait {
  readonly for: "time" | "signal" | "retry" | "children"
  /** The name of the signal that ends it. */
  readonly signal: string | undefined
  /** When it ends by itself, in milliseconds of the journal's clock. */
  readonly until: number | undefined
}

/** The stay of a durable run in a process, as its watchers see it. Each read gives the present value. */
export interface StayView {
  readonly workflow: Workflow.Any
  /** The head of the run when the stay began. */
  readonly head: Head
  readonly journal: Journal
  /** The journal's clock minus the clock of this process, in milliseconds. */
  readonly ahead: number
  /** Where the latest row has left the run. */
  readonly tag: string
  readonly transitions: number
  /** How the stay ends; none while the run may go on here. */
  readonly end: StayEnd | undefined
  /** Whether a row says that the run goes on later, or elsewhere. */
  readonly isParked: boolean
  /** The wait that the run left for, if it left for one. */
  readonly leftFor: LongWait | undefined
  /** The tag of the failure in the latest row. */
  readonly errorTag: string | undefined
}

/** Why the run leaves the process without an end; none if it does not. */
export const leavesOf = (stay: StayView | undefined): Leave | undefined => {
  const end = stay?.end
  return end === "done" || end === "failed" || end === "cancelled" ? undefined : end
}
