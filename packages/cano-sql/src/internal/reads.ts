import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { JournalFailure } from "effect-cano/DurableError"
import type * as Journal from "effect-cano/Journal"
import type { Database, Row } from "./database.ts"
import { headJson, headOf, listOf } from "./heads.ts"
import type { Dialect } from "./names.ts"

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/*
 * The runs `c` with their payloads, as of one moment. A payload stands in a row of its own, since drivers have a limit for
 * the size of a row.
 */
export const loading = `
select 'run' as kind, r.id::text as run, null as key, ${headJson} as a,
  case when r.state_sequence is null then coalesce(p.state, p.input)
    else (select s.state from cano_step s where s.run = r.id and s.sequence = r.state_sequence) end as b
  from c join cano_run r using (id) join cano_payload p on p.run = r.id
union all
select 'kept', p.run::text, null, case when p.progress_sequence = r.sequence then p.progress end, null
  from c join cano_run r using (id) join cano_payload p on p.run = r.id where p.progress_sequence = r.sequence
union all
select 'outcome', p.run::text, null, p.outcome, null
  from c join cano_run r using (id) join cano_payload p on p.run = r.id where p.outcome_sequence = r.sequence
union all
select 'store', s.run::text, s.key, s.value, null from c join cano_store s on s.run = c.id
union all
select 'undo', u.run::text, json_build_object('transition', u.transition, 'tag', u.tag, 'outcome', u.outcome)::text, u.entered,
  u.next from c join cano_undo u on u.run = c.id`

interface Part {
  readonly kind: "run" | "kept" | "outcome" | "store" | "undo"
  readonly run: string
  readonly key: string | null
  readonly a: string
  readonly b: string | null
}

interface Loading {
  head: Journal.Head
  state: string
  progress: string | undefined
  outcome: string | undefined
  readonly store: Array<readonly [key: string, value: string]>
  readonly undo: Array<Journal.Undo>
}

/** Puts the rows of {@link loading} together. */
export const loadedOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Journal.Loaded> => {
  const parts = rows as unknown as ReadonlyArray<Part>
  const runs = new Map<string, Loading>()
  for (const { a, b, kind, run } of parts) {
    if (kind === "run")
      runs.set(run, { head: headOf(a), state: b!, store: [], undo: [], progress: undefined, outcome: undefined })
  }
  for (const part of parts) {
    const run = runs.get(part.run)
    if (run !== undefined) put(run, part)
  }
  for (const run of runs.values()) {
    run.store.sort(([a], [b]) => (a < b ? -1 : 1))
    run.undo.sort((a, b) => a.transition - b.transition)
  }
  return Array.from(runs.values())
}

const put = (run: Loading, { a, b, key, kind }: Part): void => {
  if (kind === "kept") run.progress = a
  else if (kind === "outcome") run.outcome = a
  else if (kind === "store") run.store.push([key!, a])
  else if (kind === "undo") {
    const { outcome, tag, transition } = JSON.parse(key!) as Pick<Journal.Undo, "outcome" | "tag" | "transition">
    run.undo.push({ transition, tag, entered: a, next: b ?? undefined, outcome })
  }
}

// -----------------------------------------------------------------------------
// history
// -----------------------------------------------------------------------------

const stepColumns = `s.sequence, s.at, s.fence, s.owner, s.status, s.phase, s.tag, s.transitions, s.attempts, s.signals,
  s.wake_at, s.waits_for, s.error_tag, s.error`

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
}

const stepsText = (payloads: boolean): string => `
select (select row_to_json(h)::text from (select ${stepColumns}) h) as step${
  payloads ? ", case when s.sequence = 0 then p.input else s.state end as state, s.store" : ""
} from cano_run r join cano_step s on s.run = r.id ${payloads ? "join cano_payload p on p.run = r.id" : ""}
where r.run_id = $1 and s.sequence >= $2::bigint order by s.sequence limit $3::bigint`

const stepOf = (row: Row, before: StepRow | undefined, step: StepRow): Journal.Step => ({
  sequence: step.sequence,
  at: step.at,
  fence: step.fence,
  owner: step.owner ?? undefined,
  status: step.status,
  phase: step.phase,
  tag: step.tag,
  from: before !== undefined && step.transitions > before.transitions ? before.tag : undefined,
  transitions: step.transitions,
  attempts: step.attempts,
  signals: step.signals === null ? [] : (JSON.parse(step.signals) as ReadonlyArray<string>),
  wakeAt: step.wake_at ?? undefined,
  waitsFor: step.waits_for ?? undefined,
  errorTag: step.error_tag ?? undefined,
  error: step.error ?? undefined,
  state: (row["state"] ?? undefined) as string | undefined,
  store:
    typeof row["store"] === "string"
      ? (JSON.parse(row["store"]) as ReadonlyArray<readonly [string, string | null]>).map(([key, value]) => [
          key,
          value ?? undefined
        ])
      : []
})

// -----------------------------------------------------------------------------
// lists
// -----------------------------------------------------------------------------

