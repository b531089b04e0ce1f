import type * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import type { Event, Outcome, RunId, SkipReason } from "../../Scheduler.ts"
import { errorTypeOf } from "../blame.ts"
import type { Hub } from "../hub.ts"
import * as decision from "./decision.ts"
import type { FlowRecord, Waiting } from "./record.ts"
import { countersOf, inRunSpan, outcomeOf } from "./runs.ts"
import type { Timer } from "./timer.ts"

/** Runs that start runs at once are on one stack; those that are nested deeper begin on one of their own. */
const deepest = 64

/** Starts, holds back and ends the runs of flows, as `decision.ts` decides. */
export class Runner {
  private readonly timer: Timer<FlowRecord>
  private readonly hub: Hub<Event>
  private readonly fibers: FiberSet.FiberSet<any, any>
  /** Called when the last run of a flow that was removed has ended. */
  private readonly forget: (record: FlowRecord) => void
  private depth = 0

  constructor(
    timer: Timer<FlowRecord>,
    hub: Hub<Event>,
    fibers: FiberSet.FiberSet<any, any>,
    forget: (record: FlowRecord) => void
  ) {
    this.timer = timer
    this.hub = hub
    this.fibers = fibers
    this.forget = forget
  }

  // ---------------------------------------------------------------------------
  // starting
  // ---------------------------------------------------------------------------

  /** Decides about a tick or a call, and does what was decided. */
  offer(
    record: FlowRecord,
    due: number,
    by: "timer" | "hand",
    done: Waiting["done"],
    isCatchingUp = false
  ): decision.Decision {
    const now = by === "hand" ? this.timer.now() : this.timer.readAt
    const decided = decision.decide(record.policy, record, now, by, isCatchingUp)
    if (by === "timer" && decided._tag !== "Skip") record.isOmitting = false
    switch (decided._tag) {
      case "Start":
        this.run(record, { due, by, done }, false)
        break
      case "Wait":
        this.enqueue(record, { due, by, done })
        break
      case "Replace": {
        const dropped = record.queue ?? []
        record.queue = undefined
        for (const waiting of dropped) this.drop(record, waiting, "superseded")
        this.enqueue(record, { due, by, done })
        this.cancel(record)
        // Last: whoever is told may trigger the flow again at once.
        for (const waiting of dropped) tellDropped(waiting)
        break
      }
      case "Skip":
        if (by === "timer") record.omit(due, due, decided.reason, decided.run)
        this.skip(record, due, decided.reason, decided.run)
        break
    }
    return decided
  }

  private run(record: FlowRecord, { by, done, due }: Waiting, waited: boolean): void {
    const run = ++record.runs
    record.running++
    record.lastStart = this.timer.readAt
    if (by === "timer") {
      record.meter?.flowStarted(Math.max(0, record.lastStart - due), record.context)
      record.lastTick = due
      record.lastTickRun = run
    }
    if (this.hub.isActive) {
      const at = DateTime.makeUnsafe(record.lastStart)
      this.hub.publish({ _tag: "RunStarted", at, flow: record.id, run, due: DateTime.makeUnsafe(due), by, waited })
    }
    if (run >= record.policy.maxRuns) {
      record.omit(record.lastStart, Infinity, "maxRuns")
      this.complete(record)
    }
    const work = record.effectOf?.({ flow: record.id, run, due: DateTime.makeUnsafe(due), by }) ?? record.effect
    const effect = record.isTraced ? inRunSpan(work, record.flow, run, by) : work
    const nested = this.depth >= deepest ? Effect.andThen(Effect.yieldNow, effect) : effect
    this.depth++
    const fiber = Effect.runForkWith(record.annotated)(nested as Effect.Effect<any, any>)
    this.depth--
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.ended(record, run, exit, done)
    record.fibers ??= new Map()
    record.fibers.set(run, { fiber, tick: by === "timer" ? due : NaN })
    fiber.addObserver((exit) => {
      record.fibers!.delete(run)
      this.ended(record, run, exit, done)
    })
    FiberSet.addUnsafe(this.fibers, fiber)
    if (run <= record.cancelled) fiber.interruptUnsafe()
  }

  /** No tick of a flow will come any more. */
  complete(record: FlowRecord): void {
    if (record.exhausted) return
    record.exhausted = true
    this.timer.remove(record)
    if (this.hub.isActive) {
      this.hub.publish({ _tag: "Completed", at: DateTime.makeUnsafe(this.timer.now()), flow: record.id })
    }
  }

  // ---------------------------------------------------------------------------
  // holding back
  // ---------------------------------------------------------------------------

  /** Ticks have passed while nobody could look, and do not become runs. */
  miss(record: FlowRecord, from: number, count: number): void {
    record.missed += count
    record.meter?.flowSkipped(record.id, "missed", count, record.context)
    if (this.hub.isActive) {
      const at = DateTime.makeUnsafe(this.timer.now())
      this.hub.publish({ _tag: "Missed", at, flow: record.id, from: DateTime.makeUnsafe(from), count })
    }
  }

  private enqueue(record: FlowRecord, waiting: Waiting): void {
    record.queue ??= []
    record.queue.push(waiting)
    if (this.hub.isActive) {
      const at = DateTime.makeUnsafe(this.timer.now())
      this.hub.publish({ _tag: "RunWaiting", at, flow: record.id, due: DateTime.makeUnsafe(waiting.due) })
    }
  }

