import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { Event, RunId, StopReport } from "../../Scheduler.ts"
import { AlreadyRunning } from "../../SchedulerError.ts"
import { Hub } from "../hub.ts"
import type { FlowRecord } from "./record.ts"
import { inFlight, Runner } from "./runner.ts"
import { Stopping } from "./stopping.ts"
import { Ticks } from "./ticks.ts"
import { Timer } from "./timer.ts"
import { Timetables } from "./calendar/timetables.ts"

/**
 * The flows of a scheduler, and its start and stop. A `Timer` tells when a flow is due, `Ticks` what becomes of that tick
 * and which comes next, and a `Runner` runs the job.
 */
export class Engine {
  readonly records = new Map<string, FlowRecord>()
  readonly timetables = new Timetables()
  readonly hub: Hub<Event>
  readonly runner: Runner
  state: "stopped" | "running" | "stopping" | "closed" = "stopped"
  private readonly context: Context.Context<never>
  private readonly fibers: FiberSet.FiberSet<any, any>
  private readonly timer: Timer<FlowRecord>
  private readonly ticks: Ticks
  private stopping: Stopping | undefined
  private order = 0

  constructor(options: {
    readonly clock: Clock.Clock
    readonly context: Context.Context<never>
    readonly fibers: FiberSet.FiberSet<any, any>
    readonly buffer: number
  }) {
    const { clock, context, fibers } = options
    const { records } = this
    this.context = context
    this.fibers = fibers
    const hub = new Hub<Event>(options.buffer)
    const timer = new Timer<FlowRecord>(clock, context)
    const runner = new Runner(timer, hub, fibers, (record) => this.forget(record))
    this.hub = hub
    this.timer = timer
    this.runner = runner
    this.ticks = new Ticks({ timer, runner, context, records })
  }

  nextOrder(): number {
    return ++this.order
  }

  now(): number {
    return this.timer.now()
  }

  // ---------------------------------------------------------------------------
  // starting and stopping
  // ---------------------------------------------------------------------------

  readonly start: Effect.Effect<void, AlreadyRunning> = Effect.suspend(() => {
    if (this.state !== "stopped") return Effect.fail(new AlreadyRunning({ state: this.state }))
    this.state = "running"
    const now = this.now()
    if (this.hub.isActive) this.hub.publish({ _tag: "SchedulerStarted", at: DateTime.makeUnsafe(now) })
    this.timer.start(this.ticks)
    for (const record of this.records.values()) this.ticks.schedule(record, now)
    return Effect.void
  })

  stop(grace: Duration.Duration): Effect.Effect<StopReport> {
    return Effect.suspend(() => {
      if (this.stopping !== undefined) return this.stopping.hurry(grace)
      if (this.state !== "running") return Effect.succeed({ interrupted: [] })
      this.state = "stopping"
      this.stopping = new Stopping()
      const now = this.now()
      if (this.hub.isActive) this.hub.publish({ _tag: "SchedulerStopping", at: DateTime.makeUnsafe(now) })
      this.timer.stop()
      for (const record of this.records.values()) {
        record.stepping++
        record.step = undefined
        this.runner.dropWaiting(record, "stopped")
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
      if (this.hub.isActive) {
        this.hub.publish({ _tag: "SchedulerStopped", at: DateTime.makeUnsafe(this.now()), interrupted })
      }
      yield* stopping.end({ interrupted })
    })
  }

  get inFlight(): ReadonlyArray<RunId> {
    return inFlight(this.records.values())
  }

  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.state = "closed"
      return this.hub.close
    })
  }

  // ---------------------------------------------------------------------------
  // flows
  // ---------------------------------------------------------------------------

  add(record: FlowRecord): void {
    const now = this.timer.look()
    this.records.set(record.id, record)
    if (this.hub.isActive) this.hub.publish({ _tag: "Added", at: DateTime.makeUnsafe(now), flow: record.id })
    if (this.state === "running") this.ticks.schedule(record, now)
  }

  /** Removes a flow; its id is free when its runs have ended. */
  remove(record: FlowRecord): void {
    record.removed = true
    this.runner.withdraw(record)
    this.runner.dropWaiting(record, "stopped")
    this.runner.cancel(record)
    this.forget(record)
  }

  private forget(record: FlowRecord): void {
    if (record.running > 0 || this.records.get(record.id) !== record) return
    this.records.delete(record.id)
    this.timetables.release(record.flow.trigger)
    if (this.hub.isActive) {
      this.hub.publish({ _tag: "Removed", at: DateTime.makeUnsafe(this.now()), flow: record.id })
    }
  }

  pause(record: FlowRecord): void {
    if (record.paused) return
    const now = this.timer.look()
    record.paused = true
    record.omit(now, Infinity, "paused")
    this.runner.withdraw(record)
    if (this.hub.isActive) this.hub.publish({ _tag: "Paused", at: DateTime.makeUnsafe(now), flow: record.id })
    this.runner.dropWaiting(record, "paused", "timer")
  }

  resume(record: FlowRecord): void {
    if (!record.paused) return
    const now = this.timer.look()
    record.paused = false
    record.endOmission("paused", now)
    if (this.hub.isActive) this.hub.publish({ _tag: "Resumed", at: DateTime.makeUnsafe(now), flow: record.id })
    this.ticks.reschedule(record, now)
  }

  reset(record: FlowRecord): void {
    const now = this.timer.look()
    const wasTripped = record.tripped
    record.endOmission("tripped", now)
    record.tripped = false
    record.streak = 0
    record.backoffUntil = 0
    if (this.hub.isActive) this.hub.publish({ _tag: "Reset", at: DateTime.makeUnsafe(now), flow: record.id })
    if (wasTripped) this.ticks.reschedule(record, now)
  }
}
