import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { JournalFailure } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { listOf } from "./heads.ts"
import type { Dialect } from "./names.ts"
import { creating, newRow } from "./rows.ts"

// -----------------------------------------------------------------------------
// removal
// -----------------------------------------------------------------------------

const isFree = `r.ended_at is not null and not exists
  (select 1 from cano_run p where p.run_id = r.parent and p.ended_at is null)`

const byId = `select r.id::text as id from cano_run r
  where r.run_id in (select value from json_array_elements_text($1::json)) and ${isFree}`

const byAge = `select r.id::text as id from cano_run r
  where r.ended_at <= cano_now() - $1::numeric and r.status in (select value from json_array_elements_text($2::json))
    and ($3 = '' or r.workflow = substr($3, 2)) and ${isFree}
  order by r.ended_at, r.run_id limit $4::bigint`

/* The runs of a family whose head is `$1`: its ended children, and theirs. */
const family = `with recursive family (id, run_id) as (
  select id, run_id from cano_run where id in (select value::bigint from json_array_elements_text($1::json))
  union
  select c.id, c.run_id from family f join cano_run c on c.parent = f.run_id where c.ended_at is not null)
select id::text as id from family`

/* Ended runs never change, so whoever removes them locks nothing that others write. */
const removing = `with
i as materialized (select value::bigint as run from json_array_elements_text($1::json)),
r as materialized (
  select id from cano_run where id in (select run from i) order by run_id for update skip locked),
payload as (delete from cano_payload where run in (select id from r)),
store as (delete from cano_store where run in (select id from r)),
undo as (delete from cano_undo where run in (select id from r)),
signal as (delete from cano_signal where run in (select id from r)),
label as (delete from cano_label where run in (select id from r)),
step as (delete from cano_step where run in (select id from r)),
run as (delete from cano_run where id in (select id from r) returning 1)
select count(*)::int as n from run`

/*
 * The rows of a long history go first, a slice at a time. The head goes last, with the rows that load its state: whoever
 * dies in between leaves a run that can be removed again.
 */
const trimming = `with s as materialized (
  select s.run, s.sequence from cano_run r join cano_step s on s.run = r.id
  where r.id in (select value::bigint from json_array_elements_text($1::json))
    and s.sequence not in (0, coalesce(r.state_sequence, 0))
  limit 10000)
delete from cano_step d using s where d.run = s.run and d.sequence = s.sequence returning 1 as n`

/** The most runs that one statement removes. */
const slice = 200

export const remove = (database: Database, dialect: Dialect): Journal.Shape["remove"] => {
  const texts = {
    byId: dialect.text(byId),
    byAge: dialect.text(byAge),
    family: dialect.text(family),
    long: dialect.text(`select r.id::text as id from cano_run r where r.sequence > 1000
      and r.id in (select value::bigint from json_array_elements_text($1::json))`),
    trimming: dialect.text(`with x as (${trimming}) select count(*)::int as n from x`),
    removing: dialect.text(removing)
  }
  const ids = (text: string, parameters: ReadonlyArray<string>) =>
    Effect.map(database.run("pool", "remove runs", text, parameters), (rows) => rows.map((row) => row["id"] as string))
  const count = (text: string, runs: ReadonlyArray<string>) =>
    Effect.map(database.run("pool", "remove runs", text, [listOf(runs)]), (rows) => rows[0]!["n"] as number)
  const trim = (runs: ReadonlyArray<string>): Effect.Effect<void, JournalFailure> =>
    Effect.flatMap(count(texts.trimming, runs), (n) => (n === 0 ? Effect.void : trim(runs)))
  return (removal) =>
    Effect.gen(function* () {
      const roots =
        "runIds" in removal
          ? yield* ids(texts.byId, [listOf(removal.runIds)])
          : yield* ids(texts.byAge, [
              String(removal.endedFor),
              listOf(removal.status),
              removal.workflow === undefined ? "" : `=${removal.workflow}`,
              String(Math.max(0, removal.limit))
            ])
      if (roots.length === 0) return 0
      // Children first: what is left by a crash is found again by its parent.
      const all = (yield* ids(texts.family, [listOf(roots)])).reverse()
      let removed = 0
      for (let from = 0; from < all.length; from += slice) {
        const runs = all.slice(from, from + slice)
        const long = yield* ids(texts.long, [listOf(runs)])
        if (long.length > 0) yield* trim(long)
        removed += yield* count(texts.removing, runs)
      }
      return removed
    })
}

// -----------------------------------------------------------------------------
// definitions
// -----------------------------------------------------------------------------

export const definitions = (database: Database, dialect: Dialect): Pick<Journal.Shape, "define" | "definitions"> => {
  const defineText =
    dialect.text(`insert into cano_definition (workflow, fingerprint, graph, schema, first_seen, last_seen)
    select $1, $2, $3, $4, t.now, t.now from (select cano_now() as now) t
    on conflict (workflow, fingerprint) do update
    set graph = excluded.graph, schema = excluded.schema, last_seen = excluded.last_seen`)
  const allText = dialect.text("select workflow, fingerprint, graph, schema from cano_definition order by id")
  const someText = dialect.text(
    "select workflow, fingerprint, graph, schema from cano_definition where workflow = $1 order by id"
  )
  return {
    define: ({ fingerprint, graph, schema, workflow }) =>
      Effect.asVoid(database.run("pool", "define a workflow", defineText, [workflow, fingerprint, graph, schema])),
    definitions: (workflow) =>
      Effect.map(
        workflow === undefined
          ? database.run("pool", "read definitions", allText, [])
          : database.run("pool", "read definitions", someText, [workflow]),
        (rows) => rows as unknown as ReadonlyArray<Journal.Definition>
      )
  }
}

