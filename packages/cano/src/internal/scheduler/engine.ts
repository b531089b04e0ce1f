import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { Agenda, type Slot } from "./agenda.ts"
import * as decision from "./decision.ts"
import { Hub } from "./hub.ts"
import { AlreadyRunning, type Event, type RunId, type SkipReason, type StopReport } from "./model.ts"
import type { FlowRecord, Waiting } from "./record.ts"
import { countersOf, inSpan, outcomeOf } from "./runs.ts"
import { Stopping } from "./stopping.ts"
import { Timetables } from "./timetable.ts"

/** Between two looks at the clock, in milliseconds: a timer does not notice that the clock was set, or the machine slept. */
const longestSleep = 60_000

/** A clock that is set back by less is not worth a reaction. */
const smallestJump = 1000

/** After so many ticks at one instant, other fibers get a turn. */
const batch = 2048

/** A schedule that is later than this counts its next delay from now on. */
const scheduleLag = 1000

/**
 * Carries out what `decision.ts` decides: one fiber sleeps until the earliest tick of all flows, starts what is due, and
 * puts each flow back in the queue with its next tick.
 */
export class Engine {
  readonly records = new Map<string, FlowRecord>()
  readonly timetables = new Timetables()
  readonly hub: Hub
  state: "stopped" | "running" | "stopping" | "closed" = "stopped"
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly fibers: FiberSet.FiberSet<any, any>
  private readonly agenda = new Agenda<FlowRecord>()
  /** What is due and has not yet been come to: the next of the first slot. */
  private current: Slot<FlowRecord> | undefined
  private cursor = 0
  /** The clock when it was last read, for what needs no newer time. */
  private readAt = NaN
  private stopping: Stopping | undefined
  private driver: Fiber.Fiber<void> | undefined
  /** When the driver looks next; the past while it is looking. */
  private wakeAt = Infinity
  private order = 0
  private wallTime = NaN
  private monotonicTime = 0n

  constructor(options: {
    readonly clock: Clock.Clock
    readonly context: Context.Context<never>
    readonly fibers: FiberSet.FiberSet<any, any>
    readonly buffer: number
  }) {
    this.clock = options.clock
    this.context = options.context
    this.fibers = options.fibers
    this.hub = new Hub(options.buffer)
  }

  nextOrder(): number {
    return ++this.order
  }

  /** Whole milliseconds: a fraction could make a sleep too short to move the clock. */
  now(): number {
    this.readAt = Math.floor(this.clock.currentTimeMillisUnsafe())
    return this.readAt
  }

  // ---------------------------------------------------------------------------
  // starting and stopping
  // ---------------------------------------------------------------------------

  readonly start: Effect.Effect<void, AlreadyRunning> = Effect.suspend(() => {
    if (this.state !== "stopped") return Effect.fail(new AlreadyRunning({ state: this.state }))
    this.state = "running"
    this.wallTime = NaN
    const now = this.now()
    if (this.hub.isActive) this.publish({ _tag: "SchedulerStarted", at: time(now) })
    this.wakeAt = -Infinity
    for (const record of this.records.values()) this.schedule(record, now)
    this.wakeAt = Infinity
    this.wake(-Infinity)
    return Effect.void
  })

  stop(grace: Duration.Duration): Effect.Effect<StopReport> {
    return Effect.suspend(() => {
      if (this.stopping !== undefined) return this.stopping.hurry(grace)
      if (this.state !== "running") return Effect.succeed({ interrupted: [] })
      this.state = "stopping"
      this.stopping = new Stopping()
      const now = this.now()
      if (this.hub.isActive) this.publish({ _tag: "SchedulerStopping", at: time(now) })
      this.everything()
      this.driver?.interruptUnsafe()
      for (const record of this.records.values()) {
        record.stepping++
        record.step = undefined
        this.dropWaiting(record, "stopped")
      }
      const { stopping } = this
      // Not a child of the caller: an interrupted caller leaves a stop that goes on. A job that stops the scheduler before
      // its first pause is in flight only when it has come to that.
      Effect.runForkWith(this.context)(Effect.andThen(Effect.yieldNow, this.shutDown(stopping, grace)))
      return stopping.report
    })
  }

