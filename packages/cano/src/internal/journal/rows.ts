import * as Effect from "effect/Effect"
import { JournalFailure } from "../../DurableError.ts"
import type * as Journal from "../../Journal.ts"

/** A run and the rows that belong to it. Its head is never changed, but replaced. */
interface Run {
  head: Journal.Head
  /** The payload that the run was created with. */
  readonly input: string
  state: string
  progress: string | undefined
  outcome: string | undefined
  /** The ends of children until the run, which waits for them, is ready. */
  awaitsChildren: number
  /** The owner that wrote the head; none if the journal did. */
  writer: string | undefined
  readonly store: Map<string, string>
  readonly undo: Map<number, Journal.Undo>
  readonly steps: Array<Journal.Step>
  readonly signals: Map<string, Signal>
}

interface Signal {
  readonly id: string
  readonly name: string
  readonly value: string
  isTaken: boolean
}

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/** Orders by keys, of which the first that differ decide. */
export const by =
  <A>(...keys: ReadonlyArray<(value: A) => number | string>) =>
  (a: A, b: A): number => {
    for (const key of keys) {
      const [left, right] = [key(a), key(b)]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  }

const hasEnded = (status: Journal.Status): status is "done" | "failed" | "cancelled" =>
  status === "done" || status === "failed" || status === "cancelled"

const isResting = (status: Journal.Status): boolean => status === "waiting" || status === "retrying"

export const loaded = (run: Run): Journal.Loaded => ({
  head: run.head,
  state: run.state,
  store: Array.from(run.store).sort(by(([key]) => key)),
  undo: Array.from(run.undo.values()).sort(by((row) => row.transition)),
  progress: run.progress,
  outcome: run.outcome
})

const created = (run: Journal.NewRun, now: number): Run => {
  const status = run.owner === undefined ? "ready" : "running"
  const head: Journal.Head = {
    runId: run.runId,
    workflow: run.workflow,
    fingerprint: run.fingerprint,
    status,
    phase: "forward",
    tag: run.tag,
    sequence: 0,
    transitions: run.transitions,
    fence: run.owner === undefined ? 0 : 1,
    owner: run.owner,
    inbox: 0,
    attempt: 1,
    waitsFor: undefined,
    deadline: undefined,
    wakeAt: run.owner === undefined ? now + Math.ceil(run.startIn) : undefined,
    crashes: 0,
    isCancelRequested: false,
    errorTag: undefined,
    error: undefined,
    unreadSignals: 0,
    parent: run.parent && { runId: run.parent.runId, slot: run.parent.slot },
    restartedFrom: run.restartedFrom && { runId: run.restartedFrom.runId, sequence: run.restartedFrom.sequence },
    labels: { ...run.labels },
    trace: run.trace,
    createdAt: now,
    updatedAt: now,
    endedAt: undefined
  }
  const row: Run = {
    head,
    input: run.state,
    state: run.state,
    progress: undefined,
    outcome: undefined,
    awaitsChildren: 0,
    writer: run.owner,
    store: new Map(),
    undo: new Map(run.undo.map((undo) => [undo.transition, { ...undo }])),
    steps: [],
    signals: new Map()
  }
  putStore(row, run.store)
  row.steps.push({
    ...ownStep(head, now),
    owner: run.owner,
    wakeAt: head.wakeAt,
    state: run.state,
    store: run.store.map(([key, value]) => [key, value])
  })
  return row
}

const putStore = (run: Run, changes: ReadonlyArray<Journal.StoreChange>): void => {
  for (const [key, value] of changes) {
    if (value === undefined) run.store.delete(key)
    else run.store.set(key, value)
  }
}

/** The end of a wait that begins now. */
const deadlineOf = (wake: Journal.Wake | undefined, now: number): number | undefined => {
  if (wake === undefined || wake === "never") return undefined
  return "in" in wake ? now + Math.ceil(wake.in) : Math.ceil(wake.at)
}

/** A row that the journal itself writes. */
const ownStep = (head: Journal.Head, now: number): Journal.Step => ({
  sequence: head.sequence,
  at: now,
  fence: head.fence,
  owner: undefined,
  status: head.status,
  phase: head.phase,
  tag: head.tag,
  from: undefined,
  transitions: head.transitions,
  attempts: 0,
  signals: [],
  wakeAt: undefined,
  waitsFor: undefined,
  errorTag: head.errorTag,
  error: head.error,
  state: undefined,
  store: []
})

const stepOf = (entry: Journal.Entry, before: Journal.Head, wakeAt: number | undefined, now: number): Journal.Step => ({
  sequence: entry.sequence,
  at: now,
  fence: entry.fence,
  owner: entry.owner,
  status: entry.status,
  phase: entry.phase,
  tag: entry.tag,
  from: entry.transitions > before.transitions ? before.tag : undefined,
  transitions: entry.transitions,
  attempts: entry.attempts,
  signals: [...entry.signals],
  wakeAt,
  waitsFor: entry.waitsFor,
  errorTag: entry.errorTag,
  error: entry.error,
  state: entry.state,
  store: entry.store.map(([key, value]) => [key, value])
})

/** Makes a run ready that waits or retries. The end of its wait stays. */
const wake = (run: Run, now: number): void => {
  run.head = { ...run.head, status: "ready", wakeAt: now, updatedAt: now }
  run.awaitsChildren = 0
}

const bump = (run: Run, now: number): void => {
  run.head = { ...run.head, inbox: run.head.inbox + 1, updatedAt: now }
}

// -----------------------------------------------------------------------------
// tables
// -----------------------------------------------------------------------------

/** All rows of a journal. Each method is a commit at a time. */
export class Tables {
  readonly runs = new Map<string, Run>()
  readonly workers = new Map<string, Journal.Worker & { readonly seenAt: number }>()
  readonly definitions = new Map<string, Journal.Definition>()
  readonly flows = new Map<string, Journal.Flow>()
  /** The runs by the id of their parent, whether the parent is there or not. */
  private readonly children = new Map<string, Set<Run>>()
  private readonly hint: (runId: string) => void

  constructor(hint: (runId: string) => void) {
    this.hint = hint
  }

  // --- the life of a run

  create(
    run: Journal.NewRun,
    now: number
  ): { readonly isCreated: boolean; readonly head: Journal.Head; readonly input: string } {
    const present = this.runs.get(run.runId)
    if (present !== undefined) return { isCreated: false, head: present.head, input: present.input }
    const row = created(run, now)
    this.runs.set(run.runId, row)
    if (row.head.parent !== undefined) this.childrenOf(row.head.parent.runId).add(row)
    if (run.owner === undefined) this.hint(run.runId)
    return { isCreated: true, head: row.head, input: row.input }
  }

  append(
    entry: Journal.Entry,
    now: number
  ): { readonly inbox: number; readonly isCancelRequested: boolean } | "Conflict" | "UnknownRun" | "Refused" {
    const run = this.runs.get(entry.runId)
    if (run === undefined) return "UnknownRun"
    const before = run.head
    if (!isHead(run, entry)) {
      const isOwned = before.status === "running" && before.owner === entry.owner && before.fence === entry.fence
      if (!isOwned || before.sequence + 1 !== entry.sequence) return "Conflict"
      if (!areUnread(run, entry.signals)) return "Refused"
      this.write(run, entry, now)
    }
    return { inbox: run.head.inbox, isCancelRequested: run.head.isCancelRequested }
  }

  private write(run: Run, entry: Journal.Entry, now: number): void {
    const before = run.head
    const deadline = isResting(entry.status) ? deadlineOf(entry.wake, now) : undefined
    const wakeAt = entry.status === "ready" ? now : deadline
    for (const id of entry.signals) run.signals.get(id)!.isTaken = true
    putStore(run, entry.store)
    for (const undo of entry.undo) run.undo.set(undo.transition, { ...undo })
    if (entry.state !== undefined) run.state = entry.state
    run.progress = entry.progress
    run.outcome = entry.outcome
    run.writer = entry.owner
    run.awaitsChildren = isResting(entry.status) ? entry.awaitsChildren : 0
    run.head = {
      ...before,
      fingerprint: entry.fingerprint,
      status: entry.status,
      phase: entry.phase,
      tag: entry.tag,
      sequence: entry.sequence,
      transitions: entry.transitions,
      owner: entry.status === "running" ? entry.owner : undefined,
      attempt: entry.attempt,
      waitsFor: entry.waitsFor,
      deadline,
      wakeAt,
      crashes: 0,
      errorTag: entry.errorTag,
      error: entry.error,
      unreadSignals: before.unreadSignals - entry.signals.length,
      updatedAt: now,
      endedAt: hasEnded(entry.status) ? now : undefined
    }
    run.steps.push(stepOf(entry, before, wakeAt, now))
    const isCancelled = before.isCancelRequested && entry.phase === "forward" && entry.awaitsChildren === 0
    if (isResting(entry.status) && (entry.inbox < before.inbox || isCancelled)) wake(run, now)
    if (hasEnded(entry.status)) this.tellParent(run, now)
    if (entry.status !== "running") this.hint(entry.runId)
  }

  release(run: { readonly runId: string; readonly owner: string; readonly fence: number }, now: number): boolean {
    const row = this.runs.get(run.runId)
    const isOwned = row?.head.status === "running" && row.head.owner === run.owner && row.head.fence === run.fence
    if (isOwned) this.giveBack(row, now)
    return isOwned
  }

  private giveBack(run: Run, now: number): void {
    run.head = { ...run.head, status: "ready", owner: undefined, wakeAt: now, updatedAt: now }
    this.hint(run.head.runId)
  }

  cancel(runId: string, now: number): Journal.CancelAnswer {
    const run = this.runs.get(runId)
    if (run === undefined) return "UnknownRun"
    const { isCancelRequested, status } = run.head
    if (hasEnded(status)) return "AlreadyEnded"
    if (status !== "running" && this.hasNothingToEnd(run)) {
      run.head = { ...run.head, isCancelRequested: true }
      this.end(run, "cancelled", now)
      return "Cancelled"
    }
    if (!isCancelRequested) {
      run.head = { ...run.head, isCancelRequested: true }
      bump(run, now)
      if (status !== "running") {
        wake(run, now)
        this.hint(runId)
      }
    }
    return "Requested"
  }

  /** Ends a run by a row of the journal's own. */
  private end(run: Run, status: "failed" | "cancelled", now: number): void {
    run.head = {
      ...run.head,
      status,
      sequence: run.head.sequence + 1,
      owner: undefined,
      waitsFor: undefined,
      deadline: undefined,
      wakeAt: undefined,
      updatedAt: now,
      endedAt: now
    }
    run.writer = undefined
    run.awaitsChildren = 0
    run.steps.push(ownStep(run.head, now))
    this.tellParent(run, now)
    this.hint(run.head.runId)
  }

  private parentOf(run: Run): Run | undefined {
    return run.head.parent && this.runs.get(run.head.parent.runId)
  }

  private childrenOf(runId: string): Set<Run> {
    const present = this.children.get(runId)
    if (present !== undefined) return present
    const children = new Set<Run>()
    this.children.set(runId, children)
    return children
  }

  /** Whether nobody has to be told of the end of a run. */
  private hasNothingToEnd(run: Run): boolean {
    return (
      Array.from(run.undo.values()).every((undo) => undo.outcome !== "pending") &&
      Array.from(this.children.get(run.head.runId) ?? []).every((child) => hasEnded(child.head.status))
    )
  }

  private tellParent(run: Run, now: number): void {
    const parent = this.parentOf(run)
    if (parent === undefined || hasEnded(parent.head.status)) return
    bump(parent, now)
    if (parent.awaitsChildren === 0) return
    parent.awaitsChildren -= 1
    if (parent.awaitsChildren > 0) return
    wake(parent, now)
    this.hint(parent.head.runId)
  }

  // --- workers

  claim(claim: Journal.Claim, now: number): Journal.Claimed {
    const fingerprints = new Set(claim.fingerprints)
    const isKnown = (run: Run): boolean => fingerprints.has(run.head.fingerprint)
    const taken: Array<Run> = []
    const died: Array<Journal.Head> = []
    const chosen = this.chosen(claim.runIds)
      .filter((run) => isKnown(run) && (isDue(run, now) || this.isAbandoned(run, claim, now)))
      .sort(by(dueTime, (run) => run.head.runId))
      .slice(0, Math.max(0, claim.limit))
    for (const run of chosen) {
      const crashes = run.head.crashes + (run.head.status === "running" ? 1 : 0)
      run.head = { ...run.head, fence: run.head.fence + 1, crashes }
      if (crashes > claim.maxCrashes) {
        run.head = { ...run.head, errorTag: "ProcessDied", error: `${crashes} workers died with the run` }
        this.end(run, "failed", now)
        died.push(run.head)
      } else {
        run.head = { ...run.head, status: "running", owner: claim.owner, wakeAt: undefined, updatedAt: now }
        run.awaitsChildren = 0
        taken.push(run)
      }
    }
    let next = Infinity
    for (const run of this.runs.values()) if (isKnown(run)) next = Math.min(next, run.head.wakeAt ?? Infinity)
    const nextDueIn = next === Infinity ? undefined : Math.max(0, next - now)
    return { now, runs: taken.map(loaded), died, nextDueIn }
  }

  private chosen(runIds: ReadonlyArray<string> | undefined): Array<Run> {
    if (runIds === undefined) return Array.from(this.runs.values())
    return Array.from(new Set(runIds)).flatMap((runId) => this.runs.get(runId) ?? [])
  }

  private isAbandoned(run: Run, claim: Journal.Claim, now: number): boolean {
    const { owner, status } = run.head
    if (status !== "running" || owner === undefined || owner === claim.owner) return false
    const seenAt = this.workers.get(owner)?.seenAt
    return seenAt === undefined || Math.abs(now - seenAt) > claim.staleAfter
  }

  beat(worker: Journal.Worker, now: number): ReadonlyArray<Journal.Owned> {
    this.workers.set(worker.owner, { ...worker, fingerprints: [...worker.fingerprints], seenAt: now })
    return this.ownedBy(worker.owner)
      .map(({ head: { fence, isCancelRequested, runId } }) => ({ runId, fence, isCancelRequested }))
      .sort(by((owned) => owned.runId))
  }

  leave(owner: string, now: number): void {
    this.workers.delete(owner)
    for (const run of this.ownedBy(owner)) this.giveBack(run, now)
  }

  private ownedBy(owner: string): Array<Run> {
    return Array.from(this.runs.values()).filter((run) => run.head.owner === owner)
  }

  // --- signals

  send(signal: Journal.Sent, now: number): Journal.SendAnswer {
    const run = this.runs.get(signal.runId)
    if (run === undefined) return "UnknownRun"
    if (run.signals.has(signal.id)) return "Duplicate"
    if (hasEnded(run.head.status)) return "RunEnded"
    run.signals.set(signal.id, { id: signal.id, name: signal.name, value: signal.value, isTaken: false })
    run.head = { ...run.head, unreadSignals: run.head.unreadSignals + 1 }
    bump(run, now)
    if (isResting(run.head.status) && run.head.waitsFor === signal.name) {
      wake(run, now)
      this.hint(signal.runId)
    }
    return "Accepted"
  }

  signals(
    runId: string,
    name: string
  ): {
    readonly inbox: number
    readonly signals: ReadonlyArray<{ readonly id: string; readonly value: string }>
  } {
    const run = this.runs.get(runId)
    return {
      inbox: run?.head.inbox ?? 0,
      signals: Array.from(run?.signals.values() ?? [])
        .filter((signal) => signal.name === name && !signal.isTaken)
        .map(({ id, value }) => ({ id, value }))
    }
  }

  // --- reading

  heads(runIds: ReadonlyArray<string>): ReadonlyArray<Journal.Head> {
    return this.chosen(runIds).map((run) => run.head)
  }

  steps(page: {
    readonly runId: string
    readonly after: number
    readonly limit: number
    readonly payloads: boolean
  }): ReadonlyArray<Journal.Step> {
    const steps = this.runs.get(page.runId)?.steps ?? []
    return steps
      .filter((step) => step.sequence > page.after)
      .slice(0, Math.max(0, page.limit))
      .map((step) => (page.payloads ? { ...step } : { ...step, state: undefined, store: [] }))
  }

  list(query: Journal.Query): Effect.Effect<Journal.Page, JournalFailure> {
    const after = query.after === undefined ? undefined : cursorOf(query.after)
    if (after === null) return Effect.fail(new JournalFailure({ operation: "list runs", reason: "Refused" }))
    const limit = Math.min(1000, Math.max(1, query.limit ?? 100))
    const newestFirst = by<Journal.Head>(
      (head) => head.createdAt,
      (head) => head.runId
    )
    const heads = Array.from(this.runs.values(), (run) => run.head)
      .filter((head) => matches(query, head))
      .filter((head) => after === undefined || isOlder(head, after))
      .sort((a, b) => newestFirst(b, a))
    const runs = heads.slice(0, limit)
    const last = runs.at(-1)
    return Effect.succeed({
      runs,
      next: heads.length > limit && last !== undefined ? `${last.createdAt}:${last.runId}` : undefined
    })
  }

  // --- removal

  remove(removal: Journal.Removal, now: number): number {
    const removed = "runIds" in removal ? this.chosen(removal.runIds) : this.aged(removal, now)
    let count = 0
    for (const run of removed) {
      const { head } = run
      const parent = this.parentOf(run)
      if (!hasEnded(head.status) || (parent !== undefined && !hasEnded(parent.head.status))) continue
      count += this.removeFamily(run)
    }
    return count
  }

  private aged(removal: Exclude<Journal.Removal, { readonly runIds: unknown }>, now: number): Array<Run> {
    return Array.from(this.runs.values())
      .filter(({ head }) => removal.workflow === undefined || head.workflow === removal.workflow)
      .filter(({ head }) => hasEnded(head.status) && removal.status.includes(head.status))
      .filter(({ head }) => head.endedAt !== undefined && head.endedAt <= now - removal.endedFor)
      .filter((run) => {
        const parent = this.parentOf(run)
        return parent === undefined || hasEnded(parent.head.status)
      })
      .sort(
        by(
          (run) => run.head.endedAt!,
          (run) => run.head.runId
        )
      )
      .slice(0, Math.max(0, removal.limit))
  }

  private removeFamily(run: Run): number {
    const { parent, runId, status } = run.head
    if (!hasEnded(status) || !this.runs.delete(runId)) return 0
    if (parent !== undefined && this.childrenOf(parent.runId).delete(run) && this.childrenOf(parent.runId).size === 0)
      this.children.delete(parent.runId)
    let count = 1
    for (const child of Array.from(this.children.get(runId) ?? [])) count += this.removeFamily(child)
    return count
  }

  // --- definitions and flows

  define(definition: Journal.Definition): void {
    this.definitions.set(JSON.stringify([definition.workflow, definition.fingerprint]), { ...definition })
  }

  saveFlow(flow: Journal.Flow): boolean {
    const present = this.flows.get(flow.flowId)
    if (flow.version !== (present?.version ?? 0)) return false
    const lastFire = Math.max(flow.lastFire ?? -1, present?.lastFire ?? -1)
    this.flows.set(flow.flowId, {
      ...flow,
      version: flow.version + 1,
      lastFire: lastFire < 0 ? undefined : lastFire
    })
    return true
  }

  fire(
    fire: { readonly flow: Journal.Flow; readonly at: number; readonly run: Journal.NewRun | undefined },
    now: number
  ): boolean {
    const lastFire = this.flows.get(fire.flow.flowId)?.lastFire
    if (lastFire !== undefined && fire.at <= lastFire) return false
    if (!this.saveFlow({ ...fire.flow, lastFire: fire.at })) return false
    if (fire.run !== undefined) this.create(fire.run, now)
    return true
  }
}

// -----------------------------------------------------------------------------
// conditions
// -----------------------------------------------------------------------------

/** Whether an entry is the latest row already. */
const isHead = (run: Run, entry: Journal.Entry): boolean =>
  run.writer === entry.owner && run.steps.at(-1)!.fence === entry.fence && run.head.sequence === entry.sequence

const areUnread = (run: Run, ids: ReadonlyArray<string>): boolean =>
  new Set(ids).size === ids.length && ids.every((id) => run.signals.get(id)?.isTaken === false)

const isDue = (run: Run, now: number): boolean => run.head.wakeAt !== undefined && run.head.wakeAt <= now

/** A run that a dead owner left is due since it was touched last. */
const dueTime = (run: Run): number => run.head.wakeAt ?? run.head.updatedAt

const matches = (query: Journal.Query, head: Journal.Head): boolean =>
  (query.workflow === undefined || head.workflow === query.workflow) &&
  (query.fingerprint === undefined || head.fingerprint === query.fingerprint) &&
  (query.status === undefined || query.status.includes(head.status)) &&
  (query.tag === undefined || (head.status !== "running" && head.tag === query.tag)) &&
  (query.errorTag === undefined || head.errorTag === query.errorTag) &&
  (query.parent === undefined || head.parent?.runId === query.parent) &&
  (query.createdAfter === undefined || head.createdAt > query.createdAfter) &&
  (query.createdBefore === undefined || head.createdAt < query.createdBefore) &&
  Object.entries(query.labels ?? {}).every(
    ([key, value]) => Object.hasOwn(head.labels, key) && head.labels[key] === value
  )

interface Cursor {
  readonly createdAt: number
  readonly runId: string
}

const cursorOf = (text: string): Cursor | null => {
  const match = /^(\d+):(.*)$/s.exec(text)
  return match === null ? null : { createdAt: Number(match[1]), runId: match[2]! }
}

const isOlder = (head: Journal.Head, { createdAt, runId }: Cursor): boolean =>
  head.createdAt < createdAt || (head.createdAt === createdAt && head.runId < runId)
