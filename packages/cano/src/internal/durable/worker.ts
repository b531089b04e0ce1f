import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { type JournalFailure, UnknownRun } from "../../DurableError.ts"
import type { CancelAnswer, Loaded, Owned, Shape as Journal } from "../../Journal.ts"
import type { Workflow } from "../../Workflow.ts"
import { refuse } from "../faults.ts"
import { type Machine, machineOf } from "../machine/machine.ts"
import { living } from "./children.ts"
import { orphaned } from "../watch/journal.ts"
import type { Host } from "./host.ts"
import { type Registered, registeredOf, type Registry } from "./registry.ts"
import { Stay, suspectFrom } from "./stay.ts"
import type { Waiters } from "./waiters.ts"

/** Milliseconds, but for the counts. */
export interface WorkerOptions {
  readonly owner: string
  readonly host: string
  readonly version: string
  readonly concurrency: number
  readonly staleAfter: number
  readonly poll: number
  readonly drain: number
  readonly maxCrashes: number
}

/** How often to look for runs of unknown versions, in milliseconds. */
const lookoutEvery = 5 * 60_000

/** The most runs of one claim. */
const batch = 256

/**
 * Claims runs that are due, and drives them. The journal decides who has a run; the worker only keeps its lease alive,
 * and stops what it has lost.
 */
export class Worker implements Host {
  readonly journal: Journal
  private readonly registry: Registry
  private readonly options: WorkerOptions
  private readonly scope: Scope.Scope
  private readonly nudges: Queue.Queue<void>
  private readonly stays = new Map<string, { readonly stay: Stay; readonly fiber: Fiber.Fiber<void> }>()
  /** The runs that the journal gave to this worker and that nobody drives, as the last beat saw them. */
  private orphans = new Set<string>()
  /** The claims and creations that are on their way: their runs have no stay yet. */
  private pending = 0
  private isDraining = false
  /** Whether the lease has run out. Then others may take what this worker claims. */
  private isLost = false
  /** Counts the claims and creations that have begun. */
  private begun = 0
  private lastBeat = 0
  /** The beats since the clock has jumped, or the journal was away. */
  private calmBeats = 1
  /** The journal's clock minus the clock of this process, in milliseconds. */
  ahead = 0
  private readonly waiters: Waiters
  /** Whether the latest claim left runs for which there was no place. */
  private isCrowded = false

  constructor(
    journal: Journal,
    registry: Registry,
    options: WorkerOptions,
    scope: Scope.Scope,
    nudges: Queue.Queue<void>,
    waiters: Waiters
  ) {
    this.journal = journal
    this.registry = registry
    this.options = options
    this.scope = scope
    this.nudges = nudges
    this.waiters = waiters
  }

  get owner(): string {
    return this.options.owner
  }

  get free(): number {
    return this.isDraining || this.isLost ? 0 : this.options.concurrency - this.stays.size - this.pending
  }

  /** Looks for due runs soon. */
  nudge(): void {
    Queue.offerUnsafe(this.nudges, undefined)
  }

  /** A run may be due, or has ended. A run that is driven here can be claimed only after it has left. */
  hear(runId: string): void {
    const here = this.stays.get(runId)
    if (here === undefined) this.nudge()
    else here.stay.isHeardOf = true
  }

  // -- driving --------------------------------------------------------------------------------------------------------

