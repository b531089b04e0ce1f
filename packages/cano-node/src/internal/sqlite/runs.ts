import * as Exit from "effect/Exit"
import { Conflict, JournalFailure, UnknownRun } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Columns, Database } from "./database.ts"
import { hasEnded, headColumns, headOf, isResting, listOf, orNull, rowColumns, type RunRow } from "./heads.ts"

/*
 * The life of a run: what is done within a transaction. Each function finds out first whether it may write.
 */

/** Where runs are written. */
export interface Tables {
  readonly db: Database
  readonly hasHistory: boolean
  /** Notes a run that may be claimed or has ended. */
  readonly hint: (runId: string) => void
}

export const rowOf = ({ db }: Tables, runId: string): RunRow | undefined =>
  db.get(`select ${rowColumns} from cano_run where run_id = ?`, runId) as RunRow | undefined

// -----------------------------------------------------------------------------
// parts of a row
// -----------------------------------------------------------------------------

const putStore = ({ db }: Tables, run: number, changes: ReadonlyArray<Journal.StoreChange>): void => {
  for (const [key, value] of changes) {
    if (value === undefined) db.run("delete from cano_store where run = ? and key = ?", run, key)
    else
      db.run(
        `insert into cano_store (run, key, value) values (?, ?, ?)
         on conflict (run, key) do update set value = excluded.value`,
        run,
        key,
        value
      )
  }
}

const putUndo = ({ db }: Tables, run: number, undo: ReadonlyArray<Journal.Undo>): void => {
  for (const row of undo)
    db.run(
      `insert into cano_undo (run, transition, tag, entered, next, outcome) values (?, ?, ?, ?, ?, ?)
       on conflict (run, transition) do update
       set tag = excluded.tag, entered = excluded.entered, next = excluded.next, outcome = excluded.outcome`,
      run,
      row.transition,
      row.tag,
      row.entered,
      orNull(row.next),
      row.outcome
    )
}

const storeOf = (changes: ReadonlyArray<Journal.StoreChange>): string | null =>
  changes.length === 0 ? null : JSON.stringify(changes)

/** The end of a wait that begins now. */
const deadlineOf = (entry: Journal.Entry, now: number): number | null => {
  const { wake } = entry
  if (!isResting(entry.status) || wake === undefined || wake === "never") return null
  return "in" in wake ? now + Math.ceil(wake.in) : Math.ceil(wake.at)
}

// -----------------------------------------------------------------------------
// creating
// -----------------------------------------------------------------------------

export interface Created {
  readonly isCreated: boolean
  readonly head: Journal.Head
  readonly input: string
}

export const create = (tables: Tables, run: Journal.NewRun, now: number): Created => {
  const { db } = tables
  const wakeAt = run.owner === undefined ? now + Math.ceil(run.startIn) : null
  const fence = run.owner === undefined ? 0 : 1
  const status = run.owner === undefined ? "ready" : "running"
  const inserted = db.get(
    `insert into cano_run (run_id, workflow, fingerprint, status, phase, tag, rest_tag, sequence, transitions, fence,
       owner, wake_at, writer, writer_fence, parent, slot, restarted_from, restarted_at, labels, trace, created_at, updated_at)
     values (?, ?, ?, ?, 'forward', ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (run_id) do nothing returning ${headColumns}`,
    run.runId,
    run.workflow,
    run.fingerprint,
    status,
    run.tag,
    run.owner === undefined ? run.tag : null,
    run.transitions,
    fence,
    orNull(run.owner),
    wakeAt,
    orNull(run.owner),
    fence,
    orNull(run.parent?.runId),
    orNull(run.parent?.slot),
    orNull(run.restartedFrom?.runId),
    orNull(run.restartedFrom?.sequence),
    JSON.stringify(run.labels),
    orNull(run.trace),
    now,
    now
  )
  if (inserted === undefined) return present(db, run.runId)
  const id = inserted["id"] as number
  db.run("insert into cano_payload (run, input) values (?, ?)", id, run.state)
  if (tables.hasHistory)
    db.run(
      `insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts, wake_at, store)
       values (?, 0, ?, ?, ?, ?, 'forward', ?, ?, 0, ?, ?)`,
      id,
      now,
      fence,
      orNull(run.owner),
      status,
      run.tag,
      run.transitions,
      wakeAt,
      storeOf(run.store)
    )
  putStore(tables, id, run.store)
  putUndo(tables, id, run.undo)
  for (const [key, value] of Object.entries(run.labels))
    db.run("insert into cano_label (key, value, run) values (?, ?, ?)", key, value, id)
  if (run.owner === undefined) tables.hint(run.runId)
  return { isCreated: true, head: headOf(inserted), input: run.state }
}

