import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { AttemptFailure, Interceptor, Part, Run as LiveRun } from "../../Interpreter.ts"
import type { Head, Loaded, Shape as Journal, Undo, Wake } from "../../Journal.ts"
import { type Signal, Signals } from "../../Signal.ts"
import { MemoryStore } from "../../Store.ts"
import type { Workflow } from "../../Workflow.ts"
import type { Entry } from "../machine/machine.ts"
import { type AnyEffect, toEffect } from "../machine/output.ts"
import { type AnyState, tagOf } from "../machine/state.ts"
import type { Child, CompiledTask, WaitFor, WaitForSignal, WaitForTime } from "../machine/task.ts"
import type { Watcher } from "../run/compensating.ts"
import { InTransaction, Outside } from "../run/outside.ts"
import { startIntercepted, type Watch } from "../run/start.ts"
import { withoutPayloads } from "../watch/redaction.ts"
import { watchStay } from "../watch/stays.ts"
import type { LongWait, StayEnd, StayView } from "../watch/stayView.ts"
import { Children } from "./children.ts"
import { Checkpoints, type Keep, Run } from "./current.ts"
import { compensating, Ending } from "./ending.ts"
import type { Host } from "./host.ts"
import { signalsOf } from "./inbox.ts"
import { isGone, Ledger, type Written } from "./ledger.ts"
import { randomName } from "./names.ts"
import { described } from "./outcome.ts"
import { codecOf } from "./payloads.ts"
import { readState } from "./reading.ts"
import { pendingUndo, type Registered } from "./registry.ts"

/** A run with so many crashes runs beside no other such run, so that each is judged by its own crashes. */
export const suspectFrom = 2

/** A wait that is longer leaves the process, in milliseconds: it costs a row and no fiber. */
const longWait = 1000

/**
 * Why a run leaves the process before its end.
 *
 * - `cancel`: somebody cancelled it. It is compensated, and ends.
 * - `release`: the worker stops. Another one goes on with it at once.
 * - `lost`: another worker may have it already. Nothing more is written.
 */
export type Leaving = "cancel" | "release" | "lost"

/**
 * The stay of a run in this process, from its claim until it ends, waits, or leaves.
 *
 * The stay is an interceptor of the loop. It writes a row before the loop goes to the next state, so a run never gets
 * ahead of its journal. A run that has to wait writes a row and interrupts itself: what it knows is in the row.
 */
export class Stay implements Interceptor<any>, StayView {
  readonly registered: Registered
  readonly ledger: Ledger
  /** Milliseconds until the run may be claimed again, after it was parked. */
  wakesIn = Infinity
  /** Whether the journal has told of the run meanwhile. */
  isHeardOf = false
  isParked = false
  private readonly host: Host
  private readonly loaded: Loaded
  private readonly children: Children
  private readonly ending: Ending
  private store: MemoryStore["Service"] | undefined = undefined
  private live: LiveRun | undefined = undefined
  private watch: Watch | undefined = undefined
  private isDraining = false
  /** When the wait ends by itself that the run left for. */
  private until: number | undefined = undefined
  private leaving: Leaving | undefined = undefined
  private fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  /** What the wait, or the child, of the present state has come to, for its attempt. */
  private resolved: { readonly of: WaitFor | Child; readonly as: AnyEffect } | undefined = undefined

  constructor(registered: Registered, host: Host, loaded: Loaded) {
    this.registered = registered
    this.host = host
    this.loaded = loaded
    this.ledger = new Ledger(host.journal, host.owner, registered.definition.fingerprint, loaded)
    this.children = new Children(host, this.ledger, registered, loaded)
    this.ending = new Ending(this.ledger, registered, loaded.undo, {
      run: (undo, effect) => this.apart(this.within(this.inUndo(undo, this.undoing(undo.tag, effect)))),
      isStopping: () => this.isDraining || this.isStopped
    })
    this.ledger.onCancel = () => this.leave("cancel")
    if (loaded.head.isCancelRequested) this.leaving = "cancel"
    // Cancelled before its first state began: there is nothing to undo.
    if (loaded.head.isCancelRequested && loaded.head.fence === 1 && loaded.head.sequence === 0) this.ending.forget()
  }

  get hasEnded(): boolean {
    return this.ending.hasEnded
  }

  // -- the view -------------------------------------------------------------------------------------------------------

  get workflow(): Workflow.Any {
    return this.registered.workflow
  }

  get head(): Head {
    return this.loaded.head
  }

  get journal(): Journal {
    return this.host.journal
  }

  get ahead(): number {
    return this.host.ahead
  }

