import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { listOf, orNull } from "./heads.ts"
import { create, type Tables } from "./runs.ts"

// -----------------------------------------------------------------------------
// removal
// -----------------------------------------------------------------------------

const isFree = `r.ended_at is not null and not exists
  (select 1 from cano_run p where p.run_id = r.parent and p.ended_at is null)`

export const remove = ({ db }: Tables, removal: Journal.Removal, now: number): number => {
  const roots = "runIds" in removal ? byId(db, removal.runIds) : byAge(db, removal, now)
  if (roots.length === 0) return 0
  const family = listOf(
    db
      .all(
        `with recursive family (id, run_id) as (
           select id, run_id from cano_run where id in (select value from json_each(?))
           union
           select c.id, c.run_id from family f join cano_run c on c.parent = f.run_id where c.ended_at is not null)
         select id from family`,
        listOf(roots)
      )
      .map((row) => row["id"] as number)
  )
  for (const table of ["cano_step", "cano_payload", "cano_store", "cano_undo", "cano_signal", "cano_label"])
    db.run(`delete from ${table} where run in (select value from json_each(?))`, family)
  return db.run("delete from cano_run where id in (select value from json_each(?))", family)
}

const byId = (db: Database, runIds: ReadonlyArray<string>): ReadonlyArray<number> =>
  db
    .all(`select id from cano_run r where run_id in (select value from json_each(?)) and ${isFree}`, listOf(runIds))
    .map((row) => row["id"] as number)

const byAge = (
  db: Database,
  rule: Exclude<Journal.Removal, { readonly runIds: unknown }>,
  now: number
): ReadonlyArray<number> =>
  db
    .all(
      `select id from cano_run r where ended_at <= ? and status in (select value from json_each(?))
         and (? is null or workflow = ?) and ${isFree} order by ended_at, run_id limit ?`,
      Math.floor(now - rule.endedFor),
      listOf(rule.status),
      orNull(rule.workflow),
      orNull(rule.workflow),
      Math.max(0, rule.limit)
    )
    .map((row) => row["id"] as number)

// -----------------------------------------------------------------------------
// definitions
// -----------------------------------------------------------------------------

export const define = ({ db }: Tables, definition: Journal.Definition, now: number): void =>
  void db.run(
    `insert into cano_definition (workflow, fingerprint, graph, schema, first_seen, last_seen) values (?, ?, ?, ?, ?, ?)
     on conflict (workflow, fingerprint) do update
     set graph = excluded.graph, schema = excluded.schema, last_seen = excluded.last_seen`,
    definition.workflow,
    definition.fingerprint,
    definition.graph,
    definition.schema,
    now,
    now
  )

export const definitions = (db: Database, workflow: string | undefined): ReadonlyArray<Journal.Definition> =>
  db
    .all(
      "select * from cano_definition where ? is null or workflow = ? order by id",
      orNull(workflow),
      orNull(workflow)
    )
    .map((row) => ({
      workflow: row["workflow"] as string,
      fingerprint: row["fingerprint"] as string,
      graph: row["graph"] as string,
      schema: row["schema"] as string
    }))

// -----------------------------------------------------------------------------
// flows
// -----------------------------------------------------------------------------

export const flow = (db: Database, flowId: string): Journal.Flow | undefined => {
  const row = db.get("select * from cano_flow where flow_id = ?", flowId)
  if (row === undefined) return undefined
  return {
    flowId,
    version: row["version"] as number,
    trigger: row["trigger"] as string,
    anchor: row["anchor"] as number,
    lastFire: (row["last_fire"] ?? undefined) as number | undefined,
    lastRun: (row["last_run"] ?? undefined) as string | undefined,
    isPaused: row["is_paused"] === 1,
    runs: row["runs"] as number,
    failures: row["failures"] as number,
    isTripped: row["is_tripped"] === 1
  }
}

/** Saves a flow that still has the version, with one more. The later of the two last fires stays. */
export const saveFlow = ({ db }: Tables, flow: Journal.Flow): boolean =>
  db.run(
    `insert into cano_flow (flow_id, version, trigger, anchor, last_fire, last_run, is_paused, runs, failures, is_tripped)
     select ?1, ?2 + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
     where ?2 = coalesce((select version from cano_flow where flow_id = ?1), 0)
     on conflict (flow_id) do update set version = excluded.version, trigger = excluded.trigger, anchor = excluded.anchor,
       last_run = excluded.last_run, is_paused = excluded.is_paused, runs = excluded.runs, failures = excluded.failures,
       is_tripped = excluded.is_tripped,
       last_fire = coalesce(max(last_fire, excluded.last_fire), last_fire, excluded.last_fire)`,
    flow.flowId,
    flow.version,
    flow.trigger,
    flow.anchor,
    orNull(flow.lastFire),
    orNull(flow.lastRun),
    flow.isPaused ? 1 : 0,
    flow.runs,
    flow.failures,
    flow.isTripped ? 1 : 0
  ) > 0

export const fire = (
  tables: Tables,
  {
    at,
    flow: fired,
    run
  }: { readonly flow: Journal.Flow; readonly at: number; readonly run: Journal.NewRun | undefined },
  now: number
): boolean => {
  const lastFire = flow(tables.db, fired.flowId)?.lastFire
  if (lastFire !== undefined && at <= lastFire) return false
  if (!saveFlow(tables, { ...fired, lastFire: at })) return false
  tables.db.run(
    "insert into cano_fire (flow_id, at, run_id, outcome) values (?, ?, ?, 'fired')",
    fired.flowId,
    at,
    orNull(run?.runId)
  )
  if (run !== undefined) create(tables, run, now)
  return true
}
