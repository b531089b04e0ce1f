import { JournalFailure } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Columns, Database, Value } from "./database.ts"
import { headColumns, headOf, listOf, rowColumns } from "./heads.ts"

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/** Reads the payloads of a run whose row is given. */
export const loadedOf = (db: Database, row: Columns): Journal.Loaded => {
  const id = row["id"]!
  const sequence = row["sequence"]!
  const payload = db.get(
    `select case when ? is null then coalesce(state, input)
         else (select s.state from cano_step s where s.run = cano_payload.run and s.sequence = ?) end as state,
       iif(progress_sequence = ?, progress, null) as progress, iif(outcome_sequence = ?, outcome, null) as outcome
     from cano_payload where run = ?`,
    row["state_sequence"]!,
    row["state_sequence"]!,
    sequence,
    sequence,
    id
  )
  return {
    head: headOf(row),
    // Where there is none, the text is no state: whoever reads it finds the run corrupt, and ends it.
    state: (payload?.["state"] ?? "") as string,
    store: db
      .all("select key, value from cano_store where run = ? order by key", id)
      .map((entry) => [entry["key"] as string, entry["value"] as string]),
    undo: db.all("select * from cano_undo where run = ? order by transition", id).map(undoOf),
    progress: (payload?.["progress"] ?? undefined) as string | undefined,
    outcome: (payload?.["outcome"] ?? undefined) as string | undefined
  }
}

const undoOf = (row: Columns): Journal.Undo => ({
  transition: row["transition"] as number,
  tag: row["tag"] as string,
  entered: row["entered"] as string,
  next: (row["next"] ?? undefined) as string | undefined,
  outcome: row["outcome"] as Journal.Undo["outcome"]
})

export const load = (db: Database, runId: string): Journal.Loaded | undefined =>
  db.snapshot(() => {
    const row = db.get(`select ${rowColumns} from cano_run where run_id = ?`, runId)
    return row && loadedOf(db, row)
  })

export const heads = (db: Database, runIds: ReadonlyArray<string>): ReadonlyArray<Journal.Head> =>
  db
    .all(`select ${headColumns} from cano_run where run_id in (select value from json_each(?))`, listOf(runIds))
    .map(headOf)

export const signals = (
  db: Database,
  runId: string,
  name: string
): {
  readonly inbox: number
  readonly signals: ReadonlyArray<{ readonly id: string; readonly value: string }>
} =>
  db.snapshot(() => {
    const row = db.get("select id, inbox, unread from cano_run where run_id = ?", runId)
    if (row === undefined) return { inbox: 0, signals: [] }
    const unread =
      row["unread"] === 0
        ? []
        : db.all(
            "select signal_id, value from cano_signal where run = ? and name = ? and taken is null order by id",
            row["id"]!,
            name
          )
    return {
      inbox: row["inbox"] as number,
      signals: unread.map((signal) => ({ id: signal["signal_id"] as string, value: signal["value"] as string }))
    }
  })

// -----------------------------------------------------------------------------
// history
// -----------------------------------------------------------------------------

const stepColumns = `sequence, at, fence, owner, status, phase, tag, transitions, attempts, signals, wake_at, waits_for,
  error_tag, error`

interface StepRow {
  readonly sequence: number
  readonly at: number
  readonly fence: number
  readonly owner: string | null
  readonly status: Journal.Status
  readonly phase: "forward" | "compensating"
  readonly tag: string
  readonly transitions: number
  readonly attempts: number
  readonly signals: string | null
  readonly wake_at: number | null
  readonly waits_for: string | null
  readonly error_tag: string | null
  readonly error: string | null
  readonly state?: string | null
  readonly store?: string | null
}