  get tag(): string {
    return this.ledger.tag
  }

  get transitions(): number {
    return this.ledger.transitions
  }

  get errorTag(): string | undefined {
    return this.ledger.written?.errorTag
  }

  get end(): StayEnd | undefined {
    const { isGone, isReleased, written } = this.ledger
    const status = written?.status
    if (status === "ready") return "released"
    if (status !== undefined && status !== "running") return status
    if (isReleased) return "released"
    if (this.leaving === "lost" || isGone) return "lost"
    return this.leaving === "release" ? "released" : undefined
  }

  get leftFor(): LongWait | undefined {
    const { written } = this.ledger
    if (written === undefined || (this.end !== "waiting" && this.end !== "retrying")) return undefined
    const { awaitsChildren, status, waitsFor: signal } = written
    const { until } = this
    if (status === "retrying") return { for: "retry", signal, until }
    if (signal !== undefined) return { for: "signal", signal, until }
    return { for: awaitsChildren === undefined ? "time" : "children", signal, until }
  }

  // -- the stay -------------------------------------------------------------------------------------------------------

  /** Whether the run has killed workers, and has not got ahead since. */
  get isSuspect(): boolean {
    return this.loaded.head.crashes >= suspectFrom && this.ledger.sequence === this.loaded.head.sequence
  }

  /** Lets the present state end, and gives the run back then. */
  drain(): void {
    this.isDraining = true
  }

  /** Stops the present state. */
  leave(why: Leaving): void {
    // A cancelled run compensates. Then only the end of its worker may stop it.
    if (why === "cancel" && (this.leaving !== undefined || this.ending.hasBegun)) return
    if (this.leaving !== "lost") this.leaving = why
    if (this.isStopped) this.ledger.giveUp(this.leaving === "lost")
    this.fiber?.interruptUnsafe()
  }

  /** Whether the run has to leave without an end. */
  private get isStopped(): boolean {
    return this.leaving === "release" || this.leaving === "lost"
  }

  /** Runs until the run ends, waits, or leaves. */
  readonly drive: Effect.Effect<void> = Effect.suspend(() => {
    const stay = watchStay(this, (watch) => {
      this.watch = watch
      return this.driven
    })
    return Effect.annotateLogs(stay, {
      "cano.worker.name": this.host.owner,
      "cano.workflow.name": this.registered.machine.name,
      "cano.run.id": this.head.runId
    })
  })

  private readonly driven: Effect.Effect<void> = Effect.suspend((): Effect.Effect<void, any> => {
    const { head, outcome } = this.loaded
    if (head.phase === "compensating")
      return Effect.andThen(
        head.fingerprint === this.registered.definition.fingerprint ? this.opened : this.started,
        Effect.suspend(() => this.ending.goOn(head, outcome))
      )
    const machine = Effect.flatMap(this.started, (state) =>
      this.leaving === "cancel" ? Effect.interrupt : this.within(this.machineFrom(state))
    )
    this.ledger.isInLoop = true
    return Effect.flatMap(this.apart(machine), (exit) => {
      this.ledger.isInLoop = false
      return Effect.andThen(this.ledger.rollback, this.finish(exit))
    })
  }).pipe(
    Effect.catchCause((cause) =>
      isGone(cause)
        ? Effect.void
        : Effect.logError("A durable run could not be written to its end", withoutPayloads(cause))
    ),
    Effect.andThen(Effect.suspend(() => (this.leaving === "release" ? this.ledger.release : Effect.void)))
  )

  /** Runs an effect on a fiber of its own, which {@link leave} can interrupt. */
  private apart(effect: AnyEffect): Effect.Effect<Exit.Exit<unknown, unknown>> {
    return Effect.flatMap(Effect.forkChild(effect as Effect.Effect<unknown, unknown>), (fiber) => {
      this.fiber = fiber
      if (this.isStopped) fiber.interruptUnsafe()
      return Fiber.await(fiber)
    })
  }

