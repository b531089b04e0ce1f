import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { JournalFailure, TooLarge } from "../../DurableError.ts"
import type { Flow as Row, NewRun } from "../../Journal.ts"
import type { Tick } from "../../Scheduler.ts"
import { tickRunId } from "../durable/job.ts"
import type { Changes } from "./changes.ts"
import * as decision from "./decision.ts"
import type { LiveFlow, Offer } from "./flow.ts"
import type { AnyEffect } from "./job.ts"
import type { Memory } from "./memory.ts"
import type { View } from "./remembered.ts"
import type { Runner } from "./runner.ts"
import type { WallClock } from "./wallClock.ts"

/** A tick that is due, and those that it stands for. */
interface Due {
  /** The tick that may run; none if all were missed. */
  readonly tick: number | undefined
  /** The ticks up to this time are dealt with, once this one is. */
  readonly until: number
  /** The number of ticks that are missed, and where they lie. */
  readonly missed: number
  readonly gaps: ReadonlyArray<decision.Stretch>
}

/**
 * The ticks of a scheduler with a journal. A tick becomes a run only when the journal has accepted it, which it does once,
 * for one of all schedulers. What is left to do always follows from the row of the flow: after a restart, and after a time
 * in which the journal was away, as after a sleep of the machine.
 */
export class Acceptance {
  private readonly memory: Memory
  private readonly clock: WallClock
  private readonly changes: Changes
  private readonly runner: Runner
  private readonly context: Context.Context<never>
  /** Puts a flow in the agenda, for a tick. */
  private readonly place: (flow: LiveFlow, tick: number) => void
  private isRunning = false
  /** Runs may start: also for a tick that the journal accepts while the scheduler is stopping. */
  private isOpen = false

  constructor(options: {
    readonly memory: Memory
    readonly clock: WallClock
    readonly changes: Changes
    readonly runner: Runner
    readonly context: Context.Context<never>
    readonly place: (flow: LiveFlow, tick: number) => void
  }) {
    this.memory = options.memory
    this.clock = options.clock
    this.changes = options.changes
    this.runner = options.runner
    this.context = options.context
    this.place = options.place
  }

  start(): void {
    this.isRunning = true
    this.isOpen = true
  }

  stop(flows: Iterable<LiveFlow>): void {
    this.isRunning = false
    for (const flow of flows) this.drop(flow)
  }

  /** Waits for the answers of the journal that are on their way, after a stop. */
  awaitAnswers(flows: Iterable<LiveFlow>): Effect.Effect<void> {
    return Effect.asVoid(Fiber.awaitAll(Array.from(flows).flatMap(({ remembered }) => remembered?.fiber ?? [])))
  }

  /** Starts no run any more, whatever the journal answers. */
  close(): void {
    this.isOpen = false
  }

  /** Deals with no more ticks of a flow. One that waits is dropped; the journal has not accepted it. */
  drop(flow: LiveFlow): void {
    const { fiber, waiting } = flow.remembered!
    fiber?.interruptUnsafe()
    if (waiting !== undefined) this.runner.dropHeld(flow, offerOf(waiting.tick), "stopped")
  }

  /** Begins to have ticks. */
  plan(flow: LiveFlow): void {
    flow.plan()
    this.deal(flow)
  }

  /** Deals with the ticks that are due, and puts the flow in the agenda for the next one. */
  deal(flow: LiveFlow): void {
    const remembered = flow.remembered!
    remembered.fiber?.interruptUnsafe()
    remembered.fiber = Effect.runForkWith(this.context)(this.memory.insist(this.dealing(flow)))
  }

  /** Brings a flow in line with the journal. */
  readonly refresh = (flow: LiveFlow): Effect.Effect<void, JournalFailure> =>
    Effect.map(this.memory.look(flow), (view) => {
      if (view !== undefined) this.adopt(flow, view.row)
    })

  // ---------------------------------------------------------------------------
  // one tick after another
  // ---------------------------------------------------------------------------

