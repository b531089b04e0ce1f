import type * as Journal from "effect-cano/Journal"
import type { Database } from "./database.ts"
import { headOf, listOf, rowColumns, type RunRow } from "./heads.ts"
import { loadedOf } from "./reads.ts"
import { end, release, rowOf, type Tables } from "./runs.ts"

/* What workers do: claims, beats and leave-taking. */

// -----------------------------------------------------------------------------
// claims
// -----------------------------------------------------------------------------

export const claim = (tables: Tables, claim: Journal.Claim, now: number): Journal.Claimed => {
  const taken: Array<number> = []
  const died: Array<Journal.Head> = []
  for (const row of candidates(tables, claim, now)) {
    const fence = row.fence + 1
    const crashes = row.crashes + (row.status === "running" ? 1 : 0)
    if (crashes > claim.maxCrashes) {
      const error = `${crashes} workers died with the run`
      const cancelAt = row.cancel_at
      died.push(
        headOf(end(tables, row, { status: "failed", fence, crashes, errorTag: "ProcessDied", error, cancelAt }, now))
      )
    } else {
      take(tables, row, claim.owner, crashes, now)
      taken.push(row.id)
    }
  }
  // The end of a run that died may have told a parent that was taken before it.
  const runs = taken.map((id) => loadedOf(tables.db, tables.db.get(byId, id)!))
  return { now, runs, died, nextDueIn: nextDueIn(tables.db, claim.fingerprints, now) }
}

const byId = `select ${rowColumns} from cano_run where id = ?`

const take = ({ db }: Tables, row: RunRow, owner: string, crashes: number, now: number): void =>
  void db.run(
    `update cano_run set status = 'running', rest_tag = null, owner = ?, fence = fence + 1, crashes = ?, wake_at = null,
       awaits_children = 0, updated_at = ?
     where id = ?`,
    owner,
    crashes,
    now,
    row.id
  )

/** The runs that a claim may take, oldest due time first. A run that a dead owner left is due since its last change. */
const candidates = (tables: Tables, claim: Journal.Claim, now: number): ReadonlyArray<RunRow> => {
  if (claim.limit <= 0) return []
  const fingerprints = Array.from(new Set(claim.fingerprints))
  const dead = deadOwners(tables.db, claim, now)
  const rows =
    claim.runIds === undefined
      ? [...due(tables.db, fingerprints, claim.limit, now), ...abandoned(tables.db, fingerprints, dead)]
      : Array.from(new Set(claim.runIds)).flatMap((runId) => {
          const row = rowOf(tables, runId)
          if (row === undefined || !fingerprints.includes(row.fingerprint)) return []
          const isDue = row.wake_at !== null && row.wake_at <= now
          return isDue || (row.owner !== null && dead.includes(row.owner)) ? [row] : []
        })
  return rows.sort(byDueTime).slice(0, claim.limit)
}

const byDueTime = (a: RunRow, b: RunRow): number => {
  const difference = (a.wake_at ?? a.updated_at) - (b.wake_at ?? b.updated_at)
  return difference === 0 ? (a.run_id < b.run_id ? -1 : 1) : difference
}

/** One probe of the index for each version: runs of unknown versions are never read. */
const due = (db: Database, fingerprints: ReadonlyArray<string>, limit: number, now: number): Array<RunRow> =>
  fingerprints.flatMap(
    (fingerprint) =>
      db.all(
        `select ${rowColumns} from cano_run where fingerprint = ? and wake_at <= ? order by wake_at, run_id limit ?`,
        fingerprint,
        now,
        limit
      ) as unknown as Array<RunRow>
  )

const abandoned = (db: Database, fingerprints: ReadonlyArray<string>, dead: ReadonlyArray<string>): Array<RunRow> =>
  dead.flatMap(
    (owner) =>
      db.all(
        `select ${rowColumns} from cano_run
         where owner = ? and fingerprint in (select value from json_each(?))`,
        owner,
        listOf(fingerprints)
      ) as unknown as Array<RunRow>
  )

/** The owners of running runs that do not beat. The owners are found by jumps through their index. */
const deadOwners = (db: Database, claim: Journal.Claim, now: number): ReadonlyArray<string> =>
  db
    .all(
      `with recursive owners (owner) as (
         select min(owner) from cano_run where owner is not null
         union all
         select (select min(owner) from cano_run where owner > owners.owner) from owners where owner is not null)
       select owner from owners where owner is not null and owner <> ?
         and not exists (select 1 from cano_worker w where w.owner = owners.owner and w.seen_at between ? and ?)`,
      claim.owner,
      Math.ceil(now - claim.staleAfter),
      Math.floor(now + claim.staleAfter)
    )
    .map((row) => row["owner"] as string)

const nextDueIn = (db: Database, fingerprints: ReadonlyArray<string>, now: number): number | undefined => {
  let next = Infinity
  for (const fingerprint of fingerprints) {
    const row = db.get(
      "select min(wake_at) as at from cano_run where fingerprint = ? and wake_at is not null",
      fingerprint
    )
    next = Math.min(next, (row?.["at"] as number | null | undefined) ?? Infinity)
  }
  return next === Infinity ? undefined : Math.max(0, next - now)
}

// -----------------------------------------------------------------------------
// workers
// -----------------------------------------------------------------------------

export const beat = ({ db }: Tables, worker: Journal.Worker, now: number): ReadonlyArray<Journal.Owned> => {
  db.run(
    `insert into cano_worker (owner, host, version, concurrency, fingerprints, is_draining, started_at, seen_at)
     values (?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (owner) do update set host = excluded.host, version = excluded.version, concurrency = excluded.concurrency,
       fingerprints = excluded.fingerprints, is_draining = excluded.is_draining, seen_at = excluded.seen_at`,
    worker.owner,
    worker.host,
    worker.version,
    worker.concurrency,
    listOf(worker.fingerprints),
    worker.isDraining ? 1 : 0,
    now,
    now
  )
  return ownedBy(db, worker.owner)
}

const ownedBy = (db: Database, owner: string): ReadonlyArray<Journal.Owned> =>
  db.all("select run_id, fence, cancel_at from cano_run where owner = ? order by run_id", owner).map((row) => ({
    runId: row["run_id"] as string,
    fence: row["fence"] as number,
    isCancelRequested: row["cancel_at"] !== null
  }))

export const leave = (tables: Tables, owner: string, now: number): void => {
  tables.db.run("delete from cano_worker where owner = ?", owner)
  for (const { fence, runId } of ownedBy(tables.db, owner)) release(tables, { runId, owner, fence }, now)
}

export const workers = (db: Database): ReadonlyArray<Journal.Worker & { readonly seenAt: number }> =>
  db.all("select * from cano_worker order by owner").map((row) => ({
    owner: row["owner"] as string,
    host: row["host"] as string,
    version: row["version"] as string,
    concurrency: row["concurrency"] as number,
    fingerprints: JSON.parse(row["fingerprints"] as string) as ReadonlyArray<string>,
    isDraining: row["is_draining"] === 1,
    seenAt: row["seen_at"] as number
  }))
