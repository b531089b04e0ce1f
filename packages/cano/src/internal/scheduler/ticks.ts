import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type { Acceptance } from "./acceptance.ts"
import type { Agenda } from "./agenda.ts"
import * as decision from "./decision.ts"
import type { LiveFlow } from "./flow.ts"
import type { Runner } from "./runner.ts"
import type { WallClock } from "./wallClock.ts"

/** An Effect schedule that is later than this, in milliseconds, counts its next delay from now on. */
const scheduleLag = 1000

/** Which tick of a flow comes next, and what becomes of one that is due. */
export class Ticks {
  private readonly agenda: Agenda<LiveFlow>
  private readonly clock: WallClock
  private readonly runner: Runner
  private readonly context: Context.Context<never>
  private readonly flows: ReadonlyMap<string, LiveFlow>
  /** Deals with the ticks, if there is a journal. */
  private readonly acceptance: Acceptance | undefined
  private isRunning = false
  /** Flows that came due, and whose next tick takes time to find. */
  private slow: Array<LiveFlow> = []

  constructor(options: {
    readonly agenda: Agenda<LiveFlow>
    readonly clock: WallClock
    readonly runner: Runner
    readonly context: Context.Context<never>
    readonly flows: ReadonlyMap<string, LiveFlow>
    readonly acceptance: Acceptance | undefined
  }) {
    this.agenda = options.agenda
    this.clock = options.clock
    this.runner = options.runner
    this.context = options.context
    this.flows = options.flows
    this.acceptance = options.acceptance
  }

  /** Schedules all flows. */
  start(now: number): void {
    this.isRunning = true
    this.acceptance?.start()
    this.clock.watch((jump, now) => this.onSetBack(jump, now))
    for (const flow of this.flows.values()) this.schedule(flow, now)
  }

  /** Takes all flows out of the agenda, also those that are due and were not yet handed over. */
  stop(): void {
    this.isRunning = false
    this.acceptance?.stop(this.flows.values())
    this.clock.unwatch()
    this.agenda.clear()
  }

  // ---------------------------------------------------------------------------
  // what comes next
  // ---------------------------------------------------------------------------

  /** Puts a flow in the agenda for the first time since the scheduler was started. */
  schedule(flow: LiveFlow, now: number): void {
    flow.begin(now)
    if (this.acceptance !== undefined) return this.acceptance.plan(flow)
    if (!flow.isSchedulable) return
    const { policy, timetable } = flow
    if (timetable === undefined) this.askSchedule(flow, flow.since)
    else this.place(flow, decision.firstTick(policy, timetable, now))
  }

  /** Puts a flow in the agenda again after a pause or a trip, on the same grid. */
  reschedule(flow: LiveFlow, now: number): void {
    if (!this.isRunning || !flow.isSchedulable || this.acceptance !== undefined) return
    if (flow.timetable === undefined) return this.askSchedule(flow, Math.max(now, flow.since))
    this.place(flow, flow.tickAfter(Math.max(now, decision.before(flow.since))))
  }

  /** Puts a flow in the agenda for a tick, with the jitter that the tick may have been given before. */
  placeOnce(flow: LiveFlow, tick: number): void {
    this.agenda.remove(flow)
    if (flow.due === tick) this.agenda.add(flow)
    else this.place(flow, tick)
  }

  private place(flow: LiveFlow, tick: number | undefined): void {
    if (tick === undefined) return this.runner.complete(flow)
    flow.setDue(tick, this.jitterOf(flow, tick))
    this.agenda.add(flow)
  }

  private jitterOf(flow: LiveFlow, tick: number): number {
    if (flow.policy.jitter === 0) return 0
    const random = Context.get(this.context, Random.Random).nextDoubleUnsafe()
    const delay = Math.floor(flow.jitterAfter(tick) * random)
    // The ticks of an Effect schedule are not known ahead: the next one may be due while this one was delayed.
    return flow.timetable === undefined ? Math.max(delay, this.clock.lastRead - tick) : delay
  }

  /** Asks the Effect schedule of a flow, if it has one, for the tick after a time. */
  private askSchedule(flow: LiveFlow, from: number): void {
    flow.stepper?.ask(from, flow.context, (answer) => {
      if (!this.isRunning || !flow.isSchedulable) return
      if (Exit.isFailure(answer)) flow.log(Effect.logError(`The schedule of flow "${flow.id}" died`))
      this.place(flow, decision.within(flow.policy, Exit.isSuccess(answer) ? answer.value : undefined))
    })
  }

  // ---------------------------------------------------------------------------
  // what is due
  // ---------------------------------------------------------------------------

  /** A flow is due, and no longer in the agenda. */
  onDue(flow: LiveFlow, now: number): void {
    if (this.acceptance !== undefined) return this.acceptance.deal(flow)
    const { due, timetable } = flow
    const lag = now - flow.fireAt
    if (timetable !== undefined && !timetable.isSlow) {
      this.place(flow, flow.tickAfter(due + lag))
    } else {
      this.slow.push(flow)
      flow.sawUntil(lag > scheduleLag || timetable !== undefined ? due + lag : due)
    }
    if (lag <= decision.lateLimit && (timetable === undefined || lag < timetable.spacing)) {
      this.runner.offer(flow, { due, by: "timer", done: undefined })
    } else {
      this.catchUp(flow, due, due + lag)
    }
  }

  /** The flows that are due were handed over, or as many as fit a batch. Only now is there time to look for slow ticks. */
  onBatchEnd(): void {
    if (this.slow.length === 0) return
    const { slow } = this
    this.slow = []
    for (const flow of slow) this.advance(flow)
  }

  private catchUp(flow: LiveFlow, due: number, now: number): void {
    const { anchor, policy, timetable } = flow
    const { missed, runs } =
      timetable === undefined
        ? decision.catchUpOne(policy, due, now)
        : decision.catchUp(policy, timetable, anchor, due, now)
    if (missed > 0) this.runner.miss(flow, missed, due, decision.missedBetween(timetable, anchor, due, now, runs))
    for (const tick of runs) {
      // A run may have stopped the scheduler, or removed the flow.
      if (!this.isRunning || flow.isRemoved) return
      this.runner.offer(flow, { due: tick, by: "timer", done: undefined }, runs.length > 1)
    }
  }

  /** Puts a flow that was due back in the agenda, unless its run has stopped, paused or removed it in the meantime. */
  private advance(flow: LiveFlow): void {
    if (!this.isRunning || !flow.isSchedulable || flow.slot !== undefined) return
    if (flow.timetable === undefined) this.askSchedule(flow, flow.seen)
    else this.place(flow, flow.tickAfter(flow.seen))
  }

  // ---------------------------------------------------------------------------
  // a clock that is set back
  // ---------------------------------------------------------------------------

  /** Moves all flows, also those that are paused or have tripped: they go on as if nothing had happened. */
  private onSetBack(jump: number, now: number): void {
    for (const flow of this.flows.values()) {
      const isInAgenda = flow.slot !== undefined
      this.agenda.remove(flow)
      const move = flow.moveBack(jump, now)
      if (!isInAgenda) continue
      if (move === "restart") {
        this.place(flow, flow.tickAfter(Math.max(now, decision.before(flow.policy.startAt))))
      } else this.agenda.add(flow)
    }
  }
}
