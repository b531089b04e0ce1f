import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import { Conflict, JournalFailure, UnknownRun } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { headJson, headOf } from "./heads.ts"
import type { Dialect } from "./names.ts"

/*
 * Creating runs, and appending rows to them: many in one statement. Each statement locks the heads that it writes, and
 * those of parents, in the order of their ids, so that batches which overlap never wait for each other in a circle. From
 * then on it uses what the locks gave: the snapshot of the statement may be older.
 */

/**
 * Always true. The planner takes a list of entries for 100 rows, and would rather read all of a table that it takes for
 * small. With this it takes the list for one row: right for a single entry, which is looked up by an index, and ruinous
 * for many.
 */
const few = "n between 0 and 1000000"

const whereFew = (isSingle: boolean): string => (isSingle ? `where ${few}` : "")

// -----------------------------------------------------------------------------
// creating
// -----------------------------------------------------------------------------

/** The parts of a statement that creates the runs of `$1`, if `condition` holds. */
export const creating = (hasHistory: boolean, isSingle: boolean, condition = "true"): string => `
i as materialized (
  select * from json_to_recordset($1::json) as t (
    n bigint, run_id text, workflow text, fingerprint text, tag text, state text, owner text, start_in bigint, labels text,
    parent text, slot text, restarted_from text, restarted_at bigint, trace text, transitions bigint, store json, undo json)
  where ${isSingle ? few : "true"} and ${condition}),
t as materialized (select cano_now() as now from (select count(*) from i) c),
r as (
  insert into cano_run (run_id, workflow, fingerprint, status, phase, tag, rest_tag, sequence, transitions, fence, owner,
    wake_at, writer, writer_fence, parent, slot, restarted_from, restarted_at, labels, trace, created_at, updated_at)
  select i.run_id, i.workflow, i.fingerprint, case when i.owner is null then 'ready' else 'running' end, 'forward', i.tag,
    case when i.owner is null then i.tag end, 0, i.transitions, case when i.owner is null then 0 else 1 end, i.owner,
    case when i.owner is null then t.now + i.start_in end, i.owner, case when i.owner is null then 0 else 1 end, i.parent,
    i.slot, i.restarted_from, i.restarted_at, i.labels, i.trace, t.now, t.now
  from i, t order by i.run_id
  on conflict (run_id) do nothing
  returning *),
payload as (insert into cano_payload (run, input) select r.id, i.state from r join i using (run_id)),
store as (
  insert into cano_store (run, key, value)
  select r.id, e ->> 0, e ->> 1 from r join i using (run_id) cross join json_array_elements(i.store) e
  where e ->> 1 is not null),
undo as (
  insert into cano_undo (run, transition, tag, entered, next, outcome)
  select r.id, u.transition, u.tag, u.entered, u.next, u.outcome from r join i using (run_id) cross join
    json_to_recordset(i.undo) as u (transition bigint, tag text, entered text, next text, outcome text)),
label as (
  insert into cano_label (key, value, run)
  select l.key, l.value, r.id from r cross join json_each_text(r.labels::json) l)${
    hasHistory
      ? `,
step as (
  insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts, wake_at, store)
  select r.id, 0, r.created_at, r.fence, r.owner, r.status, 'forward', r.tag, r.transitions, 0, r.wake_at, i.store::text
  from r join i using (run_id))`
      : ""
  }`

/** The last of two changes of one key counts. A statement may write a row once only. */
const lastOf = <A>(changes: ReadonlyArray<A>, keyOf: (change: A) => unknown): ReadonlyArray<A> | undefined => {
  if (changes.length < 2) return changes.length === 0 ? undefined : changes
  return Array.from(new Map(changes.map((change) => [keyOf(change), change])).values())
}

export const newRow = (run: Journal.NewRun, n: number) => ({
  n,
  run_id: run.runId,
  workflow: run.workflow,
  fingerprint: run.fingerprint,
  tag: run.tag,
  state: run.state,
  owner: run.owner,
  start_in: Math.ceil(run.startIn),
  labels: JSON.stringify(run.labels),
  parent: run.parent?.runId,
  slot: run.parent?.slot,
  restarted_from: run.restartedFrom?.runId,
  restarted_at: run.restartedFrom?.sequence,
  trace: run.trace,
  transitions: run.transitions,
  store: lastOf(run.store, ([key]) => key),
  undo: lastOf(run.undo, (undo) => undo.transition)
})

