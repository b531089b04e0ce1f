import * as Effect from "effect/Effect"
import type { JournalFailure } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Database, Row } from "./database.ts"
import type { Dialect } from "./names.ts"

/*
 * What is done to one run: signals, the request to cancel it, its end by the journal.
 *
 * An update takes what it needs of the row from the lock: the table's own row is the one of the snapshot at first, and
 * Postgres holds the constraints against it before it looks for the newest version.
 */

// -----------------------------------------------------------------------------
// ending
// -----------------------------------------------------------------------------

/*
 * Ends a run by a row of the journal's own. `me` is the run, if it is to be ended, and `l` the locked heads: its own, and
 * that of its parent, which is told.
 */
const ending = (hasHistory: boolean, how: { readonly status: string; readonly set: string }): string => `
parent as (
  update cano_run p set inbox = l.inbox + 1, updated_at = t.now,
    awaits_children = greatest(l.awaits_children - 1, 0), owner = l.owner,
    status = case when l.awaits_children = 1 then 'ready' else l.status end,
    wake_at = case when l.awaits_children = 1 then t.now else l.wake_at end
  from l, me, t where l.run_id = me.parent and l.id <> me.id and l.ended_at is null and p.id = l.id
  returning p.run_id, p.status),
ended as (
  update cano_run r set status = '${how.status}', rest_tag = r.tag, sequence = r.sequence + 1, owner = null, waits_for = null,
    awaits_children = 0, deadline = null, wake_at = null, writer = null, updated_at = t.now, ended_at = t.now, ${how.set}
  from me, t where r.id = me.id
  returning r.*),
payload as (
  update cano_payload p set
    progress_sequence = case when p.progress_sequence = me.sequence then me.sequence + 1 end,
    outcome_sequence = case when p.outcome_sequence = me.sequence then me.sequence + 1 end
  from me where p.run = me.id and (p.progress_sequence is not null or p.outcome_sequence is not null))${
    hasHistory
      ? `,
step as (
  insert into cano_step (run, sequence, at, fence, status, phase, tag, transitions, attempts, error_tag, error)
  select id, sequence, updated_at, fence, status, phase, tag, transitions, 0, error_tag, error from ended)`
      : ""
  }`

const locked = `
l as materialized (
  select r.* from cano_run r
  where r.run_id in (select seen.run_id from seen union all select seen.parent from seen)
  order by r.run_id for no key update),
t as materialized (select cano_now() as now from (select count(*) from l) c)`

/*
 * The undo rows and the children are read as they were when the statement began. If the run has moved since, its owner may
 * have written some: then the answer is `Again`.
 */
const cancelling = (hasHistory: boolean): string => `with
seen as materialized (
  select r.id, r.run_id, r.parent, r.status, r.sequence, r.fence,
    exists (select 1 from cano_undo u where u.run = r.id and u.outcome = 'pending')
      or exists (select 1 from cano_run c where c.parent = r.run_id and c.ended_at is null) as is_busy
  from cano_run r where r.run_id = $1),
${locked},
a as materialized (
  select l.*, case
    when l.ended_at is not null then 'AlreadyEnded'
    when l.status = 'running' then 'Requested'
    when (l.status, l.sequence, l.fence) <> (seen.status, seen.sequence, seen.fence) then 'Again'
    when seen.is_busy then 'Requested'
    else 'Cancelled' end as answer
  from l join seen using (id)),
me as materialized (select * from a where answer = 'Cancelled'),
${ending(hasHistory, { status: "cancelled", set: "cancel_at = coalesce(r.cancel_at, t.now), writer_fence = r.fence" })},
asked as (
  update cano_run r set cancel_at = t.now, inbox = a.inbox + 1, updated_at = t.now, owner = a.owner,
    status = case when a.status = 'running' then a.status else 'ready' end,
    wake_at = case when a.status = 'running' then a.wake_at else t.now end,
    awaits_children = case when a.status = 'running' then a.awaits_children else 0 end
  from a, t where r.id = a.id and a.answer = 'Requested' and a.cancel_at is null
  returning r.run_id, r.status)
select answer, null as hint from a
union all select null, run_id from ended
union all select null, run_id from parent where status = 'ready'
union all select null, run_id from asked where status = 'ready'`

/* Ends a run that has killed too many workers: `$1` with the fence `$2` and the owner `$3`, whose death is one more. */
const dying = (hasHistory: boolean): string => `with
seen as materialized (select r.run_id, r.parent from cano_run r where r.run_id = $1),
${locked},
me as materialized (
  select * from l where run_id = $1 and status = 'running' and fence = $2::bigint and owner = $3),
${ending(hasHistory, {
  status: "failed",
  set: `fence = r.fence + 1, writer_fence = r.fence + 1, crashes = r.crashes + 1, error_tag = 'ProcessDied',
    error = (r.crashes + 1) || ' workers died with the run'`
})}
select run_id as hint from ended
union all select run_id from parent where status = 'ready'`

