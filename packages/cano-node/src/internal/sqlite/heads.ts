import type * as Journal from "effect-cano/Journal"
import type { Columns, Value } from "./database.ts"

/** The columns of a run without its payloads. */
export const headColumns = `id, run_id, workflow, fingerprint, status, phase, tag, sequence, transitions, fence, owner, inbox,
  attempt, waits_for, deadline, wake_at, crashes, cancel_at, error_tag, error, unread, parent, slot, restarted_from,
  restarted_at, labels, trace, created_at, updated_at, ended_at`

/** The columns of a run that only the journal needs. */
export const rowColumns = `${headColumns}, state_sequence, awaits_children, writer, writer_fence`

/** A run as it stands in its table. */
export interface RunRow {
  readonly id: number
  readonly run_id: string
  readonly workflow: string
  readonly fingerprint: string
  readonly status: Journal.Status
  readonly phase: "forward" | "compensating"
  readonly tag: string
  readonly sequence: number
  readonly transitions: number
  readonly fence: number
  readonly owner: string | null
  readonly inbox: number
  readonly attempt: number
  readonly waits_for: string | null
  readonly deadline: number | null
  readonly wake_at: number | null
  readonly crashes: number
  readonly cancel_at: number | null
  readonly error_tag: string | null
  readonly error: string | null
  readonly unread: number
  readonly parent: string | null
  readonly slot: string | null
  readonly restarted_from: string | null
  readonly restarted_at: number | null
  readonly labels: string
  readonly trace: string | null
  readonly created_at: number
  readonly updated_at: number
  readonly ended_at: number | null
  readonly state_sequence: number | null
  readonly awaits_children: number
  readonly writer: string | null
  readonly writer_fence: number
}

export const headOf = (columns: Columns): Journal.Head => {
  const row = columns as unknown as RunRow
  return {
    runId: row.run_id,
    workflow: row.workflow,
    fingerprint: row.fingerprint,
    status: row.status,
    phase: row.phase,
    tag: row.tag,
    sequence: row.sequence,
    transitions: row.transitions,
    fence: row.fence,
    owner: row.owner ?? undefined,
    inbox: row.inbox,
    attempt: row.attempt,
    waitsFor: row.waits_for ?? undefined,
    deadline: row.deadline ?? undefined,
    wakeAt: row.wake_at ?? undefined,
    crashes: row.crashes,
    isCancelRequested: row.cancel_at !== null,
    errorTag: row.error_tag ?? undefined,
    error: row.error ?? undefined,
    unreadSignals: row.unread,
    parent: row.parent === null ? undefined : { runId: row.parent, slot: row.slot! },
    restartedFrom: row.restarted_from === null ? undefined : { runId: row.restarted_from, sequence: row.restarted_at! },
    labels: labelsOf(row.labels),
    trace: row.trace ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined
  }
}

/** Labels that cannot be read are none: a list, or a claim, must not fail for the sake of one run. */
const labelsOf = (text: string): Record<string, string> => {
  if (text === "{}") return {}
  try {
    const labels: unknown = JSON.parse(text)
    return typeof labels === "object" && labels !== null ? (labels as Record<string, string>) : {}
  } catch {
    return {}
  }
}

export const hasEnded = (status: Journal.Status): boolean =>
  status === "done" || status === "failed" || status === "cancelled"

export const isResting = (status: Journal.Status): boolean => status === "waiting" || status === "retrying"

/** A list as one parameter, for `json_each`. */
export const listOf = (values: ReadonlyArray<string | number>): string => JSON.stringify(values)

export const orNull = <A extends Value>(value: A | undefined): A | null => value ?? null