export interface Created {
  readonly isCreated: boolean
  readonly head: Journal.Head
  readonly input: string
}

/** Creates runs with different ids. Gives an answer for each, in their order. */
export type CreateAll = (runs: ReadonlyArray<Journal.NewRun>) => Effect.Effect<ReadonlyArray<Created>, SqlError>

export const createAll = (database: Database, dialect: Dialect, hasHistory: boolean): CreateAll => {
  const creation = (isSingle: boolean) =>
    dialect.text(`with ${creating(hasHistory, isSingle)}
    select i.n::int as n, ${headJson} as head from r join i using (run_id)`)
  const texts = { one: creation(true), many: creation(false) }
  const present =
    dialect.text(`select r.run_id, ${headJson} as head, p.input from cano_run r join cano_payload p on p.run = r.id
    where r.run_id in (select value from json_array_elements_text($1::json))`)
  const attempt: CreateAll = (runs) =>
    Effect.gen(function* () {
      const answers: Array<Created> = []
      const created = yield* database.send(database.writer, runs.length === 1 ? texts.one : texts.many, [
        JSON.stringify(runs.map(newRow))
      ])
      for (const row of created) {
        const n = row["n"] as number
        answers[n] = { isCreated: true, head: headOf(row["head"]), input: runs[n]!.state }
      }
      const others = runs.flatMap((run, n) => (answers[n] === undefined ? [{ run, n }] : []))
      if (others.length === 0) return answers
      const rows = yield* database.send(database.writer, present, [JSON.stringify(others.map(({ run }) => run.runId))])
      const byId = new Map(rows.map((row) => [row["run_id"] as string, row]))
      // A run that was removed in between is created after all.
      const gone: typeof others = []
      for (const other of others) {
        const row = byId.get(other.run.runId)
        if (row === undefined) gone.push(other)
        else answers[other.n] = { isCreated: false, head: headOf(row["head"]), input: row["input"] as string }
      }
      if (gone.length > 0) {
        const again = yield* attempt(gone.map(({ run }) => run))
        for (const [at, answer] of again.entries()) answers[gone[at]!.n] = answer
      }
      return answers
    })
  return attempt
}

// -----------------------------------------------------------------------------
// appending
// -----------------------------------------------------------------------------

const ended = "('done', 'failed', 'cancelled')"
const resting = "('waiting', 'retrying')"

/*
 * i: the entries, in the order they came in. l: the heads, and those of parents to be told. j: what becomes of each entry.
 * g: the entries that are written. e: the ends that parents are told of, counted in k before and after the parent's own
 * entry, if it has one. h: the heads as they will be.
 */
