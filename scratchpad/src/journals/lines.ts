/**
 * A journal as small as it can be: records in memory, and a file to which each call appends the records that it has
 * changed, as one line of JSON. A line that was cut by a crash is not counted. One process at a time may have the file.
 *
 * It was written from the promises in the module `Journal` alone, to show how much a journal has to do.
 */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Conflict, JournalFailure, UnknownRun } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"

/** A run with all that belongs to it. Lists of pairs stand for maps: a name like `__proto__` is no key of an object. */
interface Run {
  head: Omit<Journal.Head, "labels">
  labels: ReadonlyArray<readonly [string, string]>
  input: string
  state: string
  progress?: string | undefined
  outcome?: string | undefined
  store: ReadonlyArray<readonly [string, string]>
  undo: ReadonlyArray<Journal.Undo>
  signals: ReadonlyArray<{ id: string; name: string; value: string; isTaken: boolean }>
  steps: ReadonlyArray<Journal.Step>
  children: number
  writer?: { owner: string; fence: number; sequence: number }
}

type Seen = Journal.Worker & { readonly seenAt: number }

const ended = ["done", "failed", "cancelled"]
const rests = (status: Journal.Status) => status === "waiting" || status === "retrying"
const lives = (run: Run | undefined) => run !== undefined && !ended.includes(run.head.status)
const headOf = (run: Run): Journal.Head => ({ ...run.head, labels: Object.fromEntries(run.labels) })
const refused = (operation: string) => new JournalFailure({ operation, reason: "Refused" })
const order = <A>(items: Iterable<A>, key: (item: A) => readonly [number, string]): Array<A> =>
  [...items].sort((a, b) => key(a)[0] - key(b)[0] || (key(a)[1] < key(b)[1] ? -1 : 1))

const loadedOf = (run: Run): Journal.Loaded => ({
  head: headOf(run),
  state: run.state,
  store: order(run.store, ([key]) => [0, key]),
  undo: order(run.undo, (undo) => [undo.transition, ""]),
  progress: run.progress,
  outcome: run.outcome
})