  private finish(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, any> {
    if (this.isParked || this.hasEnded || this.isStopped || Exit.isSuccess(exit) || isGone(exit.cause))
      return Effect.void
    if (this.leaving !== "cancel") return Effect.andThen(this.childless, this.ending.failed(exit.cause))
    if (!this.registered.hasChildren) return this.ending.cancelled
    return Effect.flatMap(this.children.cancelAll, (living) =>
      living === 0
        ? this.ending.cancelled
        : this.ledger.write({ status: "waiting", wake: "never", awaitsChildren: living })
    )
  }

  /** Cancels the children that a failed fork has left, and waits for them: the run may undo what they build on. */
  private readonly childless: Effect.Effect<void, any> = Effect.suspend(() =>
    this.registered.hasChildren
      ? Effect.flatMap(this.children.cancelAll, (living) => (living === 0 ? Effect.void : this.children.ended))
      : Effect.void
  )

  // -- the start ------------------------------------------------------------------------------------------------------

  /** Makes the store. */
  private readonly opened: Effect.Effect<void> = Effect.map(MemoryStore.make, (store) => {
    this.store = store
    this.ledger.restore(store, this.loaded.store)
  })

  /** Makes the store, and reads the state. */
  private readonly started: Effect.Effect<AnyState, any> = Effect.suspend(() =>
    Effect.andThen(this.opened, readState(this.registered, this.ledger, this.ending, this.loaded))
  )

  private machineFrom(state: AnyState): AnyEffect {
    const { progress, runId, transitions } = this.ledger
    const options = {
      id: runId,
      transitions,
      interceptors: [this],
      failures: progress.failures.map((time) => time - this.host.ahead),
      compensates: false
    }
    return startIntercepted(this.registered.workflow, state, options, () => this.watch)
  }

  /** Provides what the tasks of the run need. */
  private within(effect: AnyEffect): AnyEffect {
    const signals = signalsOf(this.ledger.signals, (signal, value, id) => this.send(signal, value, id))
    const services = Context.make(MemoryStore, this.store!).pipe(
      Context.add(Run, this.current),
      Context.add(Signals, signals),
      Context.add(Checkpoints, this.keep),
      Context.add(Outside, this.outside)
    )
    return Effect.provideContext(effect, services)
  }

  /** A compensation has a key of its own: it is another effect than the state that it undoes. */
  private inUndo({ transition }: Undo, compensation: AnyEffect): AnyEffect {
    const id = this.ledger.runId
    return Effect.provideService(compensation, Run, {
      id,
      sequence: transition,
      attempt: 1,
      key: `${id}/${transition}/undo`
    })
  }

  /** Watches a compensation, and annotates its logs. */
  private undoing(tag: string, compensation: AnyEffect): AnyEffect {
    const run = { id: this.head.runId, workflow: this.workflow }
    const annotated = Effect.annotateLogs(compensation, { "cano.state.name": tag, "cano.attempt": 1 })
    const watchers: ReadonlyArray<Watcher> = this.watch?.watchers ?? []
    return watchers.reduceRight((inner, watcher) => watcher.compensation?.(run, tag, inner) ?? inner, annotated)
  }

  /** What tasks see of the run. */
  private readonly current: Run["Service"] = Object.defineProperties({} as Run["Service"], {
    id: { get: () => this.ledger.runId, enumerable: true },
    sequence: { get: () => this.ledger.transitions, enumerable: true },
    attempt: { get: () => this.live?.attempt ?? 1, enumerable: true },
    key: { get: () => `${this.ledger.runId}/${this.ledger.transitions}`, enumerable: true }
  })

  /** Sends a signal to the run itself. */
  private send(signal: Signal.Any, value: unknown, id: string | undefined): Effect.Effect<any> {
    const { runId } = this.ledger
    return Effect.gen({ self: this }, function* () {
      const text = yield* codecOf(signal.schema).encode(runId, `signal "${signal.name}"`, value)
      const sent = { runId, id: id ?? (yield* randomName), name: signal.name, value: text }
      return yield* this.ledger.persist(this.host.journal.send(sent))
    }).pipe(Effect.orDie)
  }

  /** Keeps the result of an effect with the state, or with the compensation, so that its next attempt has it. */
  private readonly keep: Keep = (given, schema, effect) =>
    Effect.flatMap(InTransaction, (isTransacted): Effect.Effect<any, any, any> => {
      if (isTransacted)
        return Effect.die(new Error(`checkpoint "${given}" in a transaction: the row would wait for it`))
      const { ledger } = this
      const { present } = this.ending
      const name = present === undefined ? given : `undo ${present.undo.transition} ${given}`
      const row: Written =
        present === undefined ? { status: "running", attempt: this.live?.attempt ?? 1 } : compensating(present.end)
      const what = `checkpoint "${given}"`
      const known = ledger.progress.kept.get(name)
      const codec = codecOf(schema)
      if (known !== undefined) return Effect.orDie(codec.decode(ledger.runId, what, known))
      return Effect.tap(effect, (value) =>
        Effect.flatMap(Effect.orDie(codec.encode(ledger.runId, what, value)), (text) =>
          Effect.orDie(ledger.keep(name, text, row))
        )
      )
    })

  // -- the interceptor ------------------------------------------------------------------------------------------------

  readonly run = (run: LiveRun, inner: AnyEffect): AnyEffect => {
    this.live = run
    // A run that starts at an exit passes no state.
    return Effect.flatMap(inner, (exit: AnyState) => {
      if (this.hasEnded || this.ending.hasBegun) return Effect.succeed(exit)
      const encode = codecOf(this.registered.machine.schema).encode(this.ledger.runId, "state", exit)
      return Effect.as(
        Effect.flatMap(encode, (state) => this.ending.arrived(this.entryOf(exit), { state })),
        exit
      )
    })
  }

  readonly state = (run: LiveRun, inner: AnyEffect): AnyEffect => {
    const { child, waitFor } = taskOf(run)
    const left = Effect.flatMap(inner, (next: AnyState) => this.left(run, next))
    if (waitFor !== undefined) return Effect.andThen(this.wait(run, waitFor), left)
    return child === undefined ? left : Effect.andThen(this.await(run, child), left)
  }

  /** A branch that is a task tells its children apart by its own attempts. */
  readonly attempt = (run: LiveRun, inner: AnyEffect): AnyEffect =>
    run.branch === undefined
      ? inner
      : Effect.updateService(inner, CurrentBranch, (branch) => branch && { ...branch, attempt: run.attempt })

  readonly part = (run: LiveRun, part: Part, inner: AnyEffect): AnyEffect =>
    part._tag === "Branch" ? inBranch(part.id, run.attempt, inner) : inner

  /** A long delay before a retry becomes a row. The delays of branches are slept. */
  readonly attemptFailed = (run: LiveRun, { cause, retryIn }: AttemptFailure): Effect.Effect<void> => {
    if (retryIn === undefined || run.branch !== undefined) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.ledger.progress.failures.push(now + this.host.ahead)
      const delay = Duration.toMillis(retryIn)
      if (delay <= longWait) return Effect.void
      return this.park({
        status: "retrying",
        attempt: run.attempt + 1,
        attempts: run.attempt,
        wake: { in: delay },
        ...described(cause)
      })
    }) as Effect.Effect<void>
  }

  /** Writes the transition out of a state. */
  private left(run: LiveRun, next: AnyState): AnyEffect {
    const entry = this.entryOf(next)
    return Effect.flatMap(codecOf(this.registered.machine.schema).encode(this.ledger.runId, "state", next), (state) => {
      const undo = this.undoOf(entry, state)
      const transitions = this.ledger.transitions + 1
      const row = { tag: entry.tag, state, transitions, undo, attempts: run.attempt }
      if (entry.isExit) return Effect.as(this.ending.arrived(entry, row), next)
      if (this.isDraining) return this.park({ ...row, status: "ready" })
      return Effect.flatMap(this.ledger.write({ ...row, status: "running" }), () => {
        this.ending.keep(undo)
        return Effect.succeed(next)
      })
    })
  }

  private undoOf(next: Entry, state: string): ReadonlyArray<Undo> {
    const { transitions } = this.ledger
    const left = this.ending.undoOf(transitions)
    return [
      ...(left === undefined ? [] : [{ ...left, next: state }]),
      ...(next.compensate === undefined ? [] : [pendingUndo(transitions + 1, next.tag, state)])
    ]
  }

  private entryOf(state: AnyState): Entry {
    return this.registered.machine.entries.get(tagOf(state)!)!
  }

  // -- waiting --------------------------------------------------------------------------------------------------------

  /** Waits: a long wait parks the run; one that is short, or over, is resolved. */
  private wait(run: LiveRun, waitFor: WaitForTime | WaitForSignal): AnyEffect {
    return Effect.flatMap(Clock.currentTimeMillis, (here) => {
      const now = here + this.host.ahead
      return waitFor._tag === "Time" ? this.sleep(run.state, waitFor, now) : this.listen(run.state, waitFor, now)
    })
  }

  private sleep(state: unknown, waitFor: WaitForTime, now: number): AnyEffect {
    const at = this.ledger.deadline ?? waitFor.until(state, now)
    if (at - now > longWait) return this.park({ status: "waiting", wake: this.wakeOf(at, now) })
    return Effect.map(Effect.sleep(Math.max(0, at - now)), () => {
      this.resolve(waitFor, () => toEffect(waitFor.next(state)))
    })
  }

  private listen(state: unknown, waitFor: WaitForSignal, now: number): AnyEffect {
    const { deadline, onTimeout, onValue, signal } = waitFor
    const { journal } = this.host
    const { runId } = this.ledger
    return Effect.flatMap(this.ledger.persist(journal.signals(runId, signal.name)), ({ inbox, signals }) => {
      const [first] = signals
      if (first !== undefined)
        return Effect.map(codecOf(signal.schema).decode(runId, `signal "${signal.name}"`, first.value), (value) => {
          this.ledger.signals.take(first.id)
          this.resolve(waitFor, () => toEffect(onValue(value, state)))
        })
      const at = this.ledger.deadline ?? deadline?.(state, now)
      if (at !== undefined && at <= now) {
        this.resolve(waitFor, () => toEffect(onTimeout(state)))
        return Effect.void
      }
      this.ledger.inbox = inbox
      return this.park({
        status: "waiting",
        wake: at === undefined ? "never" : this.wakeOf(at, now),
        waitsFor: signal.name
      })
    })
  }

  /** The first wait of a state counts from the journal's now; a wait that goes on keeps its end. */
  private wakeOf(at: number, now: number): Wake {
    return this.ledger.deadline === undefined ? { in: at - now } : { at }
  }

  /** Waits for the child run of a state: parks the run until the child has ended. */
  private await(run: LiveRun, child: Child): AnyEffect {
    const { children, ledger } = this
    const { inbox } = ledger
    const id = children.idOf(run.attempt, undefined)
    return Effect.flatMap(children.open(id, child.workflow, child.start?.(run.state)), (opened) => {
      if (!children.hasEnded(opened)) {
        ledger.inbox = inbox
        return this.park({ status: "waiting", wake: "never", awaitsChildren: 1, attempt: run.attempt })
      }
      const result = children.result(child.workflow, opened)
      this.resolve(child, () => Effect.flatMap(result, (exit) => toEffect(child.mapExit(exit, run.state))))
      return Effect.void
    })
  }

  private resolve(of: WaitFor | Child, as: () => AnyEffect): void {
    this.resolved = { of, as: Effect.suspend(as) }
  }

  private resolvedOf(of: WaitFor | Child): AnyEffect | undefined {
    if (this.resolved?.of !== of) return undefined
    const { as } = this.resolved
    this.resolved = undefined
    return as
  }

  /** How the tasks of the run wait. A wait in a branch keeps its fiber, and so does the child of a later attempt. */
  private readonly outside: Outside = {
    wait: (waitFor) => this.resolvedOf(waitFor),
    nest: (child, state) =>
      this.resolvedOf(child) ??
      Effect.flatMap(CurrentBranch, (branch) => {
        const id = this.children.idOf(branch?.attempt ?? this.live?.attempt ?? 1, branch?.id)
        const ended = this.children.inFiber(id, child.workflow, child.start?.(state), () => this.isStopped)
        return Effect.flatMap(ended, (exit) => toEffect(child.mapExit(exit, state)))
      }),
    // A branch has no row of its own: its transaction stands for itself.
    join: (transaction) =>
      Effect.map(CurrentBranch, (branch) => {
        if (branch !== undefined) return false
        this.ledger.transaction = transaction
        return true
      })
  }

  /** Writes that the run waits, and leaves. */
  private park(row: Written): AnyEffect {
    return Effect.flatMap(Effect.andThen(this.ledger.write(row), Clock.currentTimeMillis), (now) => {
      const { wake } = row
      this.isParked = true
      if (typeof wake === "object") this.until = "in" in wake ? now + this.host.ahead + wake.in : wake.at
      if (this.ledger.hasNews) this.wakesIn = 0
      else if (typeof wake === "object") this.wakesIn = "in" in wake ? wake.in : 0
      return Effect.interrupt
    })
  }
}

/** The branch that a task is part of. */
const CurrentBranch = Context.Reference<{ readonly id: string; readonly attempt: number } | undefined>(
  "effect-cano/Durable/Branch",
  { defaultValue: () => undefined }
)

/** Runs a branch with its path, since forks nest, and with a key of its own. */
const inBranch = (id: string, attempt: number, inner: AnyEffect): AnyEffect =>
  Effect.flatMap(CurrentBranch, (outer) => {
    const path = outer === undefined ? id : `${outer.id}~${id}`
    return Effect.provideService(withBranchKey(inner, id, attempt), CurrentBranch, { id: path, attempt })
  })

const withBranchKey = (inner: AnyEffect, id: string, attempt: number): AnyEffect =>
  Effect.updateService(inner, Run, (run) => ({ ...run, attempt, key: `${run.key}/${id}` }))

const taskOf = (run: LiveRun): CompiledTask => run.task as unknown as CompiledTask
