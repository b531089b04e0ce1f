import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Queue from "effect/Queue"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  Corrupt,
  InvalidRun,
  type JournalFailure,
  NotEncodable,
  RunCancelled,
  RunEnded,
  RunFailed,
  RunMismatch,
  type TooLarge,
  UnknownRun,
  UnknownStep
} from "../../DurableError.ts"
import type { Change } from "../../Durable.ts"
import type { Head, NewRun, Shape as Journal, StoreChange } from "../../Journal.ts"
import type { Signal } from "../../Signal.ts"
import { MemoryStore } from "../../Store.ts"
import type { Workflow } from "../../Workflow.ts"
import { durationProblems, optionsProblems, refuse } from "../faults.ts"
import { entryOf, type Machine, machineOf } from "../machine/machine.ts"
import type { AnyState } from "../machine/state.ts"
import { watchedJournal } from "../watch/journal.ts"
import { inStart } from "../watch/starts.ts"
import { traceparentOf } from "../watch/traceparent.ts"
import { changesBetween } from "./changes.ts"
import { startOptions, restartOptions, startProblems, storableProblems } from "./checks.ts"
import { definitionOf, type Fingerprinted, stable } from "./definition.ts"
import { journaledOf } from "./ledger.ts"
import { readOutcome } from "./outcome.ts"
import { codecOf } from "./payloads.ts"
import { type Migration, newRun, type Registered, registeredOf, Registry } from "./registry.ts"
import { randomName } from "./names.ts"
import { hasEnded, Waiters } from "./waiters.ts"
import { cancelled, Worker } from "./worker.ts"

/** The options of a worker, durations in milliseconds. */
export interface Options {
  readonly label: string
  readonly host: string
  readonly version: string
  readonly concurrency: number
  readonly staleAfter: number
  readonly poll: number
  readonly drain: number
  readonly maxCrashes: number
}

/** How often a client without a worker looks for ends, in milliseconds. */
const clientPoll = 1000

/** The process's side of durable runs: starts, awaits and cancels runs, and holds the worker if there is one. */
export class Engine {
  readonly journal: Journal
  private readonly registry: Registry
  private readonly worker: Worker | undefined
  private readonly waiters: Waiters
  /** The versions that the journal has from this process. */
  private readonly defined = new Set<string>()
  /** The workflows that were run and are not registered. */
  private readonly missed = new Set<string>()

  private constructor(journal: Journal, registry: Registry, worker: Worker | undefined, waiters: Waiters) {
    this.journal = journal
    this.registry = registry
    this.worker = worker
    this.waiters = waiters
  }

  static make(given: Journal, options: Options | undefined): Effect.Effect<Engine, never, Scope.Scope> {
    return Effect.gen(function* () {
      const scope = yield* Effect.scope
      const journal = yield* watchedJournal(given)
      const waiters = new Waiters(journal, options?.poll ?? clientPoll)
      yield* Effect.forkIn(waiters.looks, scope)
      yield* Effect.addFinalizer(() => Effect.sync(() => waiters.close()))
      const registry = new Registry()
      if (options === undefined) {
        yield* Effect.forkIn(hearing(journal, waiters, undefined), scope)
        return new Engine(journal, registry, undefined, waiters)
      }
      const owner = `${options.label}-${yield* randomName}`
      const nudges = yield* Queue.sliding<void>(1)
      const workerOptions = { ...options, owner }
      const worker = new Worker(journal, registry, workerOptions, scope, nudges, waiters)
      yield* worker.begin
      yield* Effect.addFinalizer(() => worker.close)
      const loops = [worker.beats, worker.watchdog, worker.lookout, worker.claims, hearing(journal, waiters, worker)]
      for (const loop of loops) yield* Effect.forkIn(Effect.annotateLogs(loop, "cano.worker.name", owner), scope)
      return new Engine(journal, registry, worker, waiters)
    })
  }

  // -- registering ----------------------------------------------------------------------------------------------------

