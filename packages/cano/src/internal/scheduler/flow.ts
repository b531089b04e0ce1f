import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Counters, Flow, Outcome, RunId, SkipReason, Tick } from "../../Scheduler.ts"
import * as Annotations from "../annotations.ts"
import type { Flow as Row } from "../../Journal.ts"
import { Meter, type MeterShape } from "../watch/meter.ts"
import type { Entry } from "./agenda.ts"
import * as decision from "./decision.ts"
import { History, type Omission } from "./history.ts"
import { type AnyEffect, countersOf, jobOf } from "./job.ts"
import type { Remembered } from "./remembered.ts"
import { Stepper } from "./stepper.ts"

/** A tick, or a call of `trigger`, that becomes a run or waits to become one. */
export interface Offer {
  readonly due: number
  readonly by: Tick["by"]
  /** The caller of `trigger`, who is told how the run ended. */
  readonly done: Deferred.Deferred<Exit.Exit<any, any>> | undefined
}

interface InFlight {
  readonly run: number
  readonly fiber: Fiber.Fiber<any, any>
  /** The tick, or the call, that has become the run. */
  readonly offer: Offer
  readonly startedAt: number
}

/**
 * A flow that was added: its schedule, what holds it, its runs, and what became of its ticks. Others read the fields and
 * call the methods; the agenda alone writes where the flow stands in it.
 */
export type LiveFlow = Readonly<FlowState>

export const makeLiveFlow = (options: FlowOptions): LiveFlow => new FlowState(options)

interface FlowOptions {
  readonly definition: Flow.Any
  readonly order: number
  readonly policy: decision.Policy
  readonly timetable: decision.Timetable | undefined
  /** The context of the call that added the flow. */
  readonly context: Context.Context<never>
  readonly isTraced: boolean
  /** None without a journal. */
  readonly remembered: Remembered | undefined
}

/** There may be 100,000 flows, so a part that only few of them need is made when it is needed. */
class FlowState implements Entry, decision.Situation {
  readonly definition: Flow.Any
  readonly order: number
  readonly policy: decision.Policy
  /** None of a flow that is run by hand, or by an Effect schedule. */
  readonly timetable: decision.Timetable | undefined
  readonly stepper: Stepper | undefined
  readonly context: Context.Context<never>
  readonly isTraced: boolean
  readonly meter: MeterShape | undefined
  readonly remembered: Remembered | undefined
  private readonly effect: AnyEffect
  private readonly effectOf: ((tick: Tick) => AnyEffect) | undefined
  private readonly within: (work: AnyEffect) => AnyEffect
  private contextOfRuns: Context.Context<never> | undefined = undefined

  /** The tick that comes next. */
  due = NaN
  /** When that tick fires, jitter included. */
  fireAt = NaN
  slot: Entry["slot"] = undefined
  place = 0
  /** The ticks up to here have been dealt with, while the next one is being looked for. */
  seen = -Infinity
  /** When the flow was scheduled, or will have its first tick; NaN before. */
  since = NaN
  /** The time from which its ticks are counted; NaN before. */
  anchor = NaN
  /** When the flow was planned, by this scheduler or by one before it; with a journal only. */
  plannedAt = NaN
  /** No tick will come any more. */
  isCompleted = false
  isRemoved = false

  paused = false
  tripped = false
  streak = 0
  backoffUntil = 0

  runs = 0
  running = 0
  successes = 0
  failures = 0
  interruptions = 0
  skipped = 0
  missed = 0
  /** Ticks with which another scheduler of the journal has dealt. */
  elsewhere = 0
  lastStart = NaN
  lastEnd = NaN
  lastOutcome: Outcome | undefined = undefined
  lastFailure: Cause.Cause<unknown> | undefined = undefined
  lastCounters: Counters | undefined = undefined
  /** The latest tick that started a run, and that run. */
  lastTick = NaN
  lastTickRun = 0
  history: History | undefined = undefined
  /** The runs in flight that have given up the thread, by their numbers. */
  private fibers: Map<number, InFlight> | undefined = undefined
  private queue: Array<Offer> | undefined = undefined
  private isDraining = false
  /** Runs up to this number are to be interrupted. */
  private interruptedUpTo = 0

