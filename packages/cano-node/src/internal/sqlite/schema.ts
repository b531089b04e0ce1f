import { randomUUID } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { JournalFailure } from "effect-cano/DurableError"

/*
 * The tables of a journal. Times are milliseconds since 1970. Whatever the control room and the queues will need stands
 * here from the first day, so that no later version has to rebuild the large tables.
 */

/** The format that this version writes. */
const format = 1

/** The oldest version of the reader that understands what this version writes. */
const minimumReader = 1

const tables = `
create table cano_meta (
  key text primary key,
  value any
) strict;

create table cano_run (
  id integer primary key,
  run_id text not null unique,
  workflow text not null,
  fingerprint text not null,
  status text not null check (status in
    ('delayed', 'queued', 'ready', 'running', 'waiting', 'retrying', 'done', 'failed', 'cancelled')),
  phase text not null check (phase in ('forward', 'compensating')),
  tag text not null,
  -- The tag of a run that is not running. An index on the tag itself would be written with each transition.
  rest_tag text,
  sequence integer not null,
  -- The row of cano_step that has the payload of the present state; none if cano_payload has it.
  state_sequence integer,
  transitions integer not null,
  fence integer not null,
  owner text,
  inbox integer not null default 0,
  attempt integer not null default 1,
  waits_for text,
  awaits_children integer not null default 0,
  deadline integer,
  wake_at integer,
  crashes integer not null default 0,
  cancel_at integer,
  error_tag text,
  error text,
  unread integer not null default 0,
  -- Who wrote the latest row, and with which fence.
  writer text,
  writer_fence integer not null,
  parent text,
  slot text,
  restarted_from text,
  restarted_at integer,
  labels text not null,
  trace text,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer,
  queue text,
  key text,
  priority integer,
  rank integer,
  pos integer,
  unique_key text,
  unique_scope text,
  unique_until integer,
  admitted_at integer,
  check (status <> 'ready' or wake_at is not null),
  check ((status = 'running') = (owner is not null))
) strict;
create index cano_run_due on cano_run (fingerprint, wake_at, run_id) where wake_at is not null;
create index cano_run_owned on cano_run (owner) where owner is not null;
create index cano_run_ended on cano_run (ended_at, run_id) where ended_at is not null;
create index cano_run_created on cano_run (created_at, run_id);
create index cano_run_status on cano_run (status, created_at, run_id);
create index cano_run_workflow on cano_run (workflow, created_at, run_id);
create index cano_run_resting on cano_run (workflow, rest_tag, created_at, run_id) where rest_tag is not null;
create index cano_run_parent on cano_run (parent) where parent is not null;
create index cano_run_queued on cano_run (queue, key, rank, pos) where status = 'queued';
create index cano_run_later on cano_run (wake_at) where status = 'delayed';
create unique index cano_run_unique on cano_run (queue, unique_key) where unique_key is not null;

create table cano_payload (
  run integer primary key,
  input text not null,
  -- The payload of the present state, without a history; none while the run is in its first state.
  state text,
  -- Progress and outcome count as long as the run is at the row that they were written with.
  progress text,
  progress_sequence integer,
  outcome text,
  outcome_sequence integer
) strict;

create table cano_step (
  run integer not null,
  sequence integer not null,
  at integer not null,
  fence integer not null,
  owner text,
  status text not null,
  phase text not null,
  tag text not null,
  transitions integer not null,
  attempts integer not null,
  signals text,
  wake_at integer,
  waits_for text,
  error_tag text,
  error text,
  actor text,
  -- Row 0 has its payload in cano_payload.input.
  state text,
  store text,
  primary key (run, sequence)
) strict;

create table cano_store (
  run integer not null,
  key text not null,
  value text not null,
  primary key (run, key)
) strict, without rowid;

create table cano_undo (
  run integer not null,
  transition integer not null,
  tag text not null,
  entered text not null,
  next text,
  outcome text not null check (outcome in ('pending', 'done', 'failed')),
  primary key (run, transition)
) strict, without rowid;

create table cano_signal (
  id integer primary key,
  run integer not null,
  signal_id text not null,
  name text not null,
  value text not null,
  sent_at integer not null,
  -- The row that took the signal. Its id is kept, so that a repeated signal is known.
  taken integer,
  unique (run, signal_id)
) strict;
create index cano_signal_unread on cano_signal (run, name, id) where taken is null;

create table cano_label (
  key text not null,
  value text not null,
  run integer not null,
  primary key (key, value, run)
) strict, without rowid;
create index cano_label_run on cano_label (run);

create table cano_definition (
  id integer primary key,
  workflow text not null,
  fingerprint text not null,
  graph text not null,
  schema text not null,
  first_seen integer not null,
  last_seen integer not null,
  unique (workflow, fingerprint)
) strict;

create table cano_worker (
  owner text primary key,
  host text not null,
  version text not null,
  concurrency integer not null,
  fingerprints text not null,
  is_draining integer not null,
  started_at integer not null,
  seen_at integer not null
) strict;

create table cano_flow (
  flow_id text primary key,
  version integer not null,
  trigger text not null,
  anchor integer not null,
  last_fire integer,
  last_run text,
  next_fire integer,
  is_paused integer not null,
  runs integer not null,
  failures integer not null,
  is_tripped integer not null
) strict;

create table cano_fire (
  id integer primary key,
  flow_id text not null,
  at integer not null,
  run_id text,
  outcome text,
  reason text
) strict;
create index cano_fire_flow on cano_fire (flow_id, at);

create table cano_rollup (
  workflow text not null,
  fingerprint text not null,
  hour integer not null,
  from_tag text not null,
  to_tag text not null,
  error_tag text not null,
  n integer not null,
  buckets text not null,
  primary key (workflow, fingerprint, hour, from_tag, to_tag, error_tag)
) strict, without rowid;

create table cano_audit (
  id integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  target text,
  reason text,
  result text
) strict;
create index cano_audit_at on cano_audit (at);

create table cano_queue (
  queue text primary key,
  lim integer,
  per_key integer,
  running integer not null default 0 check (running >= 0),
  turn integer not null default 0,
  marks text not null default '{}',
  closed integer not null default 0,
  paused_until integer,
  options text not null,
  override text
) strict;

create table cano_lane (
  queue text not null,
  key text not null,
  running integer not null default 0 check (running >= 0),
  waiting integer not null default 0 check (waiting >= 0),
  is_full integer not null default 0,
  turn integer not null,
  blocked_by text,
  is_paused integer not null default 0,
  primary key (queue, key)
) strict, without rowid;
create index cano_lane_open on cano_lane (queue, turn, key) where waiting > 0 and is_full = 0;
`