  register(
    workflow: Workflow.Any,
    context: Context.Context<any>,
    errors: Schema.Codec<any, any> | undefined,
    migrations: ReadonlyArray<Migration>
  ): Effect.Effect<void, JournalFailure, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const registered = registeredOf(workflow, machineOf(workflow), context, errors, migrations)
      const { worker } = this
      if (worker === undefined)
        return refuse("Durable.register", ["the layer is a client, which runs nothing: register with Durable.layer"])
      yield* worker.admit(registered)
      yield* Effect.addFinalizer(() => this.unregister(registered, worker))
      yield* worker.beat
      yield* Effect.ignore(worker.unknown(registered.definition.workflow))
    })
  }

  /** Runs no more of a workflow: its services are about to close. */
  private unregister(registered: Registered, worker: Worker): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.registry.remove(registered)
      worker.restore()
      return worker.end((stay) => stay.registered === registered || stay.registered.root === registered)
    })
  }

  // -- starting -------------------------------------------------------------------------------------------------------

  start(
    workflow: Workflow.Any,
    options: {
      readonly runId: string
      readonly state?: unknown
      readonly labels?: Readonly<Record<string, string>> | undefined
      readonly delay?: Duration.Input | undefined
    },
    here: boolean
  ): Effect.Effect<Head, InvalidRun | RunMismatch | NotEncodable | TooLarge | JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      refuse("Durable.start", optionsProblems("the options", options, startOptions))
      const { delay, labels = {}, runId } = options
      const problems = [
        ...startProblems(runId, labels),
        ...(delay === undefined ? [] : durationProblems("the delay", delay, "from 0"))
      ]
      if (problems.length > 0) return yield* Effect.fail(new InvalidRun({ problems }))
      const machine = machineOf(workflow)
      const state = (options.state === undefined ? machine.start : options.state) as AnyState
      const startIn = delay === undefined ? 0 : Duration.toMillis(delay)
      return yield* this.create(machine, { runId, labels, startIn, state, store: [], restartedFrom: undefined }, here)
    })
  }

  /** Writes a version down once, so that its runs can be read, and missed, where no worker knows it. */
  private define({ fingerprint, graph, schema, workflow }: Fingerprinted): Effect.Effect<void, JournalFailure> {
    if (this.defined.has(fingerprint)) return Effect.void
    return Effect.map(this.journal.define({ workflow, fingerprint, graph, schema }), () => {
      this.defined.add(fingerprint)
    })
  }

  private create(...args: Parameters<Engine["created"]>): ReturnType<Engine["created"]> {
    const [machine, { runId }] = args
    return inStart(machine.name, runId, this.created(...args))
  }

  private created(
    machine: Machine,
    run: Pick<NewRun, "runId" | "labels" | "startIn" | "store" | "restartedFrom"> & { readonly state: AnyState },
    here: boolean
  ): Effect.Effect<Head, RunMismatch | NotEncodable | TooLarge | JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const { runId, startIn } = run
      entryOf(machine, run.state)
      const text = yield* codecOf(machine.schema).encode(runId, "state", run.state)
      const registered = this.registry.named(machine.name)
      const { worker } = this
      const definition = definitionOf(machine)
      yield* this.define(definition)
      if (here && worker !== undefined && registered === undefined && !this.missed.has(machine.name)) {
        this.missed.add(machine.name)
        yield* Effect.logWarning(
          `Workflow "${machine.name}" is not registered here: its runs wait for another worker that knows it`
        )
      }
      const isMine =
        here && startIn === 0 && worker !== undefined && worker.free > 0 && isSame(registered?.definition, definition)
      const owner = isMine ? worker.owner : undefined
      const trace = yield* Effect.withFiber((fiber) => Effect.succeed(traceparentOf(fiber)))
      const fresh = newRun({ definition, machine }, { ...run, text, owner, trace })
      const create = this.journal.create(fresh)
      if (isMine) return yield* worker.claiming(this.drivenHere(fresh, registered!))
      const { head, input, isCreated } = yield* create
      if (!isCreated) yield* this.join(machine, head, input, fresh)
      else worker?.nudge()
      return head
    })
  }

  /** The run that a start would create, for whoever puts it in the journal. Any worker may claim the run. */
  draft(
    workflow: Workflow.Any,
    options: {
      readonly runId: string
      readonly state: unknown
      readonly labels: Readonly<Record<string, string>> | undefined
    }
  ): Effect.Effect<NewRun, InvalidRun | NotEncodable> {
    return Effect.suspend((): Effect.Effect<NewRun, InvalidRun | NotEncodable> => {
      const { labels = {}, runId } = options
      const problems = startProblems(runId, labels)
      if (problems.length > 0) return Effect.fail(new InvalidRun({ problems }))
      const machine = machineOf(workflow)
      const state = (options.state === undefined ? machine.start : options.state) as AnyState
      return Effect.map(codecOf(machine.schema).encode(runId, "state", state), (text) =>
        newRun({ definition: definitionOf(machine), machine }, { runId, labels, state, text, store: [] })
      )
    })
  }

  /** Creates a run, and drives it here. */
  private drivenHere(
    fresh: NewRun,
    registered: Registered
  ): Effect.Effect<Head, RunMismatch | TooLarge | JournalFailure> {
    // The answer and the drive belong together. A start that is interrupted before is found by a beat.
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.journal.create(fresh)), ({ head, input, isCreated }) => {
        if (!isCreated) return Effect.as(this.join(registered.machine, head, input, fresh), head)
        const { state, undo } = fresh
        const store = fresh.store as ReadonlyArray<readonly [string, string]>
        const loaded = { head, state, store, undo, progress: undefined, outcome: undefined }
        return Effect.as(this.worker!.start(loaded), head)
      })
    )
  }

  /** Joins a run that exists, if it was started with the same workflow and an equal state. */
  private join(
    machine: Machine,
    head: Head,
    input: string,
    { restartedFrom: origin, state }: NewRun
  ): Effect.Effect<void, RunMismatch> {
    const { runId, workflow } = head
    const mismatch = (differs: RunMismatch["differs"]) => Effect.fail(new RunMismatch({ runId, differs, workflow }))
    if (head.workflow !== machine.name) return mismatch("workflow")
    if (head.parent !== undefined) return mismatch("parent")
    const isRestart = origin?.runId === head.restartedFrom?.runId && origin?.sequence === head.restartedFrom?.sequence
    if (!isRestart) return mismatch("state")
    if (input === state) return Effect.void
    // Another version may have written the same state in another way: with its keys in another order, or fields added.
    const codec = codecOf(machine.schema)
    const again = Effect.flatMap(this.readInput(machine, runId, input), (old) => codec.encode(runId, "state", old))
    return Effect.flatMap(Effect.option(again), (old) =>
      Option.isSome(old) && stable(JSON.parse(old.value)) === stable(JSON.parse(state))
        ? Effect.void
        : mismatch("state")
    )
  }

  /** Reads a state of this version, or of one that a migration knows. */
  private readInput(machine: Machine, runId: string, text: string): Effect.Effect<AnyState, Corrupt> {
    const present = codecOf(machine.schema).decode(runId, "state", text)
    const migrations = Array.from(this.registry.named(machine.name)?.migrationsBySchema.values() ?? [])
    return migrations.reduce(
      (read, { from, to }) =>
        Effect.catch(read, (corrupt) =>
          Effect.flatMap(
            Effect.mapError(codecOf(from).decode(runId, "state", text), () => corrupt),
            (old) => Effect.try({ try: () => to(old), catch: (cause) => new Corrupt({ runId, what: "state", cause }) })
          )
        ),
      present
    )
  }

  restart(
    workflow: Workflow.Any,
    options: {
      readonly from: string
      readonly sequence?: number | undefined
      readonly runId: string
      readonly labels?: Readonly<Record<string, string>> | undefined
    }
  ): Effect.Effect<Head, UnknownRun | UnknownStep | Corrupt | InvalidRun | RunMismatch | TooLarge | JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      refuse("Durable.restart", optionsProblems("the options", options, restartOptions))
      const { from, labels = {}, runId } = options
      const problems = startProblems(runId, labels)
      if (problems.length > 0) return yield* Effect.fail(new InvalidRun({ problems }))
      const machine = machineOf(workflow)
      const head = yield* this.head(from)
      if (head.workflow !== machine.name)
        return yield* Effect.fail(new RunMismatch({ runId: from, differs: "workflow", workflow: head.workflow }))
      const sequence = options.sequence ?? head.sequence
      const past = yield* this.past(from, sequence)
      const state = yield* this.readInput(machine, from, past.state)
      const run = { runId, labels, startIn: 0, state, store: past.store, restartedFrom: { runId: from, sequence } }
      return yield* Effect.catchTag(this.create(machine, run, false), "NotEncodable", ({ cause, what }) =>
        Effect.fail(new Corrupt({ runId: from, what, cause }))
      )
    })
  }

  /** Folds the rows of a run up to a step: its state and its store then. */
  private past(
    runId: string,
    sequence: number
  ): Effect.Effect<
    { readonly state: string; readonly store: ReadonlyArray<StoreChange> },
    UnknownStep | JournalFailure
  > {
    return Effect.gen({ self: this }, function* () {
      const store = new Map<string, string>()
      let state: string | undefined
      let after = -1
      while (after < sequence) {
        const steps = yield* this.journal.steps({
          runId,
          after,
          limit: Math.min(500, sequence - after),
          payloads: true
        })
        for (const step of steps) {
          if (step.sequence !== after + 1) return yield* Effect.fail(new UnknownStep({ runId, sequence }))
          after = step.sequence
          state = step.state ?? state
          for (const [key, value] of step.store)
            if (value === undefined) store.delete(key)
            else store.set(key, value)
        }
        if (steps.length === 0) break
      }
      if (after !== sequence || state === undefined) return yield* Effect.fail(new UnknownStep({ runId, sequence }))
      return { state, store: Array.from(store) }
    })
  }

  // -- awaiting -------------------------------------------------------------------------------------------------------

  /** Waits for the end of a run, and gives its exit, or fails as it did. */
  outcome(workflow: Workflow.Any, runId: string): Effect.Effect<unknown, unknown> {
    return Effect.gen({ self: this }, function* () {
      const machine = machineOf(workflow)
      yield* this.waiters.ended(runId)
      const found = yield* this.journal.load(runId)
      if (Option.isNone(found)) return yield* Effect.fail(new UnknownRun({ runId }))
      const { head, outcome, state } = found.value
      if (head.workflow !== machine.name)
        return yield* Effect.fail(new RunMismatch({ runId, differs: "workflow", workflow: head.workflow }))
      if (!hasEnded(head)) return yield* this.outcome(workflow, runId)
      if (head.status === "done") return yield* codecOf(machine.schema).decode(runId, "state", state)
      if (head.status === "cancelled") return yield* Effect.fail(new RunCancelled({ runId }))
      const errors = this.registry.named(machine.name)?.errors
      const error = readOutcome(outcome)?.failure
      if (errors !== undefined && error !== undefined)
        return yield* Effect.flatMap(codecOf(errors).decode(runId, "failure", error), Effect.fail)
      const { errorTag, tag, workflow: name } = head
      return yield* Effect.fail(new RunFailed({ runId, workflow: name, state: tag, errorTag, error: head.error }))
    })
  }

  store(runId: string): Effect.Effect<MemoryStore["Service"], UnknownRun | JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const found = yield* this.journal.load(runId)
      if (Option.isNone(found)) return yield* Effect.fail(new UnknownRun({ runId }))
      const store = yield* MemoryStore.make
      journaledOf(store).restore(found.value.store)
      return store
    })
  }

  /** Whether a run exists that has not ended. */
  isLive(runId: string): Effect.Effect<boolean, JournalFailure> {
    return Effect.map(this.journal.heads([runId]), ([head]) => !hasEnded(head))
  }

  /** Waits for the end of a run, or until it is known that there is no such run. */
  ended(runId: string): Effect.Effect<void, JournalFailure> {
    return this.waiters.ended(runId)
  }

  /** What has changed since the version of a run. */
  changes(
    workflow: Workflow.Any,
    runId: string
  ): Effect.Effect<ReadonlyArray<Change>, UnknownRun | RunMismatch | JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const now = definitionOf(machineOf(workflow))
      const head = yield* this.head(runId)
      if (head.workflow !== now.workflow)
        return yield* Effect.fail(new RunMismatch({ runId, differs: "workflow", workflow: head.workflow }))
      const versions = yield* this.journal.definitions(now.workflow)
      const then = versions.find(({ fingerprint }) => fingerprint === head.fingerprint)
      return then === undefined ? [] : changesBetween(then, now)
    })
  }

  head(runId: string): Effect.Effect<Head, UnknownRun | JournalFailure> {
    return Effect.flatMap(this.journal.heads([runId]), ([head]) =>
      head === undefined ? Effect.fail(new UnknownRun({ runId })) : Effect.succeed(head)
    )
  }

  /** Sends a signal: gives whether it is new. */
  signal(
    runId: string,
    signal: Signal.Any,
    value: unknown,
    id: string | undefined
  ): Effect.Effect<
    "Accepted" | "Duplicate",
    UnknownRun | RunEnded | InvalidRun | NotEncodable | TooLarge | JournalFailure
  > {
    return Effect.gen({ self: this }, function* () {
      refuse("Durable.signal", hasProperty(signal, "schema") ? [] : ["the signal is no Signal"])
      const problems = id === undefined ? [] : storableProblems("the id of the signal", id)
      if (problems.length > 0) return yield* Effect.fail(new InvalidRun({ problems }))
      const text = yield* codecOf(signal.schema).encode(runId, `signal "${signal.name}"`, value)
      const answer = yield* this.journal.send({ runId, id: id ?? (yield* randomName), name: signal.name, value: text })
      if (answer === "UnknownRun") return yield* Effect.fail(new UnknownRun({ runId }))
      if (answer === "RunEnded") return yield* Effect.fail(new RunEnded({ runId }))
      this.worker?.nudge()
      return answer
    })
  }

  cancel(runId: string): ReturnType<Worker["cancel"]> {
    return this.worker?.cancel(runId) ?? cancelled(this.journal, this.waiters, runId)
  }
}

/** Whether two definitions are the same version. */
const isSame = (one: Fingerprinted | undefined, other: Fingerprinted): boolean => one?.fingerprint === other.fingerprint

/** Listens to the hints of a journal. */
const hearing = (journal: Journal, waiters: Waiters, worker: Worker | undefined): Effect.Effect<void> =>
  Stream.runForEach(journal.hints, (runId) =>
    Effect.sync(() => {
      waiters.hear(runId)
      worker?.hear(runId)
    })
  )