  private skip(record: FlowRecord, due: number, reason: SkipReason, run?: number, waited = false): void {
    record.skipped++
    record.meter?.flowSkipped(record.id, reason, 1, record.context)
    if (this.hub.isActive) {
      const at = DateTime.makeUnsafe(this.timer.now())
      this.hub.publish({ _tag: "Skipped", at, flow: record.id, due: DateTime.makeUnsafe(due), reason, run, waited })
    }
  }

  private drop(record: FlowRecord, { by, due }: Waiting, reason: SkipReason): void {
    if (by === "timer") {
      // Other ticks may have come since this one.
      record.isOmitting = false
      record.omit(due, due, reason)
      record.isOmitting = false
    }
    this.skip(record, due, reason, undefined, true)
  }

  dropWaiting(record: FlowRecord, reason: SkipReason, by?: "timer"): void {
    const { queue } = record
    if (queue === undefined || queue.length === 0) return
    record.queue = by === undefined ? undefined : queue.filter((waiting) => waiting.by !== by)
    const dropped = queue.filter((waiting) => by === undefined || waiting.by === by)
    for (const waiting of dropped) this.drop(record, waiting, reason)
    for (const waiting of dropped) tellDropped(waiting)
  }

  /** Takes a flow out of the agenda; an answer of its schedule is no longer wanted. */
  withdraw(record: FlowRecord): void {
    record.stepping++
    this.timer.remove(record)
  }

  // ---------------------------------------------------------------------------
  // ending
  // ---------------------------------------------------------------------------

  /** Interrupts the runs in flight, and those that have not yet come to their first pause. */
  cancel(record: FlowRecord): void {
    record.cancelled = record.runs
    // A copy: what has waited starts as soon as the last one has ended, and is not meant.
    for (const { fiber } of Array.from(record.fibers?.values() ?? [])) fiber.interruptUnsafe()
  }

  private ended(record: FlowRecord, run: number, exit: Exit.Exit<unknown, unknown>, done: Waiting["done"]): void {
    record.running--
    record.lastEnd = this.timer.now()
    const outcome = exit._tag === "Success" ? "success" : outcomeOf(record.id, exit.cause)
    record.meter?.flowEnded(record.id, outcome, record.context)
    if (exit._tag === "Success") this.succeeded(record, run, exit.value)
    else this.failed(record, run, outcome, exit.cause)
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

  private failed(record: FlowRecord, run: number, outcome: Outcome, cause: Cause.Cause<unknown>): void {
    record.lastOutcome = outcome
    if (outcome === "interrupted") record.interruptions++
    else record.failures++
    if (this.hub.isActive) this.publishEnd(record, run)
    if (outcome === "interrupted") return
    record.lastFailure = cause
    const what = outcome === "timeout" ? outcome : `${outcome} (${errorTypeOf(cause) ?? "empty"})`
    const hasTripped = this.settle(record)
    // Last: a logger may trigger the flow again at once.
    record.log(Effect.logWarning(`Flow "${record.id}": run ${run} ended with a ${what}`))
    if (hasTripped)
      record.log(Effect.logWarning(`Flow "${record.id}" has tripped after ${record.policy.trip} failures in a row`))
  }

  private publishEnd(record: FlowRecord, run: number): void {
    const at = DateTime.makeUnsafe(record.lastEnd)
    this.hub.publish({ _tag: "RunEnded", at, flow: record.id, run, outcome: record.lastOutcome! })
  }

  private settle(record: FlowRecord): boolean {
    const now = this.timer.look()
    const { id: flow, policy } = record
    const wasTripped = record.tripped
    const { backoffUntil, streak, tripped } = decision.settleFailure(policy, record, now)
    record.streak = streak
    record.backoffUntil = backoffUntil
    record.tripped = tripped
    if (tripped && !wasTripped) {
      this.withdraw(record)
      record.omit(now, Infinity, "tripped")
      if (this.hub.isActive) this.hub.publish({ _tag: "Tripped", at: DateTime.makeUnsafe(now), flow, streak })
    } else if (backoffUntil > now && this.hub.isActive) {
      const until = DateTime.makeUnsafe(backoffUntil)
      this.hub.publish({ _tag: "BackedOff", at: DateTime.makeUnsafe(now), flow, until, streak })
    }
    return tripped && !wasTripped
  }

  /** Starts what has waited for the run that ended. A loop: a synchronous run ends before it returns. */
  private drain(record: FlowRecord): void {
    if (record.draining) return
    record.draining = true
    while (record.running === 0 && record.queue !== undefined && record.queue.length > 0) {
      const waiting = record.queue.shift()!
      const held = decision.heldUp(record, this.timer.now(), waiting.by)
      if (held === undefined) this.run(record, waiting, true)
      else {
        this.drop(record, waiting, held)
        tellDropped(waiting)
      }
    }
    record.draining = false
  }
}

const tellDropped = ({ done }: Waiting): void => {
  if (done !== undefined) Deferred.doneUnsafe(done, Exit.succeed(Exit.interrupt()))
}

/** The runs of flows that are in flight. */
export const inFlight = (records: Iterable<FlowRecord>): ReadonlyArray<RunId> =>
  Array.from(records).flatMap((record) => Array.from(record.fibers?.keys() ?? [], (run) => ({ flow: record.id, run })))
