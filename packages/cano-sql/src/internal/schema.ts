/*
 * The tables of a journal. Times are milliseconds since 1970, by the clock of the database. Whatever the control room and
 * the queues will need stands here from the first day, so that no later version has to rebuild the large tables.
 *
 * The tables name each other without foreign keys: a key of each row would lock the head once more, and a cascade
 * removes the rows of a family in one statement, however many they are. Text is compared by its bytes.
 */

/** The format that this version writes. */
export const format = 1

/** The oldest version of the reader that understands what this version writes. */
export const minimumReader = 1

/** The tables of format 1, statement by statement. */
export const tables: ReadonlyArray<string> = [
  `create table cano_meta (
  key text collate "C" primary key,
  value text not null
)`,

  // The hot row: small, and most of its updates touch no index, so that they stay in their page.
  `create table cano_run (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null unique,
  workflow text collate "C" not null,
  fingerprint text collate "C" not null,
  status text collate "C" not null check (status in
    ('delayed', 'queued', 'ready', 'running', 'waiting', 'retrying', 'done', 'failed', 'cancelled')),
  phase text collate "C" not null check (phase in ('forward', 'compensating')),
  tag text collate "C" not null,
  -- The tag of a run that is not running. An index on the tag itself would be written with each transition.
  rest_tag text collate "C",
  sequence bigint not null,
  -- The row of cano_step that has the payload of the present state; none if cano_payload has it.
  state_sequence bigint,
  transitions bigint not null,
  fence bigint not null,
  owner text collate "C",
  inbox bigint not null default 0,
  attempt bigint not null default 1,
  waits_for text collate "C",
  awaits_children bigint not null default 0,
  deadline bigint,
  wake_at bigint,
  crashes bigint not null default 0,
  cancel_at bigint,
  error_tag text collate "C",
  error text,
  unread bigint not null default 0,
  -- Who wrote the latest row, and with which fence.
  writer text collate "C",
  writer_fence bigint not null,
  parent text collate "C",
  slot text collate "C",
  restarted_from text collate "C",
  restarted_at bigint,
  labels text not null,
  trace text,
  created_at bigint not null,
  updated_at bigint not null,
  ended_at bigint,
  queue text collate "C",
  key text collate "C",
  priority bigint,
  rank bigint,
  pos bigint,
  unique_key text collate "C",
  unique_scope text collate "C",
  unique_until bigint,
  admitted_at bigint,
  check (status <> 'ready' or wake_at is not null),
  check ((status = 'running') = (owner is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02)`,
  `create index cano_run_due on cano_run (fingerprint, wake_at, run_id) where wake_at is not null`,
  `create index cano_run_owned on cano_run (owner) where owner is not null`,
  `create index cano_run_ended on cano_run (ended_at, run_id) where ended_at is not null`,
  `create index cano_run_created on cano_run (created_at, run_id)`,
  `create index cano_run_status on cano_run (status, created_at, run_id)`,
  `create index cano_run_workflow on cano_run (workflow, created_at, run_id)`,
  `create index cano_run_resting on cano_run (workflow, rest_tag, created_at, run_id) where rest_tag is not null`,
  `create index cano_run_parent on cano_run (parent) where parent is not null`,
  `create index cano_run_queued on cano_run (queue, key, rank, pos) where status = 'queued'`,
  `create index cano_run_later on cano_run (wake_at) where status = 'delayed'`,
  `create unique index cano_run_unique on cano_run (queue, unique_key) where unique_key is not null`,

  `create table cano_payload (
  run bigint primary key,
  input text not null,
  -- The payload of the present state, without a history; none while the run is in its first state.
  state text,
  -- Progress and outcome count as long as the run is at the row that they were written with.
  progress text,
  progress_sequence bigint,
  outcome text,
  outcome_sequence bigint
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`,

  `create table cano_step (
  run bigint not null,
  sequence bigint not null,
  at bigint not null,
  fence bigint not null,
  owner text,
  status text not null,
  phase text not null,
  tag text not null,
  transitions bigint not null,
  attempts bigint not null,
  signals text,
  wake_at bigint,
  waits_for text,
  error_tag text,
  error text,
  actor text,
  -- Row 0 has its payload in cano_payload.input.
  state text,
  store text,
  primary key (run, sequence)
) with (autovacuum_vacuum_insert_scale_factor = 0.05)`,

  `create table cano_store (
  run bigint not null,
  key text collate "C" not null,
  value text not null,
  primary key (run, key)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`,

  `create table cano_undo (
  run bigint not null,
  transition bigint not null,
  tag text not null,
  entered text not null,
  next text,
  outcome text collate "C" not null check (outcome in ('pending', 'done', 'failed')),
  primary key (run, transition)
) with (fillfactor = 85)`,

  `create table cano_signal (
  id bigint generated always as identity primary key,
  run bigint not null,
  signal_id text collate "C" not null,
  name text collate "C" not null,
  value text not null,
  sent_at bigint not null,
  -- The row that took the signal. Its id is kept, so that a repeated signal is known.
  taken bigint,
  unique (run, signal_id)
) with (fillfactor = 85)`,
  `create index cano_signal_unread on cano_signal (run, name, id) where taken is null`,

  `create table cano_label (
  key text collate "C" not null,
  value text collate "C" not null,
  run bigint not null,
  primary key (key, value, run)
)`,
  `create index cano_label_run on cano_label (run)`,

  `create table cano_definition (
  id bigint generated always as identity primary key,
  workflow text collate "C" not null,
  fingerprint text collate "C" not null,
  graph text not null,
  schema text not null,
  first_seen bigint not null,
  last_seen bigint not null,
  unique (workflow, fingerprint)
)`,

  // No index on seen_at: with one, each beat would write all indexes.
  `create table cano_worker (
  owner text collate "C" primary key,
  host text not null,
  version text not null,
  concurrency bigint not null,
  fingerprints text not null,
  is_draining boolean not null,
  started_at bigint not null,
  seen_at bigint not null
) with (fillfactor = 50)`,

  `create table cano_flow (
  flow_id text collate "C" primary key,
  version bigint not null,
  trigger text not null,
  anchor bigint not null,
  last_fire bigint,
  last_run text,
  next_fire bigint,
  is_paused boolean not null,
  runs bigint not null,
  failures bigint not null,
  is_tripped boolean not null
) with (fillfactor = 70)`,

  `create table cano_fire (
  id bigint generated always as identity primary key,
  flow_id text collate "C" not null,
  at bigint not null,
  run_id text,
  outcome text,
  reason text
)`,
  `create index cano_fire_flow on cano_fire (flow_id, at)`,

  `create table cano_rollup (
  workflow text collate "C" not null,
  fingerprint text collate "C" not null,
  hour bigint not null,
  from_tag text collate "C" not null,
  to_tag text collate "C" not null,
  error_tag text collate "C" not null,
  n bigint not null,
  buckets text not null,
  primary key (workflow, fingerprint, hour, from_tag, to_tag, error_tag)
)`,

  `create table cano_audit (
  id bigint generated always as identity primary key,
  at bigint not null,
  actor text not null,
  action text not null,
  target text,
  reason text,
  result text
)`,
  `create index cano_audit_at on cano_audit (at)`,

  `create table cano_queue (
  queue text collate "C" primary key,
  lim bigint,
  per_key bigint,
  running bigint not null default 0 check (running >= 0),
  turn bigint not null default 0,
  marks jsonb not null default '{}',
  closed boolean not null default false,
  paused_until bigint,
  options jsonb not null,
  override jsonb
) with (fillfactor = 50)`,

  `create table cano_lane (
  queue text collate "C" not null,
  key text collate "C" not null,
  running bigint not null default 0 check (running >= 0),
  waiting bigint not null default 0 check (waiting >= 0),
  is_full boolean not null default false,
  turn bigint not null,
  blocked_by text,
  is_paused boolean not null default false,
  primary key (queue, key)
) with (fillfactor = 60)`,
  `create index cano_lane_open on cano_lane (queue, turn, key) where waiting > 0 and not is_full`
]