const present = (db: Database, runId: string): Created => {
  const row = db.get(`select ${headColumns} from cano_run where run_id = ?`, runId)!
  const payload = db.get("select input from cano_payload where run = ?", row["id"]!)!
  return { isCreated: false, head: headOf(row), input: payload["input"] as string }
}

// -----------------------------------------------------------------------------
// appending
// -----------------------------------------------------------------------------

type Appended = Exit.Exit<
  { readonly inbox: number; readonly isCancelRequested: boolean },
  Conflict | UnknownRun | JournalFailure
>

export const append = (tables: Tables, entry: Journal.Entry, now: number): Appended =>
  (entry.status === "running" && entry.signals.length === 0 ? goOn(tables, entry, now) : undefined) ??
  write(tables, entry, now)

/** Writes the row of a run that goes on running. Such rows are by far the most, and touch no index of the run. */
const goOn = (tables: Tables, entry: Journal.Entry, now: number): Appended | undefined => {
  const { db } = tables
  const row = db.values(
    `select id, inbox, cancel_at from cano_run
     where run_id = ? and sequence = ? and fence = ? and owner = ? and status = 'running' and fingerprint = ?`,
    entry.runId,
    entry.sequence - 1,
    entry.fence,
    entry.owner,
    entry.fingerprint
  )
  if (row === undefined) return undefined
  const [id, inbox, cancelAt] = row as [number, number, number | null]
  db.run(
    `update cano_run set sequence = ?, state_sequence = iif(?, sequence + 1, state_sequence), phase = ?, tag = ?,
       transitions = ?, attempt = ?, waits_for = ?, deadline = null, crashes = 0, error_tag = ?, error = ?, writer = owner,
       writer_fence = fence, updated_at = ?
     where id = ?`,
    entry.sequence,
    isKeptInStep(tables, entry) ? 1 : 0,
    entry.phase,
    entry.tag,
    entry.transitions,
    entry.attempt,
    orNull(entry.waitsFor),
    orNull(entry.errorTag),
    orNull(entry.error),
    now,
    id
  )
  putParts(tables, id, entry, null, now)
  return Exit.succeed({ inbox, isCancelRequested: cancelAt !== null })
}

/** Whether the payload of the state stands in the history only. */
const isKeptInStep = ({ hasHistory }: Tables, entry: Journal.Entry): boolean => hasHistory && entry.state !== undefined

/** Writes any row. */
const write = (tables: Tables, entry: Journal.Entry, now: number): Appended => {
  const { db } = tables
  const row = rowOf(tables, entry.runId)
  if (row === undefined) return Exit.fail(new UnknownRun({ runId: entry.runId }))
  const answer = Exit.succeed({ inbox: row.inbox, isCancelRequested: row.cancel_at !== null })
  if (row.writer === entry.owner && row.writer_fence === entry.fence && row.sequence === entry.sequence) return answer
  const isOwned = row.status === "running" && row.owner === entry.owner && row.fence === entry.fence
  if (!isOwned || row.sequence + 1 !== entry.sequence)
    return Exit.fail(new Conflict({ runId: entry.runId, fence: entry.fence }))
  if (!areUnread(db, row.id, entry.signals))
    return Exit.fail(new JournalFailure({ operation: "append", reason: "Refused", cause: "a signal is not there" }))
  const deadline = deadlineOf(entry, now)
  const isCancelled = row.cancel_at !== null && entry.phase === "forward" && entry.awaitsChildren === 0
  const isWoken = isResting(entry.status) && (entry.inbox < row.inbox || isCancelled)
  const status = isWoken ? "ready" : entry.status
  db.run(
    `update cano_run set fingerprint = ?, status = ?, phase = ?, tag = ?, rest_tag = ?, sequence = ?,
       state_sequence = iif(?, sequence + 1, state_sequence), transitions = ?, owner = ?, attempt = ?, waits_for = ?, awaits_children = ?, deadline = ?, wake_at = ?, crashes = 0, error_tag = ?,
       error = ?, unread = unread - ?, writer = ?, writer_fence = ?, updated_at = ?, ended_at = ?
     where id = ?`,
    entry.fingerprint,
    status,
    entry.phase,
    entry.tag,
    status === "running" ? null : entry.tag,
    entry.sequence,
    isKeptInStep(tables, entry) ? 1 : 0,
    entry.transitions,
    status === "running" ? entry.owner : null,
    entry.attempt,
    orNull(entry.waitsFor),
    isResting(status) ? entry.awaitsChildren : 0,
    deadline,
    status === "ready" ? now : deadline,
    orNull(entry.errorTag),
    orNull(entry.error),
    entry.signals.length,
    entry.owner,
    entry.fence,
    now,
    hasEnded(status) ? now : null,
    row.id
  )
  for (const id of entry.signals)
    db.run("update cano_signal set taken = ?, value = '' where run = ? and signal_id = ?", entry.sequence, row.id, id)
  putParts(tables, row.id, entry, entry.status === "ready" ? now : deadline, now)
  if (hasEnded(status)) tellParent(tables, row.parent, now)
  if (status !== "running") tables.hint(entry.runId)
  return answer
}

