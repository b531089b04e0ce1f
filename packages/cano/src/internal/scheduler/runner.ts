import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type { Outcome, SkipReason } from "../../Scheduler.ts"
import { errorTypeOf } from "../watch/redaction.ts"
import type { Agenda } from "./agenda.ts"
import type { Changes } from "./changes.ts"
import * as decision from "./decision.ts"
import type { LiveFlow, Offer } from "./flow.ts"
import { type AnyEffect, inRunSpan, runOutcome } from "./job.ts"
import type { Memory } from "./memory.ts"
import { failed, started, succeeded } from "./remembered.ts"
import type { WallClock } from "./wallClock.ts"

/** Runs that start runs at once are on one stack; those that are nested deeper begin on one of their own. */
const deepest = 64

/** Starts, holds back and ends the runs of flows, as `decision.ts` decides. */
export class Runner {
  private readonly agenda: Agenda<LiveFlow>
  private readonly clock: WallClock
  private readonly changes: Changes
  private readonly fibers: FiberSet.FiberSet<any, any>
  /** Called when a run of a flow that was removed has ended. */
  private readonly release: (flow: LiveFlow) => void
  private readonly memory: Memory | undefined
  private depth = 0

  constructor(options: {
    readonly agenda: Agenda<LiveFlow>
    readonly clock: WallClock
    readonly changes: Changes
    readonly fibers: FiberSet.FiberSet<any, any>
    readonly release: (flow: LiveFlow) => void
    readonly memory: Memory | undefined
  }) {
    this.agenda = options.agenda
    this.clock = options.clock
    this.changes = options.changes
    this.fibers = options.fibers
    this.release = options.release
    this.memory = options.memory
  }

  /** Decides about a tick, or a call of `trigger`, and carries the decision out. */
  offer(flow: LiveFlow, offer: Offer, isCatchingUp = false): decision.Decision {
    const now = offer.by === "hand" ? this.clock.read() : this.clock.lastRead
    const decided = decision.decide(flow.policy, flow, now, offer.by, isCatchingUp)
    if (offer.by === "timer" && decided._tag !== "Skip") flow.breakOffOmission()
    switch (decided._tag) {
      case "Start":
        this.start(flow, offer, false)
        break
      case "Wait":
        this.wait(flow, offer)
        break
      case "Replace":
        this.replace(flow, offer)
        break
      case "Skip":
        this.skip(flow, offer, decided.reason, decided.run)
        break
    }
    return decided
  }

  // ---------------------------------------------------------------------------
  // starting
  // ---------------------------------------------------------------------------

  /** Starts the run of a tick that the journal has accepted; `work` in place of the flow's job, if it is given. */
  startAccepted(flow: LiveFlow, offer: Offer, waited: boolean, work: AnyEffect | undefined): void {
    flow.breakOffOmission()
    this.start(flow, offer, waited, work)
  }

  private start(flow: LiveFlow, offer: Offer, waited: boolean, work?: AnyEffect): void {
    const { by, done, due } = offer
    if (by === "hand") this.memory?.note(flow, started)
    const now = this.clock.lastRead
    const run = flow.start(now, offer)
    if (by === "timer") flow.meter?.flowStarted(Math.max(0, now - due), flow.context)
    this.changes.runStarted(now, flow.id, run, due, by, waited)
    if (run >= flow.policy.maxRuns) this.complete(flow)
    const fiber = this.fork(flow, run, offer, work === undefined ? flow.effectFor(run, offer) : flow.limited(work))
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.onEnd(flow, run, exit, done)
    flow.keep({ run, fiber, offer, startedAt: now })
    fiber.addObserver((exit) => this.onEnd(flow, run, exit, done))
    FiberSet.addUnsafe(this.fibers, fiber)
    if (flow.isToBeInterrupted(run)) fiber.interruptUnsafe()
  }

  private fork(flow: LiveFlow, run: number, offer: Offer, work: AnyEffect): Fiber.Fiber<any, any> {
    const effect = flow.isTraced ? inRunSpan(work, flow.definition, run, offer.by) : work
    const nested = this.depth >= deepest ? Effect.andThen(Effect.yieldNow, effect) : effect
    this.depth++
    const fiber = Effect.runForkWith(flow.annotatedContext)(nested as Effect.Effect<any, any>)
    this.depth--
    return fiber
  }

  /** No tick of a flow will come any more. */
  complete(flow: LiveFlow): void {
    if (flow.isCompleted) return
    flow.complete()
    this.agenda.remove(flow)
    this.changes.completed(this.clock.read(), flow.id)
  }

  // ---------------------------------------------------------------------------
  // holding back
  // ---------------------------------------------------------------------------

  private wait(flow: LiveFlow, offer: Offer): void {
    flow.wait(offer)
    this.changes.runWaiting(this.clock.read(), flow.id, offer.due)
  }

  private replace(flow: LiveFlow, offer: Offer): void {
    const superseded = flow.takeWaiting()
    this.drop(flow, superseded, "superseded")
    this.wait(flow, offer)
    flow.interrupt()
    tellDropped(superseded)
  }

  /** A tick or a call of `trigger` starts no run. */
  skip(flow: LiveFlow, offer: Offer, reason: SkipReason, run: number | undefined): void {
    flow.skip(offer, reason, run)
    flow.meter?.flowSkipped(flow.id, reason, 1, flow.context)
    this.changes.skipped(this.clock.read(), flow.id, offer.due, reason, run, false)
  }