  /** Creates a run that this worker drives at once, if it has a free place. */
  claiming<A, E>(create: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      this.pending++
      this.begun++
      return Effect.onExit(create, () => Effect.sync(() => void this.pending--))
    })
  }

  private drive(registered: Registered, loaded: Loaded): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { runId } = loaded.head
      // An older stay of the run has lost it.
      this.stays.get(runId)?.stay.leave("lost")
      const stay = new Stay(registered, this, loaded)
      const left = Effect.sync(() => {
        if (this.stays.get(runId)?.stay === stay) this.stays.delete(runId)
        if (stay.hasEnded) this.waiters.tell(runId)
        const mayBeDue = stay.wakesIn <= this.options.poll || (stay.isHeardOf && !stay.hasEnded)
        if (this.isCrowded || mayBeDue) this.nudge()
      })
      return Effect.map(
        Effect.forkIn(
          // Whoever starts or claims a run lends nothing to it: its context is that of its registration.
          Effect.updateContext(
            Effect.onExit(stay.drive, () => left),
            (_: Context.Context<never>) => registered.context
          ),
          this.scope
        ),
        (fiber) => {
          if (fiber.pollUnsafe() === undefined) this.stays.set(runId, { stay, fiber })
        }
      )
    })
  }

  awaitEnd(runId: string): Effect.Effect<void, JournalFailure> {
    return this.waiters.ended(runId)
  }

  /** Registers a workflow, unless it is registered. */
  adopt(workflow: Workflow.Any, parent: Registered): Effect.Effect<Registered, JournalFailure> {
    return Effect.suspend(() => {
      const machine = machineOf(workflow)
      const known = this.registry.named(machine.name)
      const child = nestedBy(parent, workflow)
      return known?.definition.fingerprint === child.definition.fingerprint ? Effect.succeed(known) : this.admit(child)
    })
  }

  /** Registers a workflow and those that its states nest. Two workflows of one name are a mistake. */
  admit(registered: Registered): Effect.Effect<Registered, JournalFailure> {
    const { definition, machine } = registered
    const { fingerprint, graph, schema, workflow } = definition
    return Effect.gen({ self: this }, function* () {
      yield* this.journal.define({ workflow, fingerprint, graph, schema })
      if (!this.registry.add(registered)) refuseName(workflow, this.registry.named(workflow)?.machine === machine)
      yield* this.adoptAll(registered)
      yield* this.learn
      this.nudge()
      return registered
    })
  }

  /** Registers what the states of a workflow nest. */
  private adoptAll(registered: Registered): Effect.Effect<void, JournalFailure> {
    return Effect.forEach(
      nestedIn(registered.machine),
      (child) => {
        const nested = machineOf(child)
        const known = this.registry.named(nested.name)
        // A child run is found again by the name of its workflow, so a name stands for one workflow.
        if (known !== undefined && known.machine !== nested) refuseName(nested.name, false)
        return this.adopt(child, registered)
      },
      { discard: true }
    )
  }

  /** Registers again what the workflows that stay nest, after one that had brought it along is gone. */
  restore(): void {
    const restoreIn = (parent: Registered): void => {
      for (const child of nestedIn(parent.machine)) {
        if (this.registry.named(machineOf(child).name) !== undefined) continue
        const registered = nestedBy(parent, child)
        this.registry.add(registered)
        restoreIn(registered)
      }
    }
    for (const registered of Array.from(this.registry.all)) restoreIn(registered)
  }

  // -- claiming -------------------------------------------------------------------------------------------------------

  /** Claims, until interrupted. */
  readonly claims: Effect.Effect<never> = Effect.forever(
    Effect.flatMap(this.claimOnce(), (wait) => Effect.timeoutOption(Queue.take(this.nudges), wait))
  )

  /** Claims once, and gives the milliseconds until the next claim. */
  private claimOnce(): Effect.Effect<number> {
    return Effect.clockWith((clock) => {
      const { maxCrashes, owner, poll, staleAfter } = this.options
      const { fingerprints } = this.registry
      const limit = Math.min(this.free, batch)
      this.isCrowded = limit <= 0
      if (limit <= 0 || fingerprints.length === 0) return Effect.succeed(poll)
      // When the clock has jumped, other workers look dead until they have beaten once more.
      const hasJumped = Math.abs(clock.currentTimeMillisUnsafe() - this.lastBeat) > staleAfter
      if (hasJumped || this.calmBeats === 0) return Effect.succeed(Math.min(poll, staleAfter / 3))
      const claim = this.journal.claim({ owner, limit, fingerprints, runIds: undefined, staleAfter, maxCrashes })
      return this.claiming(
        // An answer that is lost is found by a beat.
        Effect.flatMap(Effect.timeout(claim, staleAfter), ({ died, nextDueIn, now, runs }) =>
          Effect.gen({ self: this }, function* () {
            this.ahead = now - (yield* Clock.currentTimeMillis)
            for (const head of died) this.waiters.tell(head.runId)
            let isSuspected = false
            for (const { stay } of this.stays.values()) if (stay.isSuspect) isSuspected = true
            let released = 0
            for (const loaded of runs) {
              const isSuspect = loaded.head.crashes >= suspectFrom
              if (isSuspect && isSuspected) {
                released++
                yield* this.release(loaded.head)
              } else yield* this.start(loaded)
              isSuspected ||= isSuspect
            }
            this.isCrowded = runs.length === limit
            if (runs.length === limit && released < runs.length && this.free > 0) return 0
            return Math.max(0, Math.min(poll, nextDueIn ?? poll))
          })
        )
      ).pipe(
        Effect.catchCause((cause) =>
          Cause.hasInterrupts(cause)
            ? Effect.failCause(cause as Cause.Cause<never>)
            : Effect.as(Effect.logWarning("Durable runs could not be claimed", cause), poll)
        )
      )
    })
  }

  /** Drives a run of a workflow that is registered, and gives back all others. */
  start(loaded: Loaded): Effect.Effect<void> {
    const registered = this.registry.knowing(loaded.head.fingerprint)
    return registered === undefined ? this.release(loaded.head) : this.drive(registered, loaded)
  }

  private release({ fence, runId }: { readonly runId: string; readonly fence: number }): Effect.Effect<void> {
    const release = this.journal.release({ runId, owner: this.owner, fence })
    return Effect.ignore(Effect.timeout(release, this.options.staleAfter / 3))
  }

  // -- living ---------------------------------------------------------------------------------------------------------

  /** Beats, until interrupted. A worker that cannot beat in time stops its runs: another one may have them. */
  readonly beats: Effect.Effect<never> = Effect.suspend(() => {
    const every = this.options.staleAfter / 3
    return Effect.forever(Effect.andThen(Effect.sleep(every), this.beat))
  })

  /** Warns now and then of runs that nobody can go on with, until interrupted. */
  readonly lookout: Effect.Effect<never> = Effect.suspend(() =>
    Effect.forever(Effect.andThen(Effect.sleep(lookoutEvery), Effect.ignore(this.unknown(undefined))))
  )

  /** Warns of runs that wait for a version which no live worker knows, of one workflow or of all. */
  unknown(only: string | undefined): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const workers = yield* this.journal.workers
      const known = new Set([...workers.flatMap(({ fingerprints }) => fingerprints), ...this.registry.fingerprints])
      for (const { fingerprint, workflow } of yield* this.journal.definitions(only)) {
        if (known.has(fingerprint)) continue
        const { runs } = yield* this.journal.list({ workflow, fingerprint, status: living, limit: 1 })
        if (runs.length > 0)
          yield* Effect.logWarning(`Runs of workflow "${workflow}" wait: no worker knows their version ${fingerprint}`)
      }
    })
  }

  readonly beat: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const sentAt = yield* Clock.currentTimeMillis
    const { concurrency, host, owner, staleAfter, version } = this.options
    const { begun, pending } = this
    const owned = yield* this.journal
      .beat({
        owner,
        host,
        version,
        concurrency,
        fingerprints: this.registry.fingerprints,
        isDraining: this.isDraining
      })
      .pipe(Effect.timeout(staleAfter / 3), Effect.exit)
    if (Exit.isFailure(owned)) {
      if (Cause.hasInterrupts(owned.cause)) return yield* Effect.failCause(owned.cause as Cause.Cause<never>)
      return yield* Effect.logWarning("The journal could not be told that this worker lives", owned.cause)
    }
    this.calmBeats = Math.abs(sentAt - this.lastBeat) > staleAfter ? 0 : this.calmBeats + 1
    this.lastBeat = sentAt
    if (this.isLost) {
      this.isLost = false
      this.nudge()
    }
    yield* this.compare(owned.value, pending === 0 && begun === this.begun)
    yield* this.learn
  })

  /**
   * Compares what the journal holds for this worker with what is driven here. A run that nobody drives is given back: the
   * answer that gave it was lost. If something was claimed meanwhile, its answer may still be on the way; then a second
   * look decides.
   */
  private compare(owned: ReadonlyArray<Owned>, isSure: boolean): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const before = this.orphans
      this.orphans = new Set()
      for (const run of owned) {
        const { fence, isCancelRequested, runId } = run
        const stay = this.stays.get(runId)?.stay
        const name = `${fence} ${runId}`
        if (stay?.ledger.fence === fence) {
          if (isCancelRequested) stay.leave("cancel")
        } else if (!isSure && !before.has(name)) this.orphans.add(name)
        else {
          yield* this.release(run)
          yield* orphaned
          this.nudge()
        }
      }
    })
  }

  /** Looks for older versions whose runs a migration can take over. */
  readonly learn: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    for (const registered of this.registry.all) {
      if (registered.migrationsBySchema.size === 0) continue
      const known = yield* Effect.orElseSucceed(this.journal.definitions(registered.definition.workflow), () => [])
      for (const { fingerprint } of known) this.registry.learn(registered, fingerprint)
    }
  })

  /** Stops all runs when the lease has run out, until interrupted. */
  readonly watchdog: Effect.Effect<never> = Effect.suspend(() => {
    const { staleAfter } = this.options
    const look = Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const left = this.lastBeat + staleAfter - now
      // A clock that is set back must not make this sleep long.
      if (left > 0) return yield* Effect.sleep(Math.min(left, staleAfter))
      this.isLost = true
      if (this.stays.size > 0) {
        yield* Effect.logWarning("The journal could not be told that this worker lives: its runs are stopped")
        for (const { stay } of this.stays.values()) stay.leave("lost")
      }
      yield* Effect.sleep(staleAfter / 3)
    })
    return Effect.forever(look)
  })

  /** Begins to beat. */
  readonly begin: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    this.lastBeat = now
    return this.beat
  })

  // -- leaving --------------------------------------------------------------------------------------------------------

  /** Ends the stays of one workflow, or of all: lets their states end, then stops them. */
  end(which: (stay: Stay) => boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const left = Array.from(this.stays.values()).filter(({ stay }) => which(stay))
      for (const { stay } of left) stay.drain()
      const stop = Effect.sync(() => {
        for (const { stay } of left) stay.leave("release")
      })
      const all = Fiber.awaitAll(left.map(({ fiber }) => fiber))
      return Effect.asVoid(
        Effect.flatMap(Effect.timeoutOption(all, this.options.drain), (ended) =>
          Option.isSome(ended) ? Effect.void : Effect.andThen(stop, all)
        )
      )
    })
  }

  /** Ends all stays, and leaves the journal. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isDraining = true
    return Effect.andThen(
      this.end(() => true),
      Effect.ignore(Effect.timeout(this.journal.leave(this.owner), this.options.staleAfter / 3))
    )
  })

  /** Cancels a run: in the journal, and here if this worker drives it. */
  cancel(runId: string): Effect.Effect<Exclude<CancelAnswer, "UnknownRun">, UnknownRun | JournalFailure> {
    return Effect.map(cancelled(this.journal, this.waiters, runId), (answer) => {
      if (answer !== "Requested") return answer
      this.stays.get(runId)?.stay.leave("cancel")
      this.nudge()
      return answer
    })
  }
}