  private dealing(flow: LiveFlow): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      while (this.isRunning && !flow.isRemoved) {
        const isPlanned = flow.remembered!.isPlanned
        const view = yield* this.memory.recall(flow)
        this.adopt(flow, view.row)
        const tick = this.next(flow, view.row)
        if (tick === undefined) return
        const now = this.clock.read()
        // A job must not run before the call that added its flow has returned.
        if (!isPlanned || now < flow.dueTimeOf(tick)) return this.place(flow, tick)
        if (flow.paused || flow.tripped || flow.remembered!.isSuperseded) this.hold(flow, now)
        else yield* this.decide(flow, view, tick, now)
      }
    })
  }

  /** The first tick that nobody has dealt with. Tells of those with which another scheduler has. */
  private next(flow: LiveFlow, { lastFire }: Row): number | undefined {
    const { policy, timetable } = flow
    const remembered = flow.remembered!
    if (timetable === undefined || flow.isCompleted) return undefined
    if (lastFire !== undefined && lastFire > remembered.toldUntil) this.tellElsewhere(flow, lastFire)
    const isHeld = flow.paused || flow.tripped || remembered.isSuperseded
    const dealtUntil = isHeld ? Math.max(lastFire ?? -1, remembered.toldUntil) : lastFire
    const tick = decision.firstUndecided(policy, timetable, flow.plannedAt, dealtUntil)
    if (tick === undefined) this.runner.complete(flow)
    return tick
  }

  private tellElsewhere(flow: LiveFlow, until: number): void {
    const remembered = flow.remembered!
    const from = flow.tickAfter(remembered.toldUntil)
    const isTold = flow.paused || flow.tripped || !(from !== undefined && from <= until)
    if (!isTold) this.runner.elsewhere(flow, flow.timetable!.count(from, until, flow.anchor), from, until)
    remembered.toldUntil = until
  }

  /** The ticks that are due do not count. The flow stays in the agenda: another scheduler may end what holds it. */
  private hold(flow: LiveFlow, now: number): void {
    const remembered = flow.remembered!
    if (remembered.waiting !== undefined) {
      const offer = offerOf(remembered.waiting.tick)
      this.runner.dropHeld(flow, offer, flow.tripped ? "tripped" : "paused")
    }
    if (remembered.isSuperseded) this.tellElsewhere(flow, now)
    remembered.toldUntil = Math.max(remembered.toldUntil, now)
  }

  private decide(flow: LiveFlow, view: View, first: number, now: number): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const remembered = flow.remembered!
      const { waiting } = remembered
      if (waiting !== undefined && first <= waiting.tick) return yield* this.resume(flow, view, now)
      remembered.waiting = undefined
      const due = this.dueOf(flow, first, now)
      const { tick } = due
      if (tick === undefined) return yield* this.miss(flow, view, due)
      const { policy } = flow
      const isCatchingUp = tick <= remembered.catchUpUntil
      const foreign = yield* this.foreignRun(flow, view.row)
      const situation = flow.situation(foreign === undefined ? 0 : 1)
      const decided = decision.decide(policy, situation, now, "timer", isCatchingUp)
      switch (decided._tag) {
        case "Start":
          return yield* this.run(flow, view, tick, due, false)
        case "Skip": {
          if (!(yield* this.memory.deal(flow, view, due.until))) return
          this.dealt(flow, due, tick, () => this.runner.skip(flow, offerOf(tick), decided.reason, decided.run))
          return
        }
        case "Wait":
        case "Replace": {
          const others = decided._tag === "Replace" ? "superseded" : isCatchingUp ? "wait" : "queueFull"
          remembered.waiting = { tick, others }
          this.changes.runWaiting(now, flow.id, tick)
          if (decided._tag === "Replace") yield* this.cancelRuns(flow, foreign)
          return yield* this.room(flow, foreign)
        }
      }
    })
  }

  /** The tick that has waited may run now. */
  private resume(flow: LiveFlow, view: View, now: number): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const remembered = flow.remembered!
      const { others, tick: waited } = remembered.waiting!
      const foreign = yield* this.foreignRun(flow, view.row)
      if (flow.running + (foreign === undefined ? 0 : 1) >= flow.policy.atMost) return yield* this.room(flow, foreign)
      const late = others === "wait" ? [] : ticksAfter(flow, waited, now)
      const tick = others === "superseded" ? (late.pop() ?? waited) : waited
      const dropped = others === "superseded" ? [waited, ...late].filter((other) => other !== tick) : late
      const held = decision.holdReason(flow, now, "timer") ?? (flow.runs >= flow.policy.maxRuns ? "maxRuns" : undefined)
      const due = { tick, until: Math.max(tick, ...dropped), missed: 0, gaps: [] }
      const tell = () => {
        remembered.waiting = undefined
        for (const other of dropped)
          if (other === waited) this.runner.dropHeld(flow, offerOf(other), "superseded")
          else this.runner.skip(flow, offerOf(other), others === "superseded" ? others : "queueFull", flow.inFlight)
      }
      if (held === undefined) return yield* this.run(flow, view, tick, due, tick === waited, tell)
      if (!(yield* this.memory.deal(flow, view, due.until))) return
      this.dealt(flow, due, tick, () => {
        tell()
        this.runner.dropHeld(flow, offerOf(tick), held)
      })
    })
  }

  /** Which of the ticks that are due runs next, if any, and which do not. */
  private dueOf(flow: LiveFlow, first: number, now: number): Due {
    const { anchor, policy, timetable: table } = flow
    const timetable = table!
    // A tick is not late because of its jitter.
    const until = now - (flow.dueTimeOf(first) - first)
    const lag = until - first
    if (lag <= decision.lateLimit && lag < timetable.spacing) return { tick: first, until: first, missed: 0, gaps: [] }
    const { missed, runs } = decision.catchUp(policy, timetable, anchor, first, until)
    if (runs.length > 1) flow.remembered!.catchUpUntil = until
    const gaps = decision.missedBetween(timetable, anchor, first, until, runs)
    const [tick] = runs
    // Where others run after this one, they are not dealt with yet; what is missed lies before the first.
    return { tick, until: runs.length > 1 ? tick! : Math.floor(until), missed, gaps }
  }

  private miss(flow: LiveFlow, view: View, due: Due): Effect.Effect<void, JournalFailure> {
    return Effect.map(this.memory.deal(flow, view, due.until), (isAccepted) => {
      if (isAccepted) this.dealt(flow, due, due.until, () => {})
    })
  }

  /** A tick was accepted: tells of those that it stands for, and of itself. */
  private dealt(flow: LiveFlow, { gaps, missed, until }: Due, tick: number, tell: () => void): void {
    flow.remembered!.toldUntil = until
    if (missed > 0) this.runner.miss(flow, missed, Math.min(tick, gaps[0]!.from), gaps)
    tell()
  }

  // ---------------------------------------------------------------------------
  // runs
  // ---------------------------------------------------------------------------

  /** Lets the journal accept a tick, together with its durable run if it has one, and starts the run of the flow. */
  private run(
    flow: LiveFlow,
    { changes, row }: View,
    tick: number,
    due: Due,
    waited: boolean,
    tell: () => void = () => {}
  ): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const runs = row.runs + 1
      const draft = yield* this.draftOf(flow, { flow: flow.id, run: runs, due: utc(tick), by: "timer" })
      const { newRun, runId = row.lastRun, work } = draft
      const accepted = { ...row, runs, lastRun: runId }
      const start = (work: AnyEffect | undefined) => (isAccepted: boolean) => {
        if (!isAccepted || !this.isOpen) return
        this.dealt(flow, due, tick, () => {
          tell()
          this.runner.startAccepted(flow, offerOf(tick), waited, work)
        })
      }
      const fire = Effect.map(this.memory.fire(flow, { changes, row: accepted }, due.until, newRun), start(work))
      // A run that does not fit in the journal has failed, and its tick has been.
      const tooLarge = (failure: TooLarge) =>
        Effect.map(
          this.memory.deal(flow, { changes, row: { ...row, runs } }, due.until),
          start(Effect.fail(failure) as AnyEffect)
        )
      yield* Effect.uninterruptible(Effect.catchTag(fire, "TooLarge", tooLarge))
    })
  }

  /** The durable run of a tick, and what the run of the flow does instead of its job. */
  private draftOf(
    flow: LiveFlow,
    tick: Tick
  ): Effect.Effect<{ readonly runId?: string; readonly newRun?: NewRun; readonly work?: AnyEffect }> {
    const { job } = flow.remembered!
    if (job === undefined) return Effect.succeed({})
    const draft = Effect.gen({ self: this }, function* () {
      const runId = tickRunId(flow.id, tick.due)
      // Another journal cannot take the tick and the run in one step. The job then starts its run by itself.
      if ((yield* job.journal) !== this.memory.journal) return { runId }
      const draft = yield* Effect.exit(job.draft(tick))
      return Exit.isSuccess(draft)
        ? { runId, newRun: draft.value, work: job.follow(tick) }
        : { work: Effect.failCause(draft.cause) }
    })
    return this.withJob(flow, draft)
  }

  /** The latest durable run of the flow, if it goes on and is not followed here: a run before a restart, or of another scheduler. */
  private foreignRun(flow: LiveFlow, { lastRun }: Row): Effect.Effect<string | undefined, JournalFailure> {
    const isOwn = ({ offer: { by, due } }: { readonly offer: Offer }) =>
      by === "timer" && tickRunId(flow.id, utc(due)) === lastRun
    const { job } = flow.remembered!
    if (lastRun === undefined || job === undefined || flow.policy.overlap === "allow" || flow.allInFlight.some(isOwn))
      return Effect.succeed(undefined)
    return Effect.map(this.withJob(flow, job.isLive(lastRun)), (isLive) => (isLive ? lastRun : undefined))
  }

  private cancelRuns(flow: LiveFlow, foreign: string | undefined): Effect.Effect<void> {
    flow.interrupt()
    return foreign === undefined ? Effect.void : this.withJob(flow, flow.remembered!.job!.cancel(foreign))
  }

  /** Waits until a run has ended. */
  private room(flow: LiveFlow, foreign: string | undefined): Effect.Effect<void, JournalFailure> {
    const ends = flow.fibersInFlight.map((fiber) => Fiber.await(fiber))
    const foreignEnd = foreign === undefined ? [] : [this.withJob(flow, flow.remembered!.job!.ended(foreign))]
    const all: ReadonlyArray<Effect.Effect<unknown, JournalFailure>> = [...ends, ...foreignEnd]
    // A run that has not given up the thread has no fiber yet.
    return Effect.andThen(Effect.yieldNow, all.length === 0 ? Effect.void : Effect.asVoid(Effect.raceAllFirst(all)))
  }

  /** Runs an effect with the services of a job. */
  private withJob<A, E>(flow: LiveFlow, effect: Effect.Effect<A, E, any>): Effect.Effect<A, E> {
    return Effect.provideContext(effect, flow.context as Context.Context<any>)
  }

  // ---------------------------------------------------------------------------
  // what other schedulers have done
  // ---------------------------------------------------------------------------

  private adopt(flow: LiveFlow, row: Row): void {
    const now = this.clock.read()
    const { paused, tripped } = flow
    flow.adopt(row, now)
    if (row.isPaused !== paused) {
      if (row.isPaused) this.changes.paused(now, flow.id)
      else this.changes.resumed(now, flow.id)
    }
    if (row.isTripped !== tripped) {
      if (row.isTripped) this.changes.tripped(now, flow.id, row.failures)
      else this.changes.reset(now, flow.id)
    }
    if (row.isPaused && !paused) this.runner.dropWaiting(flow, "paused", "timer")
    if (row.runs >= flow.policy.maxRuns) this.runner.complete(flow)
  }
}

const utc = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

const offerOf = (due: number): Offer => ({ due, by: "timer", done: undefined })

/** The ticks that came after one, at most as many as are caught up after a gap. */
const ticksAfter = (flow: LiveFlow, tick: number, until: number): Array<number> => {
  const ticks: Array<number> = []
  let next = flow.tickAfter(tick)
  while (next !== undefined && next <= until && ticks.length < decision.catchUpLimit) {
    ticks.push(next)
    next = flow.tickAfter(next)
  }
  return ticks
}
