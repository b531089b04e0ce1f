import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as decision from "./decision.ts"
import type { FlowRecord } from "./record.ts"
import type { Runner } from "./runner.ts"
import type { Client, Timer } from "./timer.ts"

/** A schedule that is later than this counts its next delay from now on. */
const scheduleLag = 1000

/** Which tick of a flow comes next, and what becomes of one that is due. */
export class Ticks implements Client<FlowRecord> {
  private readonly timer: Timer<FlowRecord>
  private readonly runner: Runner
  private readonly context: Context.Context<never>
  private readonly records: ReadonlyMap<string, FlowRecord>
  /** Flows that came due, and whose next tick takes time to find. */
  private slow: Array<FlowRecord> = []

  constructor(options: {
    readonly timer: Timer<FlowRecord>
    readonly runner: Runner
    readonly context: Context.Context<never>
    readonly records: ReadonlyMap<string, FlowRecord>
  }) {
    this.timer = options.timer
    this.runner = options.runner
    this.context = options.context
    this.records = options.records
  }

  // ---------------------------------------------------------------------------
  // what is due
  // ---------------------------------------------------------------------------

  comeDue(record: FlowRecord, now: number): void {
    const { due, policy, timetable } = record
    const lag = now - record.fireAt
    if (timetable !== undefined && !timetable.isSlow) {
      this.place(record, decision.nextTick(policy, timetable, record.anchor, due + lag))
    } else {
      this.slow.push(record)
      record.seen = lag > scheduleLag || timetable !== undefined ? due + lag : due
    }
    if (lag <= decision.lateLimit && (timetable === undefined || lag < timetable.spacing)) {
      this.runner.offer(record, due, "timer", undefined)
    } else {
      this.catchUp(record, due, due + lag)
    }
  }

  /** Finding a cron tick takes time, so all that is due is started before. */
  afterwards(): void {
    if (this.slow.length === 0) return
    const { slow } = this
    this.slow = []
    for (const record of slow) this.advance(record)
  }

  private catchUp(record: FlowRecord, due: number, now: number): void {
    const { policy, timetable } = record
    const { missed, runs } =
      timetable === undefined
        ? decision.catchUpOne(policy, due, now)
        : decision.catchUp(policy, timetable, record.anchor, due, now)
    if (missed > 0) {
      const gaps = decision.missedBetween(timetable, record.anchor, due, now, runs)
      for (const [index, { from, to }] of gaps.entries()) {
        if (index > 0 || from > due) record.isOmitting = false
        record.omit(from, to, "missed")
      }
      this.runner.miss(record, gaps[0]!.from, missed)
    }
    for (const tick of runs) {
      // A run may have stopped the scheduler, or removed the flow.
      if (!this.timer.isRunning || record.removed) return
      this.runner.offer(record, tick, "timer", undefined, runs.length > 1)
    }
  }

  /** Puts a flow that came due back in the agenda, unless its run has stopped, paused or removed it in the meantime. */
  private advance(record: FlowRecord): void {
    if (!this.timer.isRunning || !record.isSchedulable || record.slot !== undefined) return
    const { timetable } = record
    if (timetable === undefined) return this.askSchedule(record, record.seen)
    this.place(record, decision.nextTick(record.policy, timetable, record.anchor, record.seen))
  }

  // ---------------------------------------------------------------------------
  // what comes next
  // ---------------------------------------------------------------------------

  /** Puts a flow in the agenda for the first time since the scheduler was started. */
  schedule(record: FlowRecord, now: number): void {
    const { flow, policy, timetable } = record
    record.since = decision.sinceOf(policy, now)
    record.anchor = decision.anchorOf(policy, timetable, now)
    record.exhausted = record.runs >= policy.maxRuns
    record.isOmitting = false
    if (!record.isSchedulable || flow.trigger._tag === "Manual") return
    if (timetable === undefined) this.askSchedule(record, record.since)
    else this.place(record, decision.firstTick(policy, timetable, now))
  }

  /** Puts a flow in the agenda again after a pause or a trip: on the same grid. */
  reschedule(record: FlowRecord, now: number): void {
    if (!this.timer.isRunning || !record.isSchedulable || record.flow.trigger._tag === "Manual") return
    const { timetable } = record
    if (timetable === undefined) return this.askSchedule(record, Math.max(now, record.since))
    const after = Math.max(now, decision.before(record.since))
    this.place(record, decision.nextTick(record.policy, timetable, record.anchor, after))
  }

  private place(record: FlowRecord, tick: number | undefined): void {
    if (tick === undefined) return this.runner.complete(record)
    const { jitter } = record.policy
    record.due = tick
    record.fireAt =
      jitter === 0 ? tick : tick + Math.floor(jitter * Context.get(this.context, Random.Random).nextDoubleUnsafe())
    this.timer.add(record)
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
      if (record.stepping !== stepping || !this.timer.isRunning || !record.isSchedulable) return
      if (Exit.isFailure(exit) && !Pull.isDoneCause(exit.cause)) {
        record.log(Effect.logError(`The schedule of flow "${record.id}" died`))
      }
      const tick = Exit.isSuccess(exit) ? Math.round(from + Duration.toMillis(exit.value[1])) : undefined
      this.place(record, decision.within(record.policy, tick))
    })
  }

  // ---------------------------------------------------------------------------
  // clock changes
  // ---------------------------------------------------------------------------

  /** Moves all flows, also those that are paused or have tripped: they go on as if nothing had happened. */
  setBack(jump: number, now: number): void {
    for (const record of this.records.values()) {
      const isQueued = record.slot !== undefined
      this.timer.remove(record)
      record.backoffUntil += jump
      const move = decision.moveBack(record.timetable, jump)
      if (move === "shift") {
        record.since += jump
        record.anchor += jump
        record.due += jump
        record.fireAt += jump
      }
      if (move !== "keep") record.forgetAfter(now)
      if (!isQueued) continue
      if (move === "restart") {
        const after = Math.max(now, decision.before(record.policy.startAt))
        this.place(record, decision.nextTick(record.policy, record.timetable!, record.anchor, after))
      } else this.timer.add(record)
    }
  }
}