  private shutDown(stopping: Stopping, grace: Duration.Duration): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* stopping.within(grace, FiberSet.awaitEmpty(this.fibers))
      const interrupted = this.inFlight
      yield* FiberSet.clear(this.fibers)
      this.state = "stopped"
      this.stopping = undefined
      if (this.hub.isActive) this.publish({ _tag: "SchedulerStopped", at: time(this.now()), interrupted })
      yield* stopping.end({ interrupted })
    })
  }

  get inFlight(): ReadonlyArray<RunId> {
    return Array.from(this.records.values()).flatMap((record) =>
      Array.from(record.fibers?.keys() ?? [], (run) => ({ flow: record.id, run }))
    )
  }

  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.state = "closed"
      return this.hub.close
    })
  }

  // ---------------------------------------------------------------------------
  // the timer
  // ---------------------------------------------------------------------------

  /** Makes the driver look at the queue at this time, if it would not by then. */
  private wake(at: number): void {
    if (at >= this.wakeAt) return
    this.wakeAt = -Infinity
    this.driver?.interruptUnsafe()
    // What woke it comes first: a job must not run before the call that added its flow has returned.
    this.driver = Effect.runForkWith(this.context)(Effect.andThen(Effect.yieldNow, Effect.whileLoop(this.loop)))
  }

  private readonly loop = {
    while: () => this.state === "running",
    body: () => this.tick(),
    step: () => {}
  }

  /** Starts what is due, and gives what to wait for. */
  private tick(): Effect.Effect<void> {
    this.wakeAt = -Infinity
    const now = this.now()
    this.noticeJump(now)
    const slow: Array<FlowRecord> = []
    for (let left = batch; left > 0; left--) {
      const record = this.nextDue(now)
      if (record === undefined) break
      this.comeDue(record, now, slow)
    }
    // Finding a cron tick takes time, so all that is due is started before.
    for (const record of slow) this.advance(record)
    return this.rest()
  }

  /** Takes out the next flow that is due. */
  private nextDue(now: number): FlowRecord | undefined {
    for (;;) {
      while (this.current !== undefined && this.cursor < this.current.entries.length) {
        const record = this.current.entries[this.cursor++]
        if (record === undefined) continue
        record.slot = undefined
        return record
      }
      const next = this.agenda.next
      this.current = next !== undefined && next <= now ? this.agenda.take() : undefined
      this.cursor = 0
      if (this.current === undefined) return undefined
    }
  }

  private rest(): Effect.Effect<void> {
    if (this.state !== "running") return Effect.void
    if (this.current !== undefined) return Effect.yieldNow
    const { next } = this.agenda
    if (next === undefined) {
      this.wakeAt = Infinity
      return Effect.never
    }
    const now = this.now()
    if (next <= now) return Effect.yieldNow
    this.wakeAt = Math.min(next, now + longestSleep)
    return this.clock.sleep(Duration.millis(this.wakeAt - now))
  }

  private comeDue(record: FlowRecord, now: number, slow: Array<FlowRecord>): void {
    const { due, policy, timetable } = record
    const lag = now - record.fireAt
    if (timetable !== undefined && !timetable.isSlow) {
      this.place(record, decision.nextTick(policy, timetable, record.anchor, due + lag))
    } else {
      slow.push(record)
      record.seen = lag > scheduleLag || timetable !== undefined ? due + lag : due
    }
    if (lag <= decision.lateLimit && (timetable === undefined || lag < timetable.spacing)) {
      this.offer(record, due, "timer", undefined)
    } else {
      this.catchUp(record, due, due + lag)
    }
  }

  private catchUp(record: FlowRecord, due: number, now: number): void {
    const { policy, timetable } = record
    const { missed, runs } =
      timetable === undefined
        ? decision.catchUpOne(policy, due, now)
        : decision.catchUp(policy, timetable, record.anchor, due, now)
    if (missed > 0) {
      record.missed += missed
      const [first = Infinity] = runs
      // What runs is the end of the gap, or, where nothing is on time, its beginning.
      const from = first === due ? due + 0.5 : due
      record.omit({ from, to: first > due ? Math.min(first - 0.5, now) : now, reason: "missed", run: undefined })
      if (this.hub.isActive) {
        this.publish({ _tag: "Missed", at: time(this.now()), flow: record.id, from: time(due), count: missed })
      }
    }
    for (const tick of runs) {
      // A run may have stopped the scheduler, or removed the flow.
      if (this.state !== "running" || record.removed) return
      this.offer(record, tick, "timer", undefined, runs.length > 1)
    }
  }

  private setDue(record: FlowRecord, tick: number): void {
    const { jitter } = record.policy
    record.due = tick
    record.fireAt =
      jitter === 0 ? tick : tick + Math.floor(jitter * Context.get(this.context, Random.Random).nextDoubleUnsafe())
  }

  private place(record: FlowRecord, tick: number | undefined): void {
    if (tick === undefined) return this.exhaust(record)
    this.setDue(record, tick)
    this.agenda.add(record)
    if (record.fireAt < this.wakeAt) this.wake(record.fireAt)
  }

  /** Puts a flow that came due back in the queue, unless its run has stopped, paused or removed it in the meantime. */
  private advance(record: FlowRecord): void {
    if (this.state !== "running" || !record.isSchedulable || record.slot !== undefined) return
    const { timetable } = record
    if (timetable === undefined) return this.askSchedule(record, record.seen)
    this.place(record, decision.nextTick(record.policy, timetable, record.anchor, record.seen))
  }

  private exhaust(record: FlowRecord): void {
    if (record.exhausted) return
    record.exhausted = true
    this.agenda.remove(record)
    if (this.hub.isActive) this.publish({ _tag: "Completed", at: time(this.now()), flow: record.id })
  }

  /** Puts a flow in the queue for the first time since the scheduler was started. */
  schedule(record: FlowRecord, now: number): void {
    const { flow, policy, timetable } = record
    record.anchor = decision.anchorOf(policy, now)
    record.exhausted = record.runs >= policy.maxRuns
    record.pausedAt = now
    if (!record.isSchedulable || flow.trigger._tag === "Manual") return
    if (timetable === undefined) this.askSchedule(record, record.anchor)
    else this.place(record, decision.firstTick(policy, timetable, now))
  }

  /** Puts a flow in the queue again after a pause or a trip: on the same grid. */
  reschedule(record: FlowRecord, now: number): void {
    if (this.state !== "running" || !record.isSchedulable || record.flow.trigger._tag === "Manual") return
    const { timetable } = record
    if (timetable === undefined) return this.askSchedule(record, Math.max(now, record.anchor))
    this.place(record, decision.nextTick(record.policy, timetable, record.anchor, now))
  }

  unschedule(record: FlowRecord): void {
    record.stepping++
    this.agenda.remove(record)
  }

  /** Asks an Effect schedule for its next delay, which may take time. */
  private askSchedule(record: FlowRecord, from: number): void {
    const { trigger } = record.flow
    if (trigger._tag !== "Scheduled") return
    const stepping = ++record.stepping
    const step = record.step === undefined ? Schedule.toStep(trigger.schedule) : Effect.succeed(record.step)
    const ask = Effect.flatMap(step, (step) => {
      record.step = step
      return step(from, undefined)
    })
    const fiber = Effect.runForkWith(record.context)(ask as Effect.Effect<[unknown, Duration.Duration], any>)
    fiber.addObserver((exit) => {
      if (record.stepping !== stepping || this.state !== "running" || !record.isSchedulable) return
      if (Exit.isFailure(exit) && !Pull.isDoneCause(exit.cause)) {
        this.log(record, Effect.logError(`The schedule of flow "${record.id}" died`))
      }
      const tick = Exit.isSuccess(exit) ? Math.round(from + Duration.toMillis(exit.value[1])) : undefined
      this.place(record, decision.within(record.policy, tick))
    })
  }

  /** Moves the ticks when the clock was set back; one set forward shows as ticks that are late. */
  private noticeJump(now: number): void {
    const monotonic = this.clock.monotonicTimeNanosUnsafe()
    const jump = Math.round(now - this.wallTime - Number(monotonic - this.monotonicTime) / 1e6)
    this.wallTime = now
    this.monotonicTime = monotonic
    if (!(jump <= -smallestJump)) return
    for (const record of this.everything()) {
      const move = decision.moveBack(record.timetable, jump)
      if (move === "restart") {
        this.place(record, decision.nextTick(record.policy, record.timetable!, record.anchor, now))
        continue
      }
      if (move === "shift") {
        record.anchor += jump
        record.due += jump
        record.fireAt += jump
      }
      record.backoffUntil += jump
      this.agenda.add(record)
    }
  }

  private everything(): ReadonlyArray<FlowRecord> {
    const late = this.current?.entries.slice(this.cursor).filter((record) => record !== undefined) ?? []
    this.current = undefined
    for (const record of late) record.slot = undefined
    return [...late, ...this.agenda.drain()]
  }

  // ---------------------------------------------------------------------------
  // runs
  // ---------------------------------------------------------------------------

  /** Decides about a tick or a call, and does what was decided. */
  offer(
    record: FlowRecord,
    due: number,
    by: "timer" | "hand",
    done: Waiting["done"],
    isCatchingUp = false
  ): decision.Decision {
    const now = by === "hand" ? this.now() : this.readAt
    const decided = decision.decide(record.policy, record, now, by, isCatchingUp)
    switch (decided._tag) {
      case "Start":
        this.run(record, { due, by, done }, false)
        break
      case "Wait":
        this.enqueue(record, { due, by, done })
        break
      case "Replace":
        this.dropWaiting(record, "superseded")
        this.enqueue(record, { due, by, done })
        this.cancel(record)
        break
      case "Skip":
        this.skip(record, due, decided.reason, decided.run)
        break
    }
    return decided
  }

  private enqueue(record: FlowRecord, waiting: Waiting): void {
    record.queue ??= []
    record.queue.push(waiting)
    if (this.hub.isActive) {
      this.publish({ _tag: "RunWaiting", at: time(this.now()), flow: record.id, due: time(waiting.due) })
    }
  }

  private skip(record: FlowRecord, due: number, reason: SkipReason, run?: number, waited = false): void {
    record.skipped++
    record.omit({ from: due, to: due, reason, run })
    if (this.hub.isActive) {
      this.publish({ _tag: "Skipped", at: time(this.now()), flow: record.id, due: time(due), reason, run, waited })
    }
  }

  private drop(record: FlowRecord, { done, due }: Waiting, reason: SkipReason): void {
    this.skip(record, due, reason, undefined, true)
    if (done !== undefined) Deferred.doneUnsafe(done, Exit.succeed(Exit.interrupt()))
  }

  dropWaiting(record: FlowRecord, reason: SkipReason, by?: "timer"): void {
    const { queue } = record
    if (queue === undefined || queue.length === 0) return
    record.queue = by === undefined ? undefined : queue.filter((waiting) => waiting.by !== by)
    for (const waiting of queue) if (by === undefined || waiting.by === by) this.drop(record, waiting, reason)
  }

  /** Interrupts the runs in flight, and those that have not yet come to their first pause. */
  cancel(record: FlowRecord): void {
    record.cancelled = record.runs
    // A copy: what has waited starts as soon as the last one has ended, and is not meant.
    for (const fiber of Array.from(record.fibers?.values() ?? [])) fiber.interruptUnsafe()
  }

  private run(record: FlowRecord, { by, done, due }: Waiting, waited: boolean): void {
    const run = ++record.runs
    record.running++
    record.lastStart = this.readAt
    record.lastDue = due
    if (this.hub.isActive) {
      this.publish({ _tag: "RunStarted", at: time(record.lastStart), flow: record.id, run, due: time(due), by, waited })
    }
    if (run >= record.policy.maxRuns) this.exhaust(record)
    const effect = record.isTraced ? inSpan(record.effect, record.id, run, by) : record.effect
    const fiber = Effect.runForkWith(record.context)(effect as Effect.Effect<any, any>)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.ended(record, run, exit, done)
    record.fibers ??= new Map()
    record.fibers.set(run, fiber)
    fiber.addObserver((exit) => {
      record.fibers!.delete(run)
      this.ended(record, run, exit, done)
    })
    FiberSet.addUnsafe(this.fibers, fiber)
    if (run <= record.cancelled) fiber.interruptUnsafe()
  }

  private ended(record: FlowRecord, run: number, exit: Exit.Exit<unknown, unknown>, done: Waiting["done"]): void {
    const now = this.now()
    record.running--
    record.lastEnd = now
    if (exit._tag === "Success") this.succeeded(record, run, exit.value)
    else this.failed(record, run, exit.cause, now)
    if (done !== undefined) Deferred.doneUnsafe(done, Exit.succeed(exit))
    if (record.removed) this.forget(record)
    else if (record.queue !== undefined) this.drain(record)
  }

  private succeeded(record: FlowRecord, run: number, value: unknown): void {
    record.lastOutcome = "success"
    record.successes++
    record.lastCounters = value === undefined ? undefined : countersOf(value)
    record.streak = 0
    record.backoffUntil = 0
    if (this.hub.isActive) this.publishEnd(record, run)
  }

  private failed(record: FlowRecord, run: number, cause: Cause.Cause<unknown>, now: number): void {
    const outcome = outcomeOf(record.id, cause)
    record.lastOutcome = outcome
    if (outcome === "interrupted") record.interruptions++
    else record.failures++
    if (this.hub.isActive) this.publishEnd(record, run)
    if (outcome === "interrupted") return
    record.lastFailure = cause
    this.log(record, Effect.logWarning(`Flow "${record.id}": run ${run} ended with a ${outcome}`))
    this.settle(record, now)
  }

  private publishEnd(record: FlowRecord, run: number): void {
    this.publish({
      _tag: "RunEnded",
      at: time(record.lastEnd),
      flow: record.id,
      run,
      outcome: record.lastOutcome!
    })
  }

  private settle(record: FlowRecord, now: number): void {
    const { id: flow, policy } = record
    const wasTripped = record.tripped
    const { backoffUntil, streak, tripped } = decision.settleFailure(policy, record, now)
    record.streak = streak
    record.backoffUntil = backoffUntil
    record.tripped = tripped
    if (tripped && !wasTripped) {
      this.unschedule(record)
      this.log(record, Effect.logWarning(`Flow "${flow}" has tripped after ${streak} failures in a row`))
      if (this.hub.isActive) this.publish({ _tag: "Tripped", at: time(now), flow, streak })
    } else if (backoffUntil > now && this.hub.isActive) {
      this.publish({ _tag: "BackedOff", at: time(now), flow, until: time(backoffUntil), streak })
    }
  }

  /** Starts what has waited for the run that ended. A loop: a synchronous run ends before it returns. */
  private drain(record: FlowRecord): void {
    if (record.draining) return
    record.draining = true
    while (record.running === 0 && record.queue !== undefined && record.queue.length > 0) {
      const waiting = record.queue.shift()!
      const held = decision.heldUp(record, this.now(), waiting.by)
      if (held === undefined) this.run(record, waiting, true)
      else this.drop(record, waiting, held)
    }
    record.draining = false
  }

  // ---------------------------------------------------------------------------
  // flows
  // ---------------------------------------------------------------------------

  add(record: FlowRecord): void {
    const now = this.now()
    this.records.set(record.id, record)
    if (this.hub.isActive) this.publish({ _tag: "Added", at: time(now), flow: record.id })
    if (this.state === "running") this.schedule(record, now)
  }

  /** Removes a flow; its id is free when its runs have ended. */
  remove(record: FlowRecord): void {
    record.removed = true
    this.unschedule(record)
    this.dropWaiting(record, "stopped")
    this.cancel(record)
    this.forget(record)
  }

  private forget(record: FlowRecord): void {
    if (record.running > 0 || this.records.get(record.id) !== record) return
    this.records.delete(record.id)
    this.timetables.release(record.flow.trigger)
    if (this.hub.isActive) this.publish({ _tag: "Removed", at: time(this.now()), flow: record.id })
  }

  pause(record: FlowRecord): void {
    if (record.paused) return
    const now = this.now()
    record.paused = true
    record.pausedAt = now
    this.unschedule(record)
    if (this.hub.isActive) this.publish({ _tag: "Paused", at: time(now), flow: record.id })
    this.dropWaiting(record, "paused", "timer")
  }

  resume(record: FlowRecord): void {
    if (!record.paused) return
    const now = this.now()
    record.paused = false
    record.omit({ from: record.pausedAt, to: now, reason: "paused", run: undefined })
    if (this.hub.isActive) this.publish({ _tag: "Resumed", at: time(now), flow: record.id })
    this.reschedule(record, now)
  }

  reset(record: FlowRecord): void {
    const now = this.now()
    const wasTripped = record.tripped
    if (wasTripped) record.omit({ from: record.lastEnd, to: now, reason: "tripped", run: undefined })
    record.tripped = false
    record.streak = 0
    record.backoffUntil = 0
    if (this.hub.isActive) this.publish({ _tag: "Reset", at: time(now), flow: record.id })
    if (wasTripped) this.reschedule(record, now)
  }

  publish(event: Event): void {
    this.hub.publish(event)
  }

  private log(record: FlowRecord, entry: Effect.Effect<void>): void {
    Effect.runForkWith(record.context)(entry)
  }
}

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)
