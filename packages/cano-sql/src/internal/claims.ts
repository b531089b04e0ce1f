import * as Effect from "effect/Effect"
import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { headJson, headOf, listOf } from "./heads.ts"
import type { Dialect } from "./names.ts"
import { loadedOf, loading } from "./reads.ts"
import type { Runs } from "./runs.ts"

/* What workers do: claims and beats. */

// -----------------------------------------------------------------------------
// claims
// -----------------------------------------------------------------------------

/*
 * Takes up to `$4` runs for `$1`, of the fingerprints `$2` and the ids `$3`, if those are given. Each fingerprint is one probe
 * of the index: runs of unknown versions are never read. Owners are found by jumps through their index. A beat that is more
 * than `$5` away, in the past or in the future, is no sign of life. A run with more than `$6` crashes is only named.
 */
const claiming = (areNamed: boolean): string => `with recursive
t as materialized (select cano_now() as now),
f as materialized (select distinct value as fingerprint from json_array_elements_text($2::json)),
w as materialized (select distinct value as run_id from json_array_elements_text($3::json)),
owners (owner) as (
  select min(owner) from cano_run where owner is not null
  union all
  select (select min(r.owner) from cano_run r where r.owner > owners.owner) from owners where owner is not null),
dead as materialized (
  select owner from owners, t where owner is not null and owner <> $1
    and not exists (select 1 from cano_worker k where k.owner = owners.owner
      and k.seen_at between t.now - $5::numeric and t.now + $5::numeric)),
due as materialized (${
  areNamed
    ? `
  select r.id, r.run_id, r.wake_at as at, false as is_taken_over from cano_run r
  where r.run_id in (select run_id from w) and r.fingerprint in (select fingerprint from f)
    and r.wake_at <= (select now from t)
  order by r.wake_at, r.run_id limit $4::bigint for no key update of r skip locked`
    : `
  select d.* from f cross join lateral (
    select r.id, r.run_id, r.wake_at as at, false as is_taken_over from cano_run r
    where r.fingerprint = f.fingerprint and r.wake_at <= (select now from t)
    order by r.wake_at, r.run_id limit $4::bigint for no key update of r skip locked) d`
}),
left_behind as materialized (
  select r.id, r.run_id, r.updated_at as at, true as is_taken_over from cano_run r
  where r.owner in (select owner from dead) and r.fingerprint in (select fingerprint from f)
    ${areNamed ? "and r.run_id in (select run_id from w)" : "and (select count(*) from w) = 0"}
  order by r.updated_at, r.run_id limit $4::bigint for no key update of r skip locked),
c as materialized (
  select * from (select * from due union all select * from left_behind) x order by at, run_id limit $4::bigint),
u as (
  update cano_run r set status = 'running', rest_tag = null, owner = $1, fence = r.fence + 1,
    crashes = r.crashes + c.is_taken_over::int, wake_at = null, awaits_children = 0, updated_at = t.now
  from c, t where r.id = c.id and r.crashes + c.is_taken_over::int <= $6::bigint
  returning r.id, c.at, r.run_id)
select t.now::text as now, null as id, null as run_id, null as fence, null as owner, null::bigint as at from t
union all
select null, u.id::text, u.run_id, null, null, u.at from u
union all
select null, null, r.run_id, r.fence::text, r.owner, c.at from c join cano_run r using (id)
  where r.crashes + c.is_taken_over::int > $6::bigint
order by at nulls first, run_id`

/* The runs `$1` with their payloads, the heads of `$2`, and the next due time of the fingerprints `$3`. */
const taken = `with
c as materialized (select value::bigint as id from json_array_elements_text($1::json))
select 'next' as kind, null as run, null as key, min(n.wake_at)::text as a, null as b
  from (select distinct value as fingerprint from json_array_elements_text($3::json)) f cross join lateral (
    select r.wake_at from cano_run r where r.fingerprint = f.fingerprint and r.wake_at is not null
    order by r.wake_at limit 1) n
union all
select 'died', null, null, ${headJson}, null from cano_run r
  where r.run_id in (select value from json_array_elements_text($2::json))
union all ${loading}`