const appending = (hasHistory: boolean, isSingle: boolean): string => `with
i as materialized (
  select * from json_to_recordset($1::json) as t (
    n bigint, run_id text, owner text, fence bigint, sequence bigint, inbox bigint, status text, phase text, tag text,
    state text, fingerprint text, transitions bigint, attempt bigint, wake_in bigint, wake_at bigint, waits_for text,
    awaits bigint, store json, signals json, undo json, progress text, error_tag text, error text, outcome text,
    attempts bigint)
  ${whereFew(isSingle)}),
l as materialized (
  select r.id, r.run_id, r.status, r.sequence, r.state_sequence, r.owner, r.fence, r.inbox, r.writer, r.writer_fence, r.parent,
    r.cancel_at, r.ended_at, r.unread, r.awaits_children, r.deadline, r.wake_at
  from cano_run r
  where r.run_id in (
    select i.run_id from i
    union all
    select p.parent from i join cano_run p using (run_id) where i.status in ${ended} and p.parent is not null)
  order by r.run_id for no key update),
t as materialized (select cano_now() as now from (select count(*) from l) c),
j as materialized (
  select i.*, l.id, l.parent, l.unread, l.state_sequence,
    case
      when l.id is null then 'UnknownRun'
      when l.writer = i.owner and l.writer_fence = i.fence and l.sequence = i.sequence then 'Repeated'
      when l.status = 'running' and l.owner = i.owner and l.fence = i.fence and l.sequence = i.sequence - 1
        then case when i.signals is null or json_array_length(i.signals) = (
          select count(distinct s.id) from json_array_elements_text(i.signals) v (id)
          join cano_signal s on s.run = l.id and s.signal_id = v.id and s.taken is null) then 'Written' else 'Refused' end
      else 'Conflict' end as answer
  from i left join l using (run_id)),
g as materialized (select * from j where answer = 'Written'),
e as materialized (select parent as run_id, n from g where status in ${ended} and parent is not null),
k as materialized (
  select e.run_id, count(*) filter (where e.n < j.n) as before, count(*) filter (where j.n is null or e.n > j.n) as after
  from e left join j using (run_id) group by e.run_id),
o as materialized (
  select l.id, l.run_id, g.n, l.wake_at as old_wake, l.owner as old_owner, coalesce(g.status, l.status) as status, g.status in ${resting} as rests,
    l.inbox + case when l.ended_at is null then coalesce(k.before, 0) else 0 end as seen,
    case
      when l.ended_at is not null or g.status in ${ended} then 0
      when g.n is null then coalesce(k.before + k.after, 0)
      else coalesce(k.after, 0) end as told,
    case when g.n is null then l.deadline when g.status in ${resting} then coalesce(g.wake_at, t.now + g.wake_in) end as deadline,
    case when g.n is null then l.awaits_children when g.status in ${resting} then coalesce(g.awaits, 0) else 0 end as awaits,
    case when g.n is null then l.inbox else l.inbox + coalesce(k.before, 0) end as inbox,
    coalesce(g.status in ${resting} and (g.inbox < l.inbox + coalesce(k.before, 0)
      or (l.cancel_at is not null and g.phase = 'forward' and coalesce(g.awaits, 0) = 0)), false) as is_behind
  from l cross join t left join g using (run_id) left join k on k.run_id = l.run_id),
h as materialized (
  select o.*, o.is_behind or (o.awaits > 0 and o.told >= o.awaits) as wakes,
    case when o.is_behind then 0 else greatest(o.awaits - o.told, 0) end as awaits_still
  from o where o.n is not null or o.told > 0),
head as (
  update cano_run r set
    inbox = h.inbox + h.told, updated_at = t.now, awaits_children = h.awaits_still, deadline = h.deadline,
    status = case when h.wakes then 'ready' else h.status end,
    wake_at = case when h.wakes or (g.n is not null and h.status = 'ready') then t.now when g.n is null then h.old_wake
      when h.rests then h.deadline end,
    fingerprint = case when g.n is null then r.fingerprint else g.fingerprint end,
    phase = case when g.n is null then r.phase else g.phase end,
    tag = case when g.n is null then r.tag else g.tag end,
    rest_tag = case when g.n is null then r.rest_tag when g.status <> 'running' then g.tag end,
    sequence = case when g.n is null then r.sequence else g.sequence end,
    state_sequence = case when g.n is null or g.state is null then r.state_sequence ${hasHistory ? "else g.sequence" : ""} end,
    transitions = case when g.n is null then r.transitions else g.transitions end,
    owner = case when g.n is null then h.old_owner when g.status = 'running' then g.owner end,
    attempt = case when g.n is null then r.attempt else g.attempt end,
    waits_for = case when g.n is null then r.waits_for else g.waits_for end,
    crashes = case when g.n is null then r.crashes else 0 end,
    error_tag = case when g.n is null then r.error_tag else g.error_tag end,
    error = case when g.n is null then r.error else g.error end,
    unread = case when g.signals is null then r.unread else g.unread - json_array_length(g.signals) end,
    writer = case when g.n is null then r.writer else g.owner end,
    writer_fence = case when g.n is null then r.writer_fence else g.fence end,
    ended_at = case when g.status in ${ended} then t.now end
  from h cross join t left join g on g.n = h.n
  where r.id = h.id
  returning r.run_id, r.status),
payload as (
  update cano_payload p set
    ${hasHistory ? "" : "state = coalesce(g.state, p.state),"}
    progress = coalesce(g.progress, p.progress),
    progress_sequence = case when g.progress is null then p.progress_sequence else g.sequence end,
    outcome = coalesce(g.outcome, p.outcome),
    outcome_sequence = case when g.outcome is null then p.outcome_sequence else g.sequence end
  from g where p.run = g.id and (g.progress is not null or g.outcome is not null ${hasHistory ? "" : "or g.state is not null"})),
put as (
  insert into cano_store (run, key, value)
  select g.id, v ->> 0, v ->> 1 from g cross join json_array_elements(g.store) v where v ->> 1 is not null
  on conflict (run, key) do update set value = excluded.value),
removed as (
  delete from cano_store s using g cross join json_array_elements(g.store) v
  where s.run = g.id and s.key = v ->> 0 and v ->> 1 is null),
undo as (
  insert into cano_undo (run, transition, tag, entered, next, outcome)
  select g.id, u.transition, u.tag, u.entered, u.next, u.outcome from g cross join
    json_to_recordset(g.undo) as u (transition bigint, tag text, entered text, next text, outcome text)
  on conflict (run, transition) do update
  set tag = excluded.tag, entered = excluded.entered, next = excluded.next, outcome = excluded.outcome),
taken as (
  update cano_signal s set taken = g.sequence, value = '' from g cross join json_array_elements_text(g.signals) v (id)
  where s.run = g.id and s.signal_id = v.id)${
    hasHistory
      ? `,