// -----------------------------------------------------------------------------
// flows
// -----------------------------------------------------------------------------

interface FlowRow {
  readonly version: number
  readonly trigger: string
  readonly anchor: number
  readonly last_run: string | null
  readonly last_fire: number | null
  readonly is_paused: boolean
  readonly runs: number
  readonly failures: number
  readonly is_tripped: boolean
}

const flowColumns = "(flow_id, version, trigger, anchor, last_fire, last_run, is_paused, runs, failures, is_tripped)"

/* A flow that is not there has version 0. */
const flowValues = (parameter: string): string => `
  select x.flow_id, x.version + 1, x.trigger, x.anchor, x.last_fire, x.last_run, x.is_paused, x.runs, x.failures, x.is_tripped
  from json_to_record(${parameter}::json) as x (flow_id text, version bigint, trigger text, anchor bigint, last_fire bigint,
    last_run text, is_paused boolean, runs bigint, failures bigint, is_tripped boolean)
  where x.version = 0 or exists (select 1 from cano_flow f where f.flow_id = x.flow_id)`

const flowSet = `version = excluded.version, trigger = excluded.trigger, anchor = excluded.anchor, last_run = excluded.last_run,
  is_paused = excluded.is_paused, runs = excluded.runs, failures = excluded.failures, is_tripped = excluded.is_tripped`

/* Judged by the newest version of the row, which the conflict has locked. */
const isCurrent = "cano_flow.version = excluded.version - 1"

/* `$1` has the run to create, or none; `$2` the flow, as fired at its `last_fire`. */
const firing = (hasHistory: boolean): string => `with
f as (
  insert into cano_flow ${flowColumns} ${flowValues("$2")}
  on conflict (flow_id) do update set ${flowSet}, last_fire = excluded.last_fire
  where ${isCurrent} and (cano_flow.last_fire is null or cano_flow.last_fire < excluded.last_fire)
  returning flow_id, last_fire),
fired as (
  insert into cano_fire (flow_id, at, run_id, outcome) select f.flow_id, f.last_fire, nullif($3, ''), 'fired' from f),
${creating(hasHistory, true, "exists (select 1 from f)")}
select (select count(*) from f)::int as n, (select count(*) from r)::int as created`

const flowRow = (flow: Journal.Flow, lastFire: number | undefined): string =>
  JSON.stringify({
    flow_id: flow.flowId,
    version: flow.version,
    trigger: flow.trigger,
    anchor: flow.anchor,
    last_fire: lastFire,
    last_run: flow.lastRun,
    is_paused: flow.isPaused,
    runs: flow.runs,
    failures: flow.failures,
    is_tripped: flow.isTripped
  })

/** A flow that others have changed since is refused. The later of the two last fires stays. */
export const flows = (
  database: Database,
  dialect: Dialect,
  hasHistory: boolean,
  hint: (runId: string) => void
): Pick<Journal.Shape, "fire" | "flow" | "saveFlow"> => {
  const readText = dialect.text("select row_to_json(f)::text as flow from cano_flow f where flow_id = $1")
  const saveText = dialect.text(`insert into cano_flow ${flowColumns} ${flowValues("$1")}
    on conflict (flow_id) do update set ${flowSet}, last_fire = greatest(cano_flow.last_fire, excluded.last_fire)
    where ${isCurrent} returning flow_id`)
  const fireText = dialect.text(firing(hasHistory))
  return {
    flow: (flowId) =>
      Effect.map(database.run("pool", "read a flow", readText, [flowId]), (rows) =>
        Option.map(Option.fromNullishOr(rows[0]), (row) => {
          const flow = JSON.parse(row["flow"] as string) as FlowRow
          return {
            flowId,
            version: flow.version,
            trigger: flow.trigger,
            anchor: flow.anchor,
            lastFire: flow.last_fire ?? undefined,
            lastRun: flow.last_run ?? undefined,
            isPaused: flow.is_paused,
            runs: flow.runs,
            failures: flow.failures,
            isTripped: flow.is_tripped
          }
        })
      ),
    saveFlow: (flow) =>
      Effect.map(
        database.run("pool", "save a flow", saveText, [flowRow(flow, flow.lastFire)]),
        (rows) => rows.length > 0
      ),
    fire: ({ at, flow, run }) => {
      const runs = JSON.stringify(run === undefined ? [] : [newRow(run, 0)])
      return Effect.map(
        database.run("pool", "fire a flow", fireText, [runs, flowRow(flow, at), run?.runId ?? ""]),
        (rows) => {
          if (run !== undefined && rows[0]!["created"] === 1) hint(run.runId)
          return rows[0]!["n"] === 1
        }
      )
    }
  }
}