  constructor({ context, definition, isTraced, order, policy, remembered, timetable }: FlowOptions) {
    const { trigger } = definition
    const { effect, effectOf, within } = jobOf(definition)
    this.definition = definition
    this.order = order
    this.policy = policy
    this.timetable = timetable
    this.stepper = trigger._tag === "Scheduled" ? new Stepper(trigger.schedule) : undefined
    this.context = context
    this.isTraced = isTraced
    this.meter = Context.getOrUndefined(context, Meter)
    this.effect = effect
    this.effectOf = effectOf
    this.within = within
    this.remembered = remembered
  }

  get id(): string {
    return this.definition.id
  }

  /** The context of its runs and of its own log lines. A flow that was never due does not need one. */
  get annotatedContext(): Context.Context<never> {
    return (this.contextOfRuns ??= Annotations.add(this.context, "cano.flow.id", this.id))
  }

  /** Logs with the loggers that the job was given. */
  log(entry: Effect.Effect<void>): void {
    Effect.runForkWith(this.annotatedContext)(entry)
  }

  // ---------------------------------------------------------------------------
  // its schedule
  // ---------------------------------------------------------------------------

  /** The flow may have ticks. */
  get isSchedulable(): boolean {
    return !this.isRemoved && !this.paused && !this.tripped && !this.isCompleted
  }

  /** Begins to have ticks: the scheduler was started, or the flow was added to one that runs. */
  begin(now: number): void {
    this.since = decision.sinceOf(this.policy, now)
    this.anchor = decision.anchorOf(this.policy, this.timetable, now)
    this.isCompleted = this.runs >= this.policy.maxRuns
    this.stepper?.restart()
    this.history?.breakOff()
  }

  /** Begins to have ticks, as the journal will tell. */
  plan(): void {
    const remembered = this.remembered!
    remembered.isPlanned = false
    remembered.toldUntil = NaN
    remembered.catchUpUntil = -Infinity
    remembered.waiting = undefined
  }

  /** Takes over what the journal remembers. */
  adopt({ anchor, failures, isPaused, isTripped, lastFire, runs }: Row, now: number): void {
    const remembered = this.remembered!
    if (Number.isNaN(remembered.toldUntil)) {
      remembered.toldUntil = lastFire ?? decision.before(anchor)
      this.since = Math.min(this.since, decision.before(remembered.toldUntil))
    }
    // The anchor of another trigger says nothing of the ticks of this one.
    if (anchor !== this.plannedAt && !remembered.isSuperseded) {
      this.plannedAt = anchor
      this.anchor = decision.anchorOf(this.policy, this.timetable, anchor)
    }
    if (isPaused !== this.paused) {
      if (isPaused) this.pause(now)
      else this.resume(now)
    }
    if (failures !== this.streak) {
      const { backoff } = this.policy
      const delay = backoff === undefined || failures === 0 ? 0 : decision.backoffDelay(backoff, failures)
      this.streak = failures
      this.backoffUntil = delay === 0 ? 0 : (lastFire ?? now) + delay
    }
    if (isTripped && !this.tripped) this.recordOmission(now, Infinity, "tripped")
    if (!isTripped && this.tripped) this.history?.endOmission("tripped", now)
    this.tripped = isTripped
    this.runs = runs
  }

  /** When a tick fires: that of the agenda has a jitter. */
  dueTimeOf(tick: number): number {
    return tick === this.due ? this.fireAt : tick
  }

  /** What a decision looks at, if there are more runs than this scheduler knows of. */
  situation(more: number): decision.Situation {
    if (more === 0) return this
    const { backoffUntil, inFlight, paused, runs, streak, tripped, waiting } = this
    return { backoffUntil, inFlight, paused, runs, streak, tripped, waiting, running: this.running + more }
  }

  /** The next tick comes then, and fires when its jitter is over. */
  setDue(tick: number, jitter: number): void {
    this.due = tick
    this.fireAt = tick + jitter
  }

  /** The ticks until then have been dealt with. */
  sawUntil(time: number): void {
    this.seen = time
  }

  /** No tick will come any more. */
  complete(): void {
    this.isCompleted = true
  }

  remove(): void {
    this.isRemoved = true
  }

  /** The first tick after a time, for a flow with a timetable. */
  tickAfter(time: number): number | undefined {
    return decision.nextTick(this.policy, this.timetable!, this.anchor, time)
  }

  /** The bound of the random delay of a tick. */
  jitterAfter(tick: number): number {
    return decision.jitterAfter(this.policy, this.timetable, this.anchor, tick)
  }