const hasTable = (db: DatabaseSync, name: string): boolean =>
  db.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(name) !== undefined

const meta = (db: DatabaseSync, key: string): unknown =>
  db.prepare("select value from cano_meta where key = ?").get(key)?.["value"]

/** Reads a number that every journal has. */
const numberOf = (db: DatabaseSync, key: string): number => {
  const value = meta(db, key)
  if (typeof value === "number") return value
  throw new JournalFailure({ operation: "open the file", reason: "Damaged", cause: `cano_meta has no ${key}` })
}

/**
 * Creates the tables, or checks those that are there, within a transaction. Throws a failure for a file that this
 * version cannot use. Other tables in the file are left alone.
 */
export const migrate = (db: DatabaseSync, now: number): void => {
  if (hasTable(db, "cano_meta")) {
    if (numberOf(db, "minimum_reader") > format)
      throw new JournalFailure({
        operation: "open the file",
        reason: "Newer",
        cause: `its format is ${numberOf(db, "format")}, this version reads up to ${format}`
      })
    if (hasTable(db, "cano_run")) return
    throw new JournalFailure({ operation: "open the file", reason: "Damaged", cause: "it has no table cano_run" })
  }
  db.exec(tables)
  const insert = db.prepare("insert into cano_meta (key, value) values (?, ?)")
  insert.run("format", format)
  insert.run("minimum_reader", minimumReader)
  insert.run("epoch", randomUUID())
  insert.run("created_at", now)
}

/** The random name of a journal. A file that was restored from a backup should get a new one. */
export const epochOf = (db: DatabaseSync): unknown => meta(db, "epoch")