// -----------------------------------------------------------------------------
// signals
// -----------------------------------------------------------------------------

const sending = `with
r as materialized (select * from cano_run where run_id = $1 for no key update),
t as materialized (select cano_now() as now from (select count(*) from r) c),
s as (
  insert into cano_signal (run, signal_id, name, value, sent_at)
  select r.id, $2, $3, $4, t.now from r, t where r.ended_at is null
  on conflict (run, signal_id) do nothing returning 1),
u as (
  update cano_run c set inbox = r.inbox + 1, unread = r.unread + 1, updated_at = t.now, owner = r.owner,
    status = case when w.wakes then 'ready' else r.status end,
    wake_at = case when w.wakes then t.now else r.wake_at end,
    awaits_children = case when w.wakes then 0 else r.awaits_children end
  from r, t, lateral (select r.status in ('waiting', 'retrying') and r.waits_for is not distinct from $3 as wakes) w
  where c.id = r.id and exists (select 1 from s)
  returning w.wakes)
select case
  when not exists (select 1 from r) then 'UnknownRun'
  when exists (select 1 from s) then 'Accepted'
  when (select ended_at from r) is null
    or exists (select 1 from cano_signal x where x.run = (select id from r) and x.signal_id = $2) then 'Duplicate'
  else 'RunEnded' end as answer,
  coalesce((select wakes from u), false) as wakes`

/* `leave` gives back what an owner has; `release` one run. */
const givingBack = (condition: string): string => `with
b as materialized (select id from cano_run where ${condition} and status = 'running' order by run_id for no key update),
t as materialized (select cano_now() as now from (select count(*) from b) c)
update cano_run r set status = 'ready', rest_tag = r.tag, owner = null, wake_at = t.now, updated_at = t.now
from b, t where r.id = b.id returning r.run_id`

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

export interface Runs {
  readonly cancel: (runId: string) => Effect.Effect<Journal.CancelAnswer, JournalFailure>
  /** Ends a run that a dead owner left, if nothing has changed since it was seen. */
  readonly die: (run: {
    readonly runId: string
    readonly fence: number
    readonly owner: string
  }) => Effect.Effect<boolean, JournalFailure>
  readonly send: (signal: Journal.Sent) => Effect.Effect<Journal.SendAnswer, JournalFailure>
  readonly release: Journal.Shape["release"]
  readonly leave: Journal.Shape["leave"]
}

export const make = (
  database: Database,
  dialect: Dialect,
  hasHistory: boolean,
  hint: (runId: string) => void
): Runs => {
  const cancelText = dialect.text(cancelling(hasHistory))
  const dieText = dialect.text(dying(hasHistory))
  const sendText = dialect.text(sending)
  const releaseText = dialect.text(givingBack("run_id = $1 and owner = $2 and fence = $3::bigint"))
  const leaveText = dialect.text(givingBack("owner = $1"))
  const forgetText = dialect.text("delete from cano_worker where owner = $1")
  const tell = (rows: ReadonlyArray<Row>, column: string): void => {
    for (const row of rows) if (row[column] !== null) hint(row[column] as string)
  }
  const cancel: Runs["cancel"] = (runId) =>
    Effect.flatMap(database.run("pool", "cancel a run", cancelText, [runId]), (rows) => {
      tell(rows, "hint")
      const answer = rows.find((row) => row["answer"] !== null)?.["answer"] as
        | Journal.CancelAnswer
        | "Again"
        | undefined
      if (answer === "Again") return cancel(runId)
      return Effect.succeed(answer ?? "UnknownRun")
    })
  return {
    cancel,
    die: ({ fence, owner, runId }) =>
      Effect.map(database.run(database.keeper, "claim runs", dieText, [runId, String(fence), owner]), (rows) => {
        tell(rows, "hint")
        return rows.some((row) => row["hint"] === runId)
      }),
    send: ({ id, name, runId, value }) =>
      Effect.map(database.run("pool", "send a signal", sendText, [runId, id, name, value]), (rows) => {
        if (rows[0]!["wakes"] === true) hint(runId)
        return rows[0]!["answer"] as Journal.SendAnswer
      }),
    release: ({ fence, owner, runId }) =>
      Effect.map(database.run(database.keeper, "release a run", releaseText, [runId, owner, String(fence)]), (rows) => {
        tell(rows, "run_id")
        return rows.length > 0
      }),
    leave: (owner) =>
      Effect.map(
        Effect.andThen(
          database.run(database.keeper, "leave", forgetText, [owner]),
          database.run(database.keeper, "leave", leaveText, [owner])
        ),
        (rows) => tell(rows, "run_id")
      )
  }
}