step as (
  insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts, signals, wake_at,
    waits_for, error_tag, error, state, store)
  select g.id, g.sequence, t.now, g.fence, g.owner, g.status, g.phase, g.tag, g.transitions, g.attempts, g.signals::text,
    case when g.status = 'ready' then t.now when h.rests then h.deadline end, g.waits_for, g.error_tag, g.error, g.state,
    g.store::text
  from g join h on h.n = g.n cross join t)`
      : ""
  }
select j.n::int as n, j.answer, o.seen::text as inbox, l.cancel_at is not null as cancelled, null as hint
from j left join o using (run_id) left join l using (run_id)
union all
select null, null, null, null, run_id from head where status <> 'running' and status <> 'waiting' and status <> 'retrying'`

/*
 * As above, for runs that all go on running and leave nothing but a row, and changes of their store. Such batches are by far
 * the most, they touch no index of the runs, and this statement takes a fraction of the time. A single entry needs no
 * order of locks. Entries that are not written are left to the statement above.
 */
const goingOn = (hasHistory: boolean, isSingle: boolean, hasStore: boolean): string => `with
i as materialized (
  select * from json_to_recordset($1::json) as t (
    n bigint, run_id text, owner text, fence bigint, sequence bigint, phase text, tag text, state text, fingerprint text,
    transitions bigint, attempt bigint, waits_for text, store json, error_tag text, error text, attempts bigint)
  ${whereFew(isSingle)}),
${
  isSingle
    ? ""
    : `
l as materialized (
  select r.id, r.run_id, r.status, r.owner, r.fence, r.sequence from cano_run r
  where r.run_id in (select i.run_id from i) order by r.run_id for no key update),`
}
u as (
  update cano_run r set
    sequence = i.sequence, phase = i.phase, tag = i.tag, transitions = i.transitions, attempt = i.attempt,
    waits_for = i.waits_for, deadline = null, crashes = 0, error_tag = i.error_tag, error = i.error, writer = i.owner,
    writer_fence = i.fence, fingerprint = i.fingerprint, updated_at = cano_now()
    ${hasHistory ? ", state_sequence = case when i.state is null then r.state_sequence else i.sequence end" : ""}
  from i ${isSingle ? "" : "join l using (run_id)"}
  where ${isSingle ? "r.run_id = i.run_id" : "r.id = l.id"} and ${["r", ...(isSingle ? [] : ["l"])]
    .map(
      (x) =>
        `${x}.status = 'running' and ${x}.owner = i.owner and ${x}.fence = i.fence and ${x}.sequence = i.sequence - 1`
    )
    .join(" and ")}
  returning i.n, r.id, r.inbox, r.cancel_at, r.updated_at)${
    hasHistory
      ? `,
step as (
  insert into cano_step (run, sequence, at, fence, owner, status, phase, tag, transitions, attempts, waits_for, error_tag,
    error, state, store)
  select u.id, i.sequence, u.updated_at, i.fence, i.owner, 'running', i.phase, i.tag, i.transitions, i.attempts, i.waits_for,
    i.error_tag, i.error, i.state, i.store::text from u join i using (n))`
      : `,
payload as (update cano_payload p set state = i.state from u join i using (n) where p.run = u.id and i.state is not null)`
  }${
    hasStore
      ? `,
put as (
  insert into cano_store (run, key, value)
  select u.id, v ->> 0, v ->> 1 from u join i using (n) cross join json_array_elements(i.store) v where v ->> 1 is not null
  on conflict (run, key) do update set value = excluded.value),