export const steps = (
  db: Database,
  page: { readonly runId: string; readonly after: number; readonly limit: number; readonly payloads: boolean }
): ReadonlyArray<Journal.Step> => {
  if (page.limit <= 0) return []
  const payloads = page.payloads
    ? ", case when sequence = 0 then (select input from cano_payload p where p.run = cano_step.run) else state end as state, store"
    : ""
  // The row before the page tells which state the first row of the page has left.
  const rows = db.all(
    `select ${stepColumns}${payloads} from cano_step
     where run = (select id from cano_run where run_id = ?) and sequence >= ? order by sequence limit ?`,
    page.runId,
    page.after,
    page.limit + 1
  ) as unknown as ReadonlyArray<StepRow>
  return rows
    .map((row, n) => stepOf(row, rows[n - 1]))
    .filter((step) => step.sequence > page.after)
    .slice(0, page.limit)
}

const stepOf = (row: StepRow, before: StepRow | undefined): Journal.Step => ({
  sequence: row.sequence,
  at: row.at,
  fence: row.fence,
  owner: row.owner ?? undefined,
  status: row.status,
  phase: row.phase,
  tag: row.tag,
  from: before !== undefined && row.transitions > before.transitions ? before.tag : undefined,
  transitions: row.transitions,
  attempts: row.attempts,
  signals: row.signals === null ? [] : (JSON.parse(row.signals) as ReadonlyArray<string>),
  wakeAt: row.wake_at ?? undefined,
  waitsFor: row.waits_for ?? undefined,
  errorTag: row.error_tag ?? undefined,
  error: row.error ?? undefined,
  state: row.state ?? undefined,
  store:
    row.store === null || row.store === undefined
      ? []
      : (JSON.parse(row.store) as ReadonlyArray<readonly [string, string | null]>).map(([key, value]) => [
          key,
          value ?? undefined
        ])
})

// -----------------------------------------------------------------------------
// lists
// -----------------------------------------------------------------------------

/** A condition with its parameters. */
type Condition = readonly [sql: string, ...values: ReadonlyArray<Value>]

const conditionsOf = (query: Journal.Query): ReadonlyArray<Condition> => {
  const conditions: Array<Condition> = []
  const add = (sql: string, value: Value | undefined): void => {
    if (value !== undefined) conditions.push([sql, value])
  }
  add("workflow = ?", query.workflow)
  add("fingerprint = ?", query.fingerprint)
  if (query.status?.length === 1) add("status = ?", query.status[0])
  else if (query.status !== undefined) add("status in (select value from json_each(?))", listOf(query.status))
  add("rest_tag = ?", query.tag)
  add("error_tag = ?", query.errorTag)
  add("parent = ?", query.parent)
  add("created_at > ?", query.createdAfter)
  add("created_at < ?", query.createdBefore)
  for (const [key, value] of Object.entries(query.labels ?? {}))
    conditions.push([
      "exists (select 1 from cano_label l where l.key = ? and l.value = ? and l.run = cano_run.id)",
      key,
      value
    ])
  if (query.after !== undefined) conditions.push(["(created_at, run_id) < (?, ?)", ...cursorOf(query.after)])
  return conditions
}

const cursorOf = (text: string): readonly [createdAt: number, runId: string] => {
  const match = /^(\d+):(.*)$/s.exec(text)
  if (match === null)
    throw new JournalFailure({ operation: "list runs", reason: "Refused", cause: "the cursor is not one of a page" })
  return [Number(match[1]), match[2]!]
}

export const list = (db: Database, query: Journal.Query): Journal.Page => {
  const limit = Math.min(1000, Math.max(1, query.limit ?? 100))
  const conditions = conditionsOf(query)
  const where = conditions.map(([sql]) => sql).join(" and ")
  const rows = db.all(
    `select ${headColumns} from cano_run ${where === "" ? "" : `where ${where}`} order by created_at desc, run_id desc limit ?`,
    ...conditions.flatMap(([, ...values]) => values),
    limit + 1
  )
  const runs = rows.slice(0, limit).map(headOf)
  const last = runs.at(-1)
  return {
    runs,
    next: rows.length > limit && last !== undefined ? `${last.createdAt}:${last.runId}` : undefined
  }
}