  /** Drops the runs that wait, or those that wait by the timer. */
  dropWaiting(flow: LiveFlow, reason: SkipReason, by?: "timer"): void {
    const dropped = flow.takeWaiting(by)
    this.drop(flow, dropped, reason)
    tellDropped(dropped)
  }

  /** Ends the run that an offer has become, or drops it while it waits. One that has ended is left as it is. */
  cancel(flow: LiveFlow, offer: Offer): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!flow.takeOut(offer)) {
        const fiber = flow.fiberOf(offer)
        return fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
      }
      this.drop(flow, [offer], "cancelled")
      tellDropped([offer])
      return Effect.void
    })
  }

  /** Offers a run whose caller was given it already: if it is skipped, it ends as interrupted. */
  offerLate(flow: LiveFlow, offer: Offer): void {
    if (this.offer(flow, offer)._tag === "Skip") tellDropped([offer])
  }

  /** Skips a run whose caller was given it already. */
  refuse(flow: LiveFlow, offer: Offer, reason: SkipReason): void {
    this.skip(flow, offer, reason, undefined)
    tellDropped([offer])
  }

  /** Drops a tick that has waited for the journal's run to end. */
  dropHeld(flow: LiveFlow, offer: Offer, reason: SkipReason): void {
    flow.remembered!.waiting = undefined
    this.drop(flow, [offer], reason)
  }

  private drop(flow: LiveFlow, offers: ReadonlyArray<Offer>, reason: SkipReason): void {
    for (const offer of offers) {
      flow.skipWaiting(offer, reason)
      flow.meter?.flowSkipped(flow.id, reason, 1, flow.context)
      this.changes.skipped(this.clock.read(), flow.id, offer.due, reason, undefined, true)
    }
  }

  /** Ticks from `due` on have passed while nobody could look, and do not become runs. */
  miss(flow: LiveFlow, count: number, due: number, stretches: ReadonlyArray<decision.Stretch>): void {
    flow.miss(count, due, stretches)
    flow.meter?.flowSkipped(flow.id, "missed", count, flow.context)
    this.changes.missed(this.clock.read(), flow.id, stretches[0]!.from, count)
  }

  /** Another scheduler has dealt with ticks. */
  elsewhere(flow: LiveFlow, count: number, from: number, to: number): void {
    flow.leaveElsewhere(count, from, to)
    flow.meter?.flowSkipped(flow.id, "elsewhere", count, flow.context)
    this.changes.takenElsewhere(this.clock.read(), flow.id, from, count)
  }

  // ---------------------------------------------------------------------------
  // ending
  // ---------------------------------------------------------------------------

  private onEnd(flow: LiveFlow, run: number, exit: Exit.Exit<unknown, unknown>, done: Offer["done"]): void {
    const now = this.clock.read()
    const outcome = runOutcome(flow.id, exit)
    flow.end(now, run, outcome)
    flow.meter?.flowEnded(flow.id, outcome, flow.context)
    this.changes.runEnded(now, flow.id, run, outcome)
    if (exit._tag === "Success") {
      flow.recordSuccess(exit.value)
      this.memory?.note(flow, succeeded)
    } else if (outcome !== "interrupted") {
      this.recordFailure(flow, run, outcome, exit.cause)
      this.memory?.note(flow, failed(flow.policy.trip))
    }
    if (done !== undefined) Deferred.doneUnsafe(done, Exit.succeed(exit))
    if (flow.isRemoved) this.release(flow)
    else if (flow.waiting > 0) flow.drain((offer) => this.startWaiting(flow, offer))
  }

  private recordFailure(flow: LiveFlow, run: number, outcome: Outcome, cause: Cause.Cause<unknown>): void {
    const { id } = flow
    const now = this.clock.now()
    const led = flow.recordFailure(now, cause)
    const { backoffUntil, streak } = flow
    if (led === "tripped") {
      // With a journal another scheduler may reset the flow.
      if (this.memory === undefined) this.agenda.remove(flow)
      this.changes.tripped(now, id, streak)
    } else if (led === "backedOff") {
      this.changes.backedOff(now, id, backoffUntil, streak)
    }
    // Last: a logger may trigger the flow again at once.
    const what = outcome === "timeout" ? outcome : `${outcome} (${errorTypeOf(cause) ?? "empty"})`
    flow.log(Effect.logWarning(`Flow "${id}": run ${run} ended with a ${what}`))
    if (led === "tripped") flow.log(Effect.logWarning(`Flow "${id}" has tripped after ${streak} failures in a row`))
  }

  private startWaiting(flow: LiveFlow, offer: Offer): void {
    const held = decision.holdReason(flow, this.clock.read(), offer.by)
    if (held === undefined) return this.start(flow, offer, true)
    this.drop(flow, [offer], held)
    tellDropped([offer])
  }
}

/** Tells the callers of `trigger` at last: each may trigger the flow again at once. */
const tellDropped = (offers: ReadonlyArray<Offer>): void => {
  for (const { done } of offers) if (done !== undefined) Deferred.doneUnsafe(done, Exit.succeed(Exit.interrupt()))
}