export const claim = (database: Database, dialect: Dialect, runs: Runs): Journal.Shape["claim"] => {
  const texts = { any: dialect.text(claiming(false)), named: dialect.text(claiming(true)) }
  const takenText = dialect.text(taken)
  return ({ fingerprints, limit, maxCrashes, owner, runIds, staleAfter }) =>
    Effect.gen(function* () {
      const rows = yield* database.run(database.keeper, "claim runs", runIds === undefined ? texts.any : texts.named, [
        owner,
        listOf(fingerprints),
        listOf(runIds ?? []),
        String(Math.max(0, limit)),
        String(staleAfter),
        String(maxCrashes)
      ])
      const now = Number(rows.find((row) => row["now"] !== null)!["now"])
      const ids = rows.flatMap((row) => (row["id"] === null ? [] : [row["id"] as string]))
      const died: Array<string> = []
      for (const row of rows) {
        if (row["fence"] === null) continue
        const runId = row["run_id"] as string
        const isDead = yield* runs.die({ runId, fence: Number(row["fence"]), owner: row["owner"] as string })
        if (isDead) died.push(runId)
      }
      const parts = yield* database.run(database.keeper, "claim runs", takenText, [
        listOf(ids),
        listOf(died),
        listOf(fingerprints)
      ])
      const next = parts.find((part) => part["kind"] === "next")?.["a"]
      const order = new Map(rows.map((row, n) => [row["run_id"], n]))
      const byOrder = (a: Journal.Head, b: Journal.Head): number => order.get(a.runId)! - order.get(b.runId)!
      return {
        now,
        runs: loadedOf(parts)
          // A run that was lost in between belongs to another owner.
          .filter(({ head }) => head.owner === owner)
          .slice()
          .sort((a, b) => byOrder(a.head, b.head)),
        died: parts
          .filter((part) => part["kind"] === "died")
          .map((part) => headOf(part["a"]))
          .sort(byOrder),
        nextDueIn: typeof next === "string" ? Math.max(0, Number(next) - now) : undefined
      }
    })
}

// -----------------------------------------------------------------------------
// beats
// -----------------------------------------------------------------------------

const beating = `with
b as (
  insert into cano_worker (owner, host, version, concurrency, fingerprints, is_draining, started_at, seen_at)
  select $1, $2, $3, $4::bigint, $5, $6::boolean, t.now, t.now from (select cano_now() as now) t
  on conflict (owner) do update set host = excluded.host, version = excluded.version, concurrency = excluded.concurrency,
    fingerprints = excluded.fingerprints, is_draining = excluded.is_draining, seen_at = excluded.seen_at)
select run_id, fence::text as fence, cancel_at is not null as cancelled from cano_run where owner = $1 order by run_id`

export const beat =
  (database: Database, dialect: Dialect): Journal.Shape["beat"] =>
  (worker) =>
    Effect.map(
      database.run(database.keeper, "beat", dialect.text(beating), [
        worker.owner,
        worker.host,
        worker.version,
        String(worker.concurrency),
        listOf(worker.fingerprints),
        String(worker.isDraining)
      ]),
      (rows) =>
        rows.map((row) => ({
          runId: row["run_id"] as string,
          fence: Number(row["fence"]),
          isCancelRequested: row["cancelled"] === true
        }))
    )

interface WorkerRow {
  readonly owner: string
  readonly host: string
  readonly version: string
  readonly concurrency: number
  readonly fingerprints: string
  readonly is_draining: boolean
  readonly seen_at: number
}

export const workers = (database: Database, dialect: Dialect): Journal.Shape["workers"] =>
  Effect.map(
    database.run(
      "pool",
      "list workers",
      dialect.text("select row_to_json(w)::text as w from cano_worker w order by owner"),
      []
    ),
    (rows) =>
      rows.map((row) => {
        const worker = JSON.parse(row["w"] as string) as WorkerRow
        return {
          owner: worker.owner,
          host: worker.host,
          version: worker.version,
          concurrency: worker.concurrency,
          fingerprints: JSON.parse(worker.fingerprints) as ReadonlyArray<string>,
          isDraining: worker.is_draining,
          seenAt: worker.seen_at
        }
      })
  )