/** The conditions of a query, and their parameters. */
const conditionsOf = (
  query: Journal.Query,
  after: readonly [createdAt: string, runId: string] | undefined
): { readonly where: ReadonlyArray<string>; readonly parameters: ReadonlyArray<string> } => {
  const where: Array<string> = []
  const parameters: Array<string> = []
  const add = (
    condition: (...names: ReadonlyArray<string>) => string,
    ...values: ReadonlyArray<string | undefined>
  ) => {
    if (values.some((value) => value === undefined)) return
    where.push(condition(...values.map((value) => `$${parameters.push(value!)}`)))
  }
  add((value) => `r.workflow = ${value}`, query.workflow)
  add((value) => `r.fingerprint = ${value}`, query.fingerprint)
  if (query.status?.length === 1) add((value) => `r.status = ${value}`, query.status[0])
  else if (query.status !== undefined)
    add((value) => `r.status in (select value from json_array_elements_text(${value}::json))`, listOf(query.status))
  add((value) => `r.rest_tag = ${value}`, query.tag)
  add((value) => `r.error_tag = ${value}`, query.errorTag)
  add((value) => `r.parent = ${value}`, query.parent)
  add((value) => `r.created_at > ${value}::numeric`, query.createdAfter?.toString())
  add((value) => `r.created_at < ${value}::numeric`, query.createdBefore?.toString())
  for (const [key, value] of Object.entries(query.labels ?? {}))
    add(
      (k, v) => `exists (select 1 from cano_label l where l.key = ${k} and l.value = ${v} and l.run = r.id)`,
      key,
      value
    )
  add((at, runId) => `(r.created_at, r.run_id) < (${at}::bigint, ${runId})`, ...(after ?? [undefined]))
  return { where, parameters }
}

const cursorOf = (text: string): readonly [createdAt: string, runId: string] | undefined => {
  const match = /^(\d{1,15}):(.*)$/s.exec(text)
  return match === null ? undefined : [match[1]!, match[2]!]
}

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

type Reads = Pick<Journal.Shape, "heads" | "list" | "load" | "signals" | "steps">

export const make = (database: Database, dialect: Dialect): Reads => {
  const loadText = dialect.text(`with c as materialized (select id from cano_run where run_id = $1) ${loading}`)
  const headsText = dialect.text(
    `select ${headJson} as head from cano_run r where r.run_id in (select value from json_array_elements_text($1::json))`
  )
  const signalsText = dialect.text(`select r.inbox::text as inbox, s.signal_id, s.value from cano_run r
    left join cano_signal s on s.run = r.id and s.name = $2 and s.taken is null where r.run_id = $1 order by s.id`)
  const texts = { bare: dialect.text(stepsText(false)), full: dialect.text(stepsText(true)) }
  return {
    load: (runId) =>
      Effect.map(database.run("pool", "load a run", loadText, [runId]), (rows) =>
        Option.fromNullishOr(loadedOf(rows)[0])
      ),
    heads: (runIds) =>
      Effect.map(database.run("pool", "read runs", headsText, [listOf(runIds)]), (rows) =>
        rows.map((row) => headOf(row["head"]))
      ),
    signals: (runId, name) =>
      Effect.map(database.run("pool", "read signals", signalsText, [runId, name]), (rows) => ({
        inbox: Number(rows[0]?.["inbox"] ?? 0),
        signals: rows.flatMap((row) =>
          row["signal_id"] === null ? [] : [{ id: row["signal_id"] as string, value: row["value"] as string }]
        )
      })),
    steps: ({ after, limit, payloads, runId }) => {
      if (limit <= 0) return Effect.succeed([])
      // The row before the page tells which state the first row of the page has left.
      const parameters = [runId, String(after), String(limit + 1)]
      return Effect.map(
        database.run("pool", "read a history", payloads ? texts.full : texts.bare, parameters),
        (rows) => {
          const steps = rows.map((row) => JSON.parse(row["step"] as string) as StepRow)
          return rows
            .map((row, n) => stepOf(row, steps[n - 1], steps[n]!))
            .filter((step) => step.sequence > after)
            .slice(0, limit)
        }
      )
    },
    list: (query) => {
      const after = query.after === undefined ? undefined : cursorOf(query.after)
      if (query.after !== undefined && after === undefined)
        return Effect.fail(
          new JournalFailure({ operation: "list runs", reason: "Refused", cause: "no cursor of a page" })
        )
      const limit = Math.min(1000, Math.max(1, query.limit ?? 100))
      const { parameters, where } = conditionsOf(query, after)
      const text = dialect.text(`select ${headJson} as head from cano_run r
        ${where.length === 0 ? "" : `where ${where.join(" and ")}`} order by r.created_at desc, r.run_id desc limit ${limit + 1}`)
      return Effect.map(database.run("pool", "list runs", text, parameters), (rows) => {
        const runs = rows.slice(0, limit).map((row) => headOf(row["head"]))
        const last = runs.at(-1)
        return {
          runs,
          next: rows.length > limit && last !== undefined ? `${last.createdAt}:${last.runId}` : undefined
        }
      })
    }
  }
}