  /** The tick that comes next. A flow that is outside of the agenda is being put back, or is kept out. */
  nextTick(now: number): number | undefined {
    if (this.isCompleted || this.timetable === undefined) return undefined
    return this.slot === undefined ? this.tickAfter(Math.max(now, this.seen)) : this.due
  }

  /** The clock was set back to `now`: moves the schedule and what is held until some time. */
  moveBack(jump: number, now: number): decision.MoveBack {
    // No tick comes twice where a journal remembers them.
    const move = this.remembered === undefined ? decision.moveBack(this.timetable, jump) : "keep"
    this.backoffUntil += jump
    if (move === "shift") {
      this.since += jump
      this.anchor += jump
      this.due += jump
      this.fireAt += jump
    }
    if (move !== "keep") {
      if (this.lastTick > now) this.lastTick = NaN
      this.history?.forgetAfter(now)
    }
    return move
  }

  // ---------------------------------------------------------------------------
  // what holds it
  // ---------------------------------------------------------------------------

  pause(now: number): void {
    this.paused = true
    this.recordOmission(now, Infinity, "paused")
  }

  resume(now: number): void {
    this.paused = false
    this.history?.endOmission("paused", now)
  }

  /** Ends a trip, a backoff and the count of failures in a row. */
  reset(now: number): void {
    this.history?.endOmission("tripped", now)
    this.tripped = false
    this.streak = 0
    this.backoffUntil = 0
  }

  recordSuccess(result: unknown): void {
    this.lastCounters = countersOf(result)
    this.streak = 0
    this.backoffUntil = 0
  }

  /** Tells what the failure has led to. */
  recordFailure(now: number, cause: Cause.Cause<unknown>): "tripped" | "backedOff" | undefined {
    const wasTripped = this.tripped
    const { backoffUntil, streak, tripped } = decision.afterFailure(this.policy, this, now)
    this.lastFailure = cause
    this.streak = streak
    this.backoffUntil = backoffUntil
    this.tripped = tripped
    if (tripped && !wasTripped) {
      this.recordOmission(now, Infinity, "tripped")
      return "tripped"
    }
    return backoffUntil > now ? "backedOff" : undefined
  }

  // ---------------------------------------------------------------------------
  // its runs
  // ---------------------------------------------------------------------------

  /** Counts a run that starts, and gives its number. */
  start(now: number, { by, due }: Offer): number {
    const run = ++this.runs
    this.running++
    this.lastStart = now
    if (by === "timer") {
      this.lastTick = due
      this.lastTickRun = run
    }
    if (run >= this.policy.maxRuns) this.recordOmission(now, Infinity, "maxRuns")
    return run
  }

  /** What a run does. */
  effectFor(run: number, { by, due }: Offer): AnyEffect {
    return this.effectOf?.({ flow: this.id, run, due: DateTime.makeUnsafe(due), by }) ?? this.effect
  }

  /** What a run does in place of its job, within the timeout of the flow. */
  limited(work: AnyEffect): AnyEffect {
    return this.within(work)
  }

  /** Keeps the fiber of a run that has given up the thread, so that it can be interrupted. */
  keep(inFlight: InFlight): void {
    this.fibers ??= new Map()
    this.fibers.set(inFlight.run, inFlight)
  }

  /** An interruption was asked for before the run had given up the thread. */
  isToBeInterrupted(run: number): boolean {
    return run <= this.interruptedUpTo
  }

  /** Counts a run that ended. */
  end(now: number, run: number, outcome: Outcome): void {
    this.fibers?.delete(run)
    this.running--
    this.lastEnd = now
    this.lastOutcome = outcome
    if (outcome === "success") this.successes++
    else if (outcome === "interrupted") this.interruptions++
    else this.failures++
  }

  /** Interrupts the runs in flight, and those that have not yet given up the thread. */
  interrupt(): void {
    this.interruptedUpTo = this.runs
    // A copy: what waited starts as soon as the last one has ended, and is not meant.
    for (const fiber of this.fibersInFlight) fiber.interruptUnsafe()
  }

  get fibersInFlight(): ReadonlyArray<Fiber.Fiber<any, any>> {
    return Array.from(this.fibers?.values() ?? [], ({ fiber }) => fiber)
  }