const refuseName = (workflow: string, isSame: boolean): void =>
  refuse("Durable.register", [
    isSame ? `workflow "${workflow}" is registered already` : `there is another workflow "${workflow}" in this worker`
  ])

/** A nested workflow has the services and the failures of the one that nests it. */
const nestedBy = (parent: Registered, workflow: Workflow.Any): Registered =>
  registeredOf(workflow, machineOf(workflow), parent.context, parent.errors, [], parent.root ?? parent)

/** The workflows that the states of a machine nest, in branches of forks too. */
const nestedIn = (machine: Machine): ReadonlyArray<Workflow.Any> =>
  Array.from(machine.entries.values()).flatMap(({ task: { child, fork } }) => [
    ...(child === undefined ? [] : [child.workflow]),
    ...(fork?.workflows ?? [])
  ])

/** Cancels a run in the journal. */
export const cancelled = (
  journal: Journal,
  waiters: Waiters,
  runId: string
): Effect.Effect<Exclude<CancelAnswer, "UnknownRun">, UnknownRun | JournalFailure> =>
  Effect.flatMap(journal.cancel({ runId }), (answer) => {
    if (answer === "UnknownRun") return Effect.fail(new UnknownRun({ runId }))
    if (answer !== "Requested") waiters.tell(runId)
    return Effect.succeed(answer)
  })
