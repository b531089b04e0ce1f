import type * as Journal from "effect-cano/Journal"

/** The columns of a run without its payloads. */
const headColumns = `run_id, workflow, fingerprint, status, phase, tag, sequence, transitions, fence, owner, inbox, attempt,
  waits_for, deadline, wake_at, crashes, cancel_at, error_tag, error, unread, parent, slot, restarted_from, restarted_at,
  labels, trace, created_at, updated_at, ended_at`

/** The head of the run in table `r`, as JSON: drivers differ in how they give a `bigint`. */
export const headJson = `(select row_to_json(h)::text from
  (select ${headColumns.replaceAll(/\w+/g, (column) => `r.${column}`)}) h)`

interface HeadRow {
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
}

export const headOf = (json: unknown): Journal.Head => {
  const row = JSON.parse(json as string) as HeadRow
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
    labels: row.labels === "{}" ? {} : (JSON.parse(row.labels) as Record<string, string>),
    trace: row.trace ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined
  }
}

/** A list as one parameter. */
export const listOf = (values: ReadonlyArray<unknown>): string => JSON.stringify(values)
