import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { RunId, StopReport } from "../../Scheduler.ts"
import { AlreadyRunning } from "../../SchedulerError.ts"
import type { Shape as Journal } from "../../Journal.ts"
import { Acceptance } from "./acceptance.ts"
import { Agenda } from "./agenda.ts"
import { Timetables } from "./calendar/timetables.ts"
import { Changes } from "./changes.ts"
import { Debouncer } from "./debouncer.ts"
import type { LiveFlow } from "./flow.ts"
import { Memory } from "./memory.ts"
import { type Change, paused, reset, resumed } from "./remembered.ts"
import { Runner } from "./runner.ts"
import { Stopping } from "./stopping.ts"
import { Ticks } from "./ticks.ts"
import { Timer } from "./timer.ts"
import { WallClock } from "./wallClock.ts"

/**
 * The flows of a scheduler, its start and its stop.
 *
 * Each part knows those below it. The `Timer` sleeps until a flow of the `Agenda` is due and hands it to `Ticks`, which
 * says what becomes of the tick and which comes next. The `Runner` starts and ends runs, and takes a flow out of the agenda
 * that has tripped or made all its runs. Upwards they only call back: the agenda when a flow was added, the clock when it
 * was set back, the runner when a removed flow has ended.
 */
export class Engine {
  readonly clock: WallClock
  readonly changes: Changes
  readonly runner: Runner
  readonly debouncer: Debouncer
  /** None without a journal. */
  readonly memory: Memory | undefined
  readonly acceptance: Acceptance | undefined
  readonly flows: Map<string, LiveFlow> = new Map()
  readonly timetables = new Timetables()
  state: "stopped" | "running" | "stopping" | "closed" = "stopped"
  private readonly context: Context.Context<never>
  private readonly fibers: FiberSet.FiberSet<any, any>
  private readonly agenda = new Agenda<LiveFlow>()
  private readonly ticks: Ticks
  private readonly timer: Timer
  private stopping: Stopping | undefined = undefined
  private order = 0

  constructor(options: {
    readonly clock: Clock.Clock
    readonly context: Context.Context<never>
    readonly fibers: FiberSet.FiberSet<any, any>
    readonly buffer: number
    readonly journal: Journal | undefined
  }) {
    const { agenda, flows } = this
    const { context, fibers, journal } = options
    const clock = new WallClock(options.clock)
    const changes = new Changes(options.buffer)
    const memory = journal === undefined ? undefined : new Memory({ journal, clock, changes, context })
    const runner = new Runner({ agenda, clock, changes, fibers, memory, release: (flow) => this.release(flow) })
    const place = (flow: LiveFlow, tick: number) => this.ticks.placeOnce(flow, tick)
    const acceptance =
      memory === undefined ? undefined : new Acceptance({ memory, clock, changes, runner, context, place })
    const ticks = new Ticks({ agenda, clock, runner, context, flows, acceptance })
    this.memory = memory
    this.acceptance = acceptance
    this.context = context
    this.fibers = fibers
    this.clock = clock
    this.changes = changes
    this.runner = runner
    this.debouncer = new Debouncer(clock, runner, context)
    this.ticks = ticks
    this.timer = new Timer({ agenda, clock, ticks, context })
  }

  get isRunning(): boolean {
    return this.state === "running"
  }

  /** The runs in flight, in the order of their flows. */
  get inFlight(): ReadonlyArray<RunId> {
    return Array.from(this.flows.values()).flatMap((flow) => flow.runsInFlight)
  }

  // ---------------------------------------------------------------------------
  // starting and stopping
  // ---------------------------------------------------------------------------

  readonly start: Effect.Effect<void, AlreadyRunning> = Effect.suspend(() => {
    if (this.state !== "stopped") return Effect.fail(new AlreadyRunning({ state: this.state }))
    this.state = "running"
    const now = this.clock.read()
    this.changes.started(now)
    this.timer.start()
    this.ticks.start(now)
    return Effect.void
  })