const assign = (map: Map<string, any>, key: string, value: unknown): void => {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

const changed = (store: Run["store"], changes: ReadonlyArray<Journal.StoreChange>): Run["store"] => {
  const map = new Map(store)
  for (const [key, value] of changes) assign(map, key, value)
  return [...map]
}

const stepOf = (head: Run["head"], at: number, rest: Partial<Journal.Step>): Journal.Step => ({
  sequence: head.sequence,
  at,
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
  store: [],
  ...rest
})

const make = (file: string) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const tables = {
      runs: new Map<string, Run>(),
      workers: new Map<string, Seen>(),
      definitions: new Map<string, Journal.Definition>(),
      flows: new Map<string, Journal.Flow>()
    }
    type Line = ReadonlyArray<readonly [table: keyof typeof tables, id: string, record: unknown]>

    // --- the file

    const text = existsSync(file) ? readFileSync(file, "utf8") : ""
    const whole = text.slice(0, text.lastIndexOf("\n") + 1)
    if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
    for (const line of whole.split("\n").slice(0, -1))
      for (const [table, id, record] of JSON.parse(line, (_, value: unknown) => value ?? undefined) as Line)
        assign(tables[table], id, record)
    const fd = yield* Effect.acquireRelease(
      Effect.sync(() => openSync(file, "a")),
      (open) => Effect.sync(() => closeSync(open))
    )

    /** The records that the present call has changed, as they were before. */
    let before = new Map<string, readonly [keyof typeof tables, string, unknown]>()
    const put = <T extends keyof typeof tables>(
      table: T,
      id: string,
      record: (typeof tables)[T] extends Map<string, infer A> ? A | undefined : never
    ) => {
      const key = `${table} ${id}`
      if (!before.has(key)) before.set(key, [table, id, tables[table].get(id)])
      assign(tables[table], id, record)
    }
    /** Does a call, and writes what it has changed as one line before it answers. */
    const call = <A, E = never>(operation: string, body: (now: number) => A | Effect.Effect<never, E>) =>
      Effect.suspend((): Effect.Effect<A, E | JournalFailure> => {
        before = new Map()
        try {
          const answer = body(Math.floor(clock.currentTimeMillisUnsafe()))
          if (before.size > 0) {
            writeSync(fd, `${JSON.stringify([...before.values()].map(([t, id]) => [t, id, tables[t].get(id)]))}\n`)
            fdatasyncSync(fd)
          }
          return Effect.isEffect(answer) ? (answer as Effect.Effect<never, E>) : Effect.succeed(answer as A)
        } catch (cause) {
          for (const [t, id, record] of before.values()) assign(tables[t], id, record)
          return Effect.fail(new JournalFailure({ operation, reason: "Unavailable", cause }))
        }
      })

    // --- runs

    const set = (run: Run, head: Partial<Run["head"]>, rest?: Partial<Run>): Run => {
      const next = { ...run, ...rest, head: { ...run.head, ...head } }
      put("runs", run.head.runId, next)
      return next
    }
    const wake = (run: Run, now: number) => set(run, { status: "ready", wakeAt: now, updatedAt: now }, { children: 0 })
    const parentOf = (run: Run) => tables.runs.get(run.head.parent?.runId ?? "")
    const childrenOf = (run: Run) =>
      [...tables.runs.values()].filter((child) => child.head.parent?.runId === run.head.runId)
    const tellParent = (run: Run, now: number) => {
      const parent = parentOf(run)
      if (parent === undefined || !lives(parent)) return
      const told = set(
        parent,
        { inbox: parent.head.inbox + 1, updatedAt: now },
        { children: Math.max(0, parent.children - 1) }
      )
      if (parent.children === 1) wake(told, now)
    }
    const end = (run: Run, head: Partial<Run["head"]>, now: number) => {
      const rest = {
        owner: undefined,
        waitsFor: undefined,
        deadline: undefined,
        wakeAt: undefined,
        updatedAt: now,
        endedAt: now
      }
      const last = set(run, { ...rest, sequence: run.head.sequence + 1, ...head }, { children: 0 })
      const { writer: _, ...own } = last
      put("runs", run.head.runId, { ...own, steps: [...own.steps, stepOf(own.head, now, {})] })
      tellParent(last, now)
      return headOf(last)
    }
    const giveBack = (run: Run, now: number) =>
      set(run, { status: "ready", owner: undefined, wakeAt: now, updatedAt: now })
    const owned = (owner: string) => [...tables.runs.values()].filter((run) => run.head.owner === owner)

    const create = (run: Journal.NewRun, now: number) => {
      const present = tables.runs.get(run.runId)
      if (present !== undefined) return { isCreated: false, head: headOf(present), input: present.input }
      const {
        fingerprint,
        labels,
        owner,
        parent,
        restartedFrom,
        runId,
        state,
        tag,
        trace,
        transitions,
        undo,
        workflow
      } = run
      const none = {
        waitsFor: undefined,
        deadline: undefined,
        errorTag: undefined,
        error: undefined,
        endedAt: undefined
      }
      const head: Run["head"] = {
        runId,
        workflow,
        fingerprint,
        tag,
        transitions,
        owner,
        parent,
        restartedFrom,
        trace,
        ...none,
        phase: "forward",
        sequence: 0,
        inbox: 0,
        attempt: 1,
        crashes: 0,
        unreadSignals: 0,
        isCancelRequested: false,
        status: owner === undefined ? "ready" : "running",
        fence: owner === undefined ? 0 : 1,
        wakeAt: owner === undefined ? now + Math.ceil(run.startIn) : undefined,
        createdAt: now,
        updatedAt: now
      }
      const first = stepOf(head, now, { owner, wakeAt: head.wakeAt, state, store: [...run.store] })
      const rest = {
        labels: Object.entries(labels),
        input: state,
        state,
        undo: [...undo],
        signals: [],
        steps: [first],
        children: 0
      }
      put("runs", runId, { head, ...rest, store: changed([], run.store) })
      return { isCreated: true, head: headOf(tables.runs.get(runId)!), input: state }
    }

    const append = (
      entry: Journal.Entry,
      now: number
    ):
      | { readonly inbox: number; readonly isCancelRequested: boolean }
      | Effect.Effect<never, Conflict | UnknownRun | JournalFailure> => {
      const run = tables.runs.get(entry.runId)
      if (run === undefined) return Effect.fail(new UnknownRun({ runId: entry.runId }))
      const { head, writer } = run
      const answer = { inbox: head.inbox, isCancelRequested: head.isCancelRequested }
      const isSame = (other: typeof writer) => other?.owner === entry.owner && other.fence === entry.fence
      if (isSame(writer) && writer?.sequence === entry.sequence && head.sequence === entry.sequence) return answer
      const isNext = head.status === "running" && head.owner === entry.owner && head.fence === entry.fence
      if (!isNext || entry.sequence !== head.sequence + 1)
        return Effect.fail(new Conflict({ runId: entry.runId, fence: entry.fence }))
      const taken = new Set(entry.signals)
      const isThere =
        run.signals.filter((signal) => taken.has(signal.id) && !signal.isTaken).length === entry.signals.length
      if (!isThere) return Effect.fail(refused("append"))
      const { attempt, error, errorTag, fingerprint, phase, sequence, status, tag, transitions, waitsFor } = entry
      const wait = rests(status) && entry.wake !== "never" ? entry.wake : undefined
      const deadline = wait && Math.ceil("in" in wait ? now + Math.ceil(wait.in) : wait.at)
      const wakeAt = status === "ready" ? now : deadline
      const step = { owner: entry.owner, attempts: entry.attempts, signals: [...entry.signals], wakeAt, waitsFor }
      const next = set(
        run,
        {
          attempt,
          error,
          errorTag,
          fingerprint,
          phase,
          sequence,
          status,
          tag,
          transitions,
          waitsFor,
          deadline,
          wakeAt,
          owner: status === "running" ? entry.owner : undefined,
          crashes: 0,
          unreadSignals: head.unreadSignals - taken.size,
          updatedAt: now,
          endedAt: ended.includes(status) ? now : undefined
        },
        {
          state: entry.state ?? run.state,
          progress: entry.progress,
          outcome: entry.outcome,
          store: changed(run.store, entry.store),
          undo: [...new Map([...run.undo, ...entry.undo].map((undo) => [undo.transition, undo])).values()],
          signals: run.signals.map((signal) => (taken.has(signal.id) ? { ...signal, isTaken: true } : signal)),
          children: rests(status) ? entry.awaitsChildren : 0,
          writer: { owner: entry.owner, fence: entry.fence, sequence }
        }
      )
      const from = transitions > head.transitions ? head.tag : undefined
      const row = stepOf(next.head, now, { ...step, from, state: entry.state, store: [...entry.store] })
      const written = set(next, {}, { steps: [...run.steps, row] })
      const isCancelled = head.isCancelRequested && entry.phase === "forward" && entry.awaitsChildren === 0
      if (rests(status) && (entry.inbox < head.inbox || isCancelled)) wake(written, now)
      if (ended.includes(status)) tellParent(written, now)
      return answer
    }

    const cancel = (runId: string, now: number): Journal.CancelAnswer => {
      const run = tables.runs.get(runId)
      if (run === undefined) return "UnknownRun"
      if (!lives(run)) return "AlreadyEnded"
      const isRunning = run.head.status === "running"
      const isAlone = !run.undo.some((undo) => undo.outcome === "pending") && !childrenOf(run).some(lives)
      if (!isRunning && isAlone) {
        end(run, { status: "cancelled", isCancelRequested: true }, now)
        return "Cancelled"
      }
      if (run.head.isCancelRequested) return "Requested"
      const told = set(run, { isCancelRequested: true, inbox: run.head.inbox + 1, updatedAt: now })
      if (!isRunning) wake(told, now)
      return "Requested"
    }

    const send = ({ id, name, runId, value }: Journal.Sent, now: number): Journal.SendAnswer => {
      const run = tables.runs.get(runId)
      if (run === undefined) return "UnknownRun"
      if (run.signals.some((signal) => signal.id === id)) return "Duplicate"
      if (!lives(run)) return "RunEnded"
      const { inbox, unreadSignals } = run.head
      const signals = [...run.signals, { id, name, value, isTaken: false }]
      const told = set(run, { inbox: inbox + 1, unreadSignals: unreadSignals + 1, updatedAt: now }, { signals })
      if (rests(run.head.status) && run.head.waitsFor === name) wake(told, now)
      return "Accepted"
    }

    const claim = (claim: Journal.Claim, now: number): Journal.Claimed => {
      const isDead = (owner: string) => {
        const seenAt = tables.workers.get(owner)?.seenAt
        return owner !== claim.owner && (seenAt === undefined || Math.abs(now - seenAt) > claim.staleAfter)
      }
      const known = () => [...tables.runs.values()].filter((run) => claim.fingerprints.includes(run.head.fingerprint))
      const free = known().filter(
        ({ head: { owner, runId, wakeAt } }) =>
          (claim.runIds?.includes(runId) ?? true) &&
          ((wakeAt !== undefined && wakeAt <= now) || (owner !== undefined && isDead(owner)))
      )
      const runs: Array<Journal.Loaded> = []
      const died: Array<Journal.Head> = []
      const sorted = order(free, ({ head }) => [head.wakeAt ?? head.updatedAt, head.runId])
      for (const { head } of sorted.slice(0, Math.max(0, claim.limit))) {
        // As it is by now: the end of a child before it may have moved it.
        const run = tables.runs.get(head.runId)!
        const crashes = run.head.crashes + (run.head.status === "running" ? 1 : 0)
        const fence = run.head.fence + 1
        const error = { errorTag: "ProcessDied", error: `${crashes} processes died` }
        if (crashes > claim.maxCrashes) died.push(end(run, { status: "failed", fence, crashes, ...error }, now))
        else {
          const head = {
            status: "running",
            owner: claim.owner,
            wakeAt: undefined,
            updatedAt: now,
            fence,
            crashes
          } as const
          runs.push(loadedOf(set(run, head, { children: 0 })))
        }
      }
      const next = Math.min(...known().map((run) => run.head.wakeAt ?? Infinity))
      return { now, runs, died, nextDueIn: next === Infinity ? undefined : Math.max(0, next - now) }
    }

    const list = (query: Journal.Query): Journal.Page | Effect.Effect<never, JournalFailure> => {
      const after = /^(\d+) (.*)$/s.exec(query.after ?? "0 ")
      if (after === null) return Effect.fail(refused("list runs"))
      const is = <A>(wanted: A | undefined, value: A) => wanted === undefined || wanted === value
      const found = [...tables.runs.values()].filter(
        ({ head, labels }) =>
          is(query.workflow, head.workflow) &&
          is(query.fingerprint, head.fingerprint) &&
          is(query.errorTag, head.errorTag) &&
          is(query.parent, head.parent?.runId) &&
          (query.status?.includes(head.status) ?? true) &&
          (query.tag === undefined || (head.status !== "running" && head.tag === query.tag)) &&
          head.createdAt > (query.createdAfter ?? -1) &&
          head.createdAt < (query.createdBefore ?? Infinity) &&
          Object.entries(query.labels ?? {}).every(([key, value]) => labels.some(([k, v]) => k === key && v === value))
      )
      const sorted = order(found, ({ head }) => [head.createdAt, head.runId]).reverse()
      const start =
        query.after === undefined
          ? 0
          : sorted.findIndex(
              ({ head }) =>
                head.createdAt < Number(after[1]) || (head.createdAt === Number(after[1]) && head.runId < after[2]!)
            )
      const limit = Math.min(1000, Math.max(1, query.limit ?? 100))
      const runs = start < 0 ? [] : sorted.slice(start, start + limit).map(headOf)
      const last = runs.at(-1)
      const hasMore = start >= 0 && sorted.length > start + limit
      return { runs, next: hasMore ? `${last!.createdAt} ${last!.runId}` : undefined }
    }

    const removeFamily = (run: Run): number => {
      if (lives(run) || !tables.runs.has(run.head.runId)) return 0
      put("runs", run.head.runId, undefined)
      return childrenOf(run).reduce((count, child) => count + removeFamily(child), 1)
    }
    const remove = (removal: Journal.Removal, now: number): number => {
      const isFree = (run: Run) => !lives(run) && !lives(parentOf(run))
      if ("runIds" in removal)
        return removal.runIds.reduce((count, runId) => {
          const run = tables.runs.get(runId)
          return run !== undefined && isFree(run) ? count + removeFamily(run) : count
        }, 0)
      const { endedFor, limit, status, workflow } = removal
      const old = [...tables.runs.values()].filter(
        (run) =>
          isFree(run) &&
          (status as ReadonlyArray<string>).includes(run.head.status) &&
          (workflow ?? run.head.workflow) === run.head.workflow &&
          run.head.endedAt! <= now - endedFor
      )
      return order(old, ({ head }) => [head.endedAt!, head.runId])
        .slice(0, Math.max(0, limit))
        .reduce((count, run) => count + removeFamily(run), 0)
    }

    const saveFlow = (flow: Journal.Flow): boolean => {
      const present = tables.flows.get(flow.flowId)
      if (flow.version !== (present?.version ?? 0)) return false
      const lastFire = Math.max(flow.lastFire ?? -1, present?.lastFire ?? -1)
      put("flows", flow.flowId, { ...flow, version: flow.version + 1, lastFire: lastFire < 0 ? undefined : lastFire })
      return true
    }

    const journal: Journal.Shape = {
      create: (run) => call("create a run", (now) => create(run, now)),
      append: (entry) => call("append", (now) => append(entry, now)),
      claim: (request) => call("claim", (now) => claim(request, now)),
      release: ({ fence, owner, runId }) =>
        call("release", (now) => {
          const run = tables.runs.get(runId)
          const isOwned = run?.head.owner === owner && run.head.fence === fence
          if (isOwned) giveBack(run, now)
          return isOwned
        }),
      beat: (worker) =>
        call("beat", (now) => {
          put("workers", worker.owner, { ...worker, seenAt: now })
          return order(owned(worker.owner), ({ head }) => [0, head.runId]).map(
            ({ head: { fence, isCancelRequested, runId } }) => ({ runId, fence, isCancelRequested })
          )
        }),
      leave: (owner) =>
        call("leave", (now) => {
          put("workers", owner, undefined)
          for (const run of owned(owner)) giveBack(run, now)
        }),
      workers: call("list workers", () => order(tables.workers.values(), (worker) => [0, worker.owner])),
      send: (signal) => call("send", (now) => send(signal, now)),
      signals: (runId, name) =>
        call("read signals", () => {
          const run = tables.runs.get(runId)
          const unread = run?.signals.filter((signal) => signal.name === name && !signal.isTaken) ?? []
          return { inbox: run?.head.inbox ?? 0, signals: unread.map(({ id, value }) => ({ id, value })) }
        }),
      cancel: ({ runId }) => call("cancel", (now) => cancel(runId, now)),
      heads: (runIds) =>
        call("read runs", () => [...new Set(runIds)].flatMap((id) => tables.runs.get(id) ?? []).map(headOf)),
      load: (runId) => call("load", () => Option.map(Option.fromNullishOr(tables.runs.get(runId)), loadedOf)),
      steps: ({ after, limit, payloads, runId }) =>
        call("read a history", () => {
          const steps = tables.runs.get(runId)?.steps.filter((step) => step.sequence > after) ?? []
          return steps.slice(0, limit).map((step) => (payloads ? step : { ...step, state: undefined, store: [] }))
        }),
      list: (query) => call("list runs", () => list(query)),
      remove: (removal) => call("remove runs", (now) => remove(removal, now)),
      define: (definition) =>
        call("define", () =>
          put("definitions", JSON.stringify([definition.workflow, definition.fingerprint]), definition)
        ),
      definitions: (workflow) =>
        call("read definitions", () =>
          [...tables.definitions.values()].filter(
            (definition) => (workflow ?? definition.workflow) === definition.workflow
          )
        ),
      flow: (flowId) => call("read a flow", () => Option.fromNullishOr(tables.flows.get(flowId))),
      saveFlow: (flow) => call("save a flow", () => saveFlow(flow)),
      fire: ({ at, flow, run }) =>
        call("fire", (now) => {
          if (at <= (tables.flows.get(flow.flowId)?.lastFire ?? -1)) return false
          if (!saveFlow({ ...flow, lastFire: at })) return false
          if (run !== undefined) create(run, now)
          return true
        }),
      hints: Stream.never
    }
    return Journal.checked(journal, 4 * 1024 * 1024)
  })

/** Keeps a journal in a file of lines. */
export const layer = (file: string): Layer.Layer<Journal.Journal> => Layer.effect(Journal.Journal, make(file))