/** Writes all of a row but the head. */
const putParts = (tables: Tables, id: number, entry: Journal.Entry, wakeAt: number | null, now: number): void => {
  const { db } = tables
  if (tables.hasHistory)
    db.run(
      `insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts, signals, wake_at,
         waits_for, error_tag, error, state, store)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      entry.sequence,
      now,
      entry.fence,
      entry.owner,
      entry.status,
      entry.phase,
      entry.tag,
      entry.transitions,
      entry.attempts,
      entry.signals.length === 0 ? null : listOf(entry.signals),
      wakeAt,
      orNull(entry.waitsFor),
      orNull(entry.errorTag),
      orNull(entry.error),
      orNull(entry.state),
      storeOf(entry.store)
    )
  else if (entry.state !== undefined) {
    db.run("update cano_payload set state = ? where run = ?", entry.state, id)
    db.run("update cano_run set state_sequence = null where id = ? and state_sequence is not null", id)
  }
  if (entry.progress !== undefined)
    db.run(
      "update cano_payload set progress = ?, progress_sequence = ? where run = ?",
      entry.progress,
      entry.sequence,
      id
    )
  if (entry.outcome !== undefined)
    db.run("update cano_payload set outcome = ?, outcome_sequence = ? where run = ?", entry.outcome, entry.sequence, id)
  if (entry.store.length > 0) putStore(tables, id, entry.store)
  if (entry.undo.length > 0) putUndo(tables, id, entry.undo)
}

const areUnread = (db: Database, run: number, ids: ReadonlyArray<string>): boolean =>
  new Set(ids).size === ids.length &&
  ids.every(
    (id) => db.get("select 1 from cano_signal where run = ? and signal_id = ? and taken is null", run, id) !== undefined
  )

// -----------------------------------------------------------------------------
// ending and waking
// -----------------------------------------------------------------------------

/** Tells the parent of a run that the run has ended. */
const tellParent = (tables: Tables, parent: string | null, now: number): void => {
  const { db } = tables
  if (parent === null) return
  const row = db.get(
    "update cano_run set inbox = inbox + 1, updated_at = ? where run_id = ? and ended_at is null returning id, awaits_children",
    now,
    parent
  )
  if (row === undefined || row["awaits_children"] === 0) return
  if (row["awaits_children"] === 1) wake(tables, row["id"] as number, parent, now)
  else db.run("update cano_run set awaits_children = awaits_children - 1 where id = ?", row["id"]!)
}

/** Ends a run by a row of the journal's own. */
export const end = (
  tables: Tables,
  row: RunRow,
  how: {
    readonly status: "failed" | "cancelled"
    readonly fence: number
    readonly crashes: number
    readonly errorTag: string | null
    readonly error: string | null
    readonly cancelAt: number | null
  },
  now: number
): Columns => {
  const { db } = tables
  const ended = db.get(
    `update cano_run set status = ?, rest_tag = tag, sequence = sequence + 1, fence = ?, owner = null, crashes = ?,
       waits_for = null, awaits_children = 0, deadline = null, wake_at = null, cancel_at = ?, error_tag = ?, error = ?,
       writer = null, writer_fence = ?, updated_at = ?, ended_at = ?
     where id = ? returning ${headColumns}`,
    how.status,
    how.fence,
    how.crashes,
    how.cancelAt,
    how.errorTag,
    how.error,
    how.fence,
    now,
    now,
    row.id
  )!
  if (tables.hasHistory)
    db.run(
      `insert into cano_step (run, sequence, at, fence, status, phase, tag, transitions, attempts, error_tag, error)
       values (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
      row.id,
      row.sequence + 1,
      now,
      how.fence,
      how.status,
      row.phase,
      row.tag,
      row.transitions,
      how.errorTag,
      how.error
    )
  // Progress and outcome stay.
  db.run(
    `update cano_payload set progress_sequence = iif(progress_sequence = ?, ?, null),
       outcome_sequence = iif(outcome_sequence = ?, ?, null) where run = ?`,
    row.sequence,
    row.sequence + 1,
    row.sequence,
    row.sequence + 1,
    row.id
  )
  tellParent(tables, row.parent, now)
  tables.hint(row.run_id)
  return ended
}

/** Makes a run ready that waits or retries. The end of its wait stays. */
const wake = ({ db, hint }: Tables, id: number, runId: string, now: number): void => {
  db.run("update cano_run set status = 'ready', wake_at = ?, awaits_children = 0 where id = ?", now, id)
  hint(runId)
}

export const cancel = (tables: Tables, runId: string, now: number): Journal.CancelAnswer => {
  const row = rowOf(tables, runId)
  if (row === undefined) return "UnknownRun"
  if (hasEnded(row.status)) return "AlreadyEnded"
  const cancelAt = row.cancel_at ?? now
  if (row.status !== "running" && hasNothingToEnd(tables.db, row)) {
    const { crashes, error, error_tag: errorTag, fence } = row
    end(tables, row, { status: "cancelled", fence, crashes, errorTag, error, cancelAt }, now)
    return "Cancelled"
  }
  if (row.cancel_at === null) {
    tables.db.run("update cano_run set cancel_at = ?, inbox = inbox + 1, updated_at = ? where id = ?", now, now, row.id)
    if (row.status !== "running") wake(tables, row.id, runId, now)
  }
  return "Requested"
}

/** Whether nobody has to be told of the end of a run. */
const hasNothingToEnd = (db: Database, row: RunRow): boolean =>
  db.get("select 1 from cano_undo where run = ? and outcome = 'pending' limit 1", row.id) === undefined &&
  db.get("select 1 from cano_run where parent = ? and ended_at is null limit 1", row.run_id) === undefined

export const release = (
  { db, hint }: Tables,
  run: { readonly runId: string; readonly owner: string; readonly fence: number },
  now: number
): boolean => {
  const changes = db.run(
    `update cano_run set status = 'ready', rest_tag = tag, owner = null, wake_at = ?, updated_at = ?
     where run_id = ? and owner = ? and fence = ? and status = 'running'`,
    now,
    now,
    run.runId,
    run.owner,
    run.fence
  )
  if (changes > 0) hint(run.runId)
  return changes > 0
}

// -----------------------------------------------------------------------------
// signals
// -----------------------------------------------------------------------------

export const send = (tables: Tables, signal: Journal.Sent, now: number): Journal.SendAnswer => {
  const { db } = tables
  const row = rowOf(tables, signal.runId)
  if (row === undefined) return "UnknownRun"
  if (db.get("select 1 from cano_signal where run = ? and signal_id = ?", row.id, signal.id) !== undefined)
    return "Duplicate"
  if (hasEnded(row.status)) return "RunEnded"
  db.run(
    "insert into cano_signal (run, signal_id, name, value, sent_at) values (?, ?, ?, ?, ?)",
    row.id,
    signal.id,
    signal.name,
    signal.value,
    now
  )
  db.run("update cano_run set inbox = inbox + 1, unread = unread + 1, updated_at = ? where id = ?", now, row.id)
  if (isResting(row.status) && row.waits_for === signal.name) wake(tables, row.id, signal.runId, now)
  return "Accepted"
}