removed as (
  delete from cano_store s using u join i using (n) cross join json_array_elements(i.store) v
  where s.run = u.id and s.key = v ->> 0 and v ->> 1 is null)`
      : ""
  }
select n::int as n, 'Written' as answer, inbox::text as inbox, cancel_at is not null as cancelled from u`

const goesOn = (entry: Journal.Entry): boolean =>
  entry.status === "running" &&
  entry.signals.length === 0 &&
  entry.undo.length === 0 &&
  entry.progress === undefined &&
  entry.outcome === undefined

const entryRow = (entry: Journal.Entry, n: number) => {
  const { wake } = entry
  const hasEnd = wake !== undefined && wake !== "never"
  return {
    n,
    run_id: entry.runId,
    owner: entry.owner,
    fence: entry.fence,
    sequence: entry.sequence,
    inbox: entry.inbox,
    status: entry.status,
    phase: entry.phase,
    tag: entry.tag,
    state: entry.state,
    fingerprint: entry.fingerprint,
    transitions: entry.transitions,
    attempt: entry.attempt,
    wake_in: hasEnd && "in" in wake ? Math.ceil(wake.in) : undefined,
    wake_at: hasEnd && "at" in wake ? Math.ceil(wake.at) : undefined,
    waits_for: entry.waitsFor,
    awaits: entry.awaitsChildren === 0 ? undefined : entry.awaitsChildren,
    store: lastOf(entry.store, ([key]) => key),
    signals: entry.signals.length === 0 ? undefined : entry.signals,
    undo: lastOf(entry.undo, (undo) => undo.transition),
    progress: entry.progress,
    error_tag: entry.errorTag,
    error: entry.error,
    outcome: entry.outcome,
    attempts: entry.attempts
  }
}

type AppendFailure = Conflict | UnknownRun | JournalFailure

export type Appended = { readonly inbox: number; readonly isCancelRequested: boolean } | AppendFailure

/** Appends a row to each of some different runs. Gives an answer for each, in their order. */
export type AppendAll = (entries: ReadonlyArray<Journal.Entry>) => Effect.Effect<ReadonlyArray<Appended>, SqlError>

export const appendAll = (
  database: Database,
  dialect: Dialect,
  hasHistory: boolean,
  hint: (runId: string) => void
): AppendAll => {
  const texts = { one: dialect.text(appending(hasHistory, true)), many: dialect.text(appending(hasHistory, false)) }
  const quick = (isSingle: boolean, hasStore: boolean) => dialect.text(goingOn(hasHistory, isSingle, hasStore))
  const quickTexts = [quick(false, false), quick(false, true), quick(true, false), quick(true, true)]
  const send = (statement: string, entries: ReadonlyArray<Journal.Entry>) =>
    Effect.map(database.send(database.writer, statement, [JSON.stringify(entries.map(entryRow))]), (rows) => {
      const answers: Array<Appended | undefined> = entries.map(() => undefined)
      for (const row of rows) {
        if (row["n"] === null) hint(row["hint"] as string)
        else answers[row["n"] as number] = answerOf(entries[row["n"] as number]!, row)
      }
      return answers
    })
  const whole = (entries: ReadonlyArray<Journal.Entry>) =>
    send(entries.length === 1 ? texts.one : texts.many, entries) as Effect.Effect<ReadonlyArray<Appended>, SqlError>
  return (entries) => {
    if (!entries.every(goesOn)) return whole(entries)
    const hasStore = entries.some((entry) => entry.store.length > 0)
    const quickText = quickTexts[(entries.length === 1 ? 2 : 0) + (hasStore ? 1 : 0)]!
    return Effect.flatMap(send(quickText, entries), (answers) => {
      const left = entries.filter((_, n) => answers[n] === undefined)
      if (left.length === 0) return Effect.succeed(answers as ReadonlyArray<Appended>)
      return Effect.map(whole(left), (others) => {
        let next = 0
        return answers.map((answer) => answer ?? others[next++]!)
      })
    })
  }
}

const answerOf = ({ fence, runId }: Journal.Entry, row: Readonly<Record<string, unknown>>): Appended => {
  switch (row["answer"]) {
    case "UnknownRun":
      return new UnknownRun({ runId })
    case "Conflict":
      return new Conflict({ runId, fence })
    case "Refused":
      return new JournalFailure({ operation: "append", reason: "Refused", cause: "a signal is not there" })
    default:
      return { inbox: Number(row["inbox"]), isCancelRequested: row["cancelled"] === true }
  }
}