  get runsInFlight(): ReadonlyArray<RunId> {
    return Array.from(this.fibers?.keys() ?? [], (run) => ({ flow: this.id, run }))
  }

  /** The runs in flight, as they were started. */
  get allInFlight(): ReadonlyArray<InFlight> {
    return Array.from(this.fibers?.values() ?? [])
  }

  /** The fiber of the run that an offer has become, while it is in flight. */
  fiberOf(offer: Offer): Fiber.Fiber<any, any> | undefined {
    return this.allInFlight.find((inFlight) => inFlight.offer === offer)?.fiber
  }

  /** The latest run in flight. */
  get inFlight(): number | undefined {
    if (this.running === 0) return undefined
    return this.isStarting ? this.runs : Array.from(this.fibers!.keys()).at(-1)
  }

  /** The run in flight that was started for a tick. */
  inFlightFor(tick: number): number | undefined {
    for (const [run, { offer }] of this.fibers ?? []) if (offer.by === "timer" && offer.due === tick) return run
    return this.isStarting && this.lastTickRun === this.runs && this.lastTick === tick ? this.lastTickRun : undefined
  }

  /** The latest run has not yet given up the thread. */
  get isStarting(): boolean {
    return this.running > (this.fibers?.size ?? 0)
  }

  // ---------------------------------------------------------------------------
  // the runs that wait
  // ---------------------------------------------------------------------------

  get waiting(): number {
    return (this.queue?.length ?? 0) + (this.remembered?.waiting === undefined ? 0 : 1)
  }

  wait(offer: Offer): void {
    this.queue ??= []
    this.queue.push(offer)
  }

  /** A tick waits for the run before it. */
  isWaitingFor(tick: number): boolean {
    return (
      this.remembered?.waiting?.tick === tick ||
      this.queue?.some(({ by, due }) => by === "timer" && due === tick) === true
    )
  }

  /** Takes out what waits, or what waits by the timer. */
  takeWaiting(by?: "timer"): ReadonlyArray<Offer> {
    const { queue } = this
    if (queue === undefined) return []
    this.queue = by === undefined ? undefined : queue.filter((offer) => offer.by !== by)
    return by === undefined ? queue : queue.filter((offer) => offer.by === by)
  }

  /** Takes out one that waits, if it does. */
  takeOut(offer: Offer): boolean {
    const place = this.queue?.indexOf(offer) ?? -1
    if (place !== -1) this.queue!.splice(place, 1)
    return place !== -1
  }

  /** Gives out what waits, one after another, while no more runs are in flight than may be. A loop: a synchronous run ends at once. */
  drain(next: (offer: Offer) => void): void {
    if (this.isDraining) return
    this.isDraining = true
    while (this.running < this.policy.atMost && this.queue !== undefined && this.queue.length > 0)
      next(this.queue.shift()!)
    this.isDraining = false
  }

  // ---------------------------------------------------------------------------
  // its ticks that started no run
  // ---------------------------------------------------------------------------

  /** Counts a tick, or a call of `trigger`, that started no run. */
  skip({ by, due }: Pick<Offer, "by" | "due">, reason: SkipReason, run: number | undefined): void {
    this.skipped++
    if (by === "timer") this.recordOmission(due, due, reason, run)
  }

  /** Counts a run that waited, and was dropped. */
  skipWaiting({ by, due }: Offer, reason: SkipReason): void {
    this.skipped++
    if (by === "timer") (this.history ??= new History()).recordLateOmission(due, reason)
  }

  /** A tick has started a run, or waits to start one: the ticks that are omitted after it are another stretch. */
  breakOffOmission(): void {
    this.history?.breakOff()
  }

  /** Counts ticks that passed unseen, from `due` on. Between two stretches of them are ticks that run. */
  miss(count: number, due: number, stretches: ReadonlyArray<decision.Stretch>): void {
    this.missed += count
    let seen = due
    for (const { from, to } of stretches) {
      if (from > seen) this.history?.breakOff()
      this.recordOmission(from, to, "missed")
      seen = to
    }
  }

  /** Counts ticks with which another scheduler has dealt. */
  leaveElsewhere(count: number, from: number, to: number): void {
    this.elsewhere += count
    this.recordOmission(from, to, "elsewhere")
  }

  private recordOmission(from: number, to: number, reason: Omission["reason"], run?: number): void {
    ;(this.history ??= new History()).recordOmission(from, to, reason, run)
  }
}
