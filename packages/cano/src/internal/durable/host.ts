import type * as Effect from "effect/Effect"
import type { JournalFailure, UnknownRun } from "../../DurableError.ts"
import type { Shape as Journal } from "../../Journal.ts"
import type { Workflow } from "../../Workflow.ts"
import type { Registered } from "./registry.ts"

/** What a stay needs of its process. */
export interface Host {
  readonly journal: Journal
  readonly owner: string
  /** The journal's clock minus the clock of this process, in milliseconds. */
  readonly ahead: number
  /** Looks for due runs soon. */
  readonly nudge: () => void
  /** Waits for the end of a run. */
  readonly awaitEnd: (runId: string) => Effect.Effect<void, JournalFailure>
  readonly cancel: (runId: string) => Effect.Effect<unknown, UnknownRun | JournalFailure>
  /** Registers a nested workflow, with the services and the failures of the one that nests it. */
  readonly adopt: (workflow: Workflow.Any, parent: Registered) => Effect.Effect<Registered, JournalFailure>
}