  stop(grace: Duration.Duration): Effect.Effect<StopReport> {
    return Effect.suspend(() => {
      if (this.stopping !== undefined) return this.stopping.hurry(grace)
      if (this.state !== "running") return Effect.succeed({ interrupted: [] })
      const stopping = new Stopping()
      this.state = "stopping"
      this.stopping = stopping
      this.changes.stopping(this.clock.read())
      this.timer.stop()
      this.ticks.stop()
      for (const flow of this.flows.values()) {
        this.debouncer.drop(flow, "stopped")
        this.runner.dropWaiting(flow, "stopped")
      }
      // Not a child of the caller: an interrupted caller leaves a stop that goes on. After a yield: a job that stops the
      // scheduler before its first pause is in flight only when it has come to that.
      Effect.runForkWith(this.context)(Effect.andThen(Effect.yieldNow, this.shutDown(stopping, grace)))
      return stopping.report
    })
  }

  private shutDown(stopping: Stopping, grace: Duration.Duration): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const answers = this.acceptance?.awaitAnswers(this.flows.values()) ?? Effect.void
      yield* stopping.within(grace, Effect.andThen(answers, FiberSet.awaitEmpty(this.fibers)))
      this.acceptance?.close()
      const interrupted = this.inFlight
      yield* FiberSet.clear(this.fibers)
      if (this.memory !== undefined) yield* this.memory.flushAll(this.flows.values())
      this.state = "stopped"
      this.stopping = undefined
      this.changes.stopped(this.clock.read(), interrupted)
      yield* stopping.end({ interrupted })
    })
  }

  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.state = "closed"
      this.memory?.close()
      return this.changes.close
    })
  }

  // ---------------------------------------------------------------------------
  // flows
  // ---------------------------------------------------------------------------

  /** The place of a flow that is added now, among those that are due at the same time. */
  nextOrder(): number {
    return ++this.order
  }

  add(flow: LiveFlow): void {
    const now = this.clock.now()
    this.flows.set(flow.id, flow)
    this.changes.added(now, flow.id)
    if (this.isRunning) this.ticks.schedule(flow, now)
  }

  /** Waits, as `resume` and `reset` do, until the journal knows, if there is one. */
  pause(flow: LiveFlow): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (flow.paused) return Effect.void
      const now = this.clock.now()
      flow.pause(now)
      if (this.memory === undefined) this.agenda.remove(flow)
      this.changes.paused(now, flow.id)
      this.runner.dropWaiting(flow, "paused", "timer")
      if (flow.remembered?.waiting !== undefined) this.acceptance!.deal(flow)
      return this.remember(flow, paused)
    })
  }

  resume(flow: LiveFlow): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!flow.paused) return Effect.void
      const now = this.clock.now()
      flow.resume(now)
      this.changes.resumed(now, flow.id)
      this.ticks.reschedule(flow, now)
      return this.remember(flow, resumed(now))
    })
  }

  reset(flow: LiveFlow): Effect.Effect<void> {
    return Effect.suspend(() => {
      const now = this.clock.now()
      const wasTripped = flow.tripped
      flow.reset(now)
      this.changes.reset(now, flow.id)
      if (wasTripped) this.ticks.reschedule(flow, now)
      return this.remember(flow, reset(wasTripped ? now : undefined))
    })
  }

  private remember(flow: LiveFlow, change: Change): Effect.Effect<void> {
    return this.memory === undefined ? Effect.void : this.memory.change(flow, change)
  }

  /** Removes a flow; its id is free when its runs have ended. */
  remove(flow: LiveFlow): void {
    flow.remove()
    this.agenda.remove(flow)
    this.acceptance?.drop(flow)
    this.debouncer.drop(flow, "stopped")
    this.runner.dropWaiting(flow, "stopped")
    flow.interrupt()
    this.release(flow)
  }

  /** Forgets a flow that was removed, when its last run has ended. */
  private release(flow: LiveFlow): void {
    if (flow.running > 0 || this.flows.get(flow.id) !== flow) return
    this.flows.delete(flow.id)
    this.timetables.release(flow.definition.trigger)
    this.changes.removed(this.clock.read(), flow.id)
  }
}
