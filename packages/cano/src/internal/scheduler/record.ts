import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Pull } from "effect/Pull"
import type { Counters, Flow, Outcome, SkipReason, Tick } from "../../Scheduler.ts"
import * as Annotations from "../annotations.ts"
import { Meter, type MeterShape } from "../watch/meter.ts"
import type { Entry, Slot } from "./agenda.ts"
import type { Policy, Situation, Timetable } from "./decision.ts"

/** A run that waits for the one before it. */
export interface Waiting {
  readonly due: number
  readonly by: "timer" | "hand"
  readonly done: Deferred.Deferred<Exit.Exit<any, any>> | undefined
}

/** A run in flight. */
export interface InFlight {
  readonly fiber: Fiber.Fiber<any, any>
  /** The tick that it was started for; NaN if it was started by hand. */
  readonly tick: number
}

/** Ticks one after another that started no run, for the same reason. */
export interface Omission {
  from: number
  /** Infinity as long as it lasts. */
  to: number
  readonly reason: SkipReason | "missed"
  readonly run: number | undefined
}

const omissionsKept = 64

/** What the scheduler knows of a flow. There may be 100,000, so what only few need is made when it is needed. */
export class FlowRecord implements Entry, Situation {
  readonly flow: Flow.Any
  readonly order: number
  readonly policy: Policy
  readonly timetable: Timetable | undefined
  /** The job with its timeout; of one that is a function see `effectOf`. */
  readonly effect: Effect.Effect<any, any, any>
  readonly effectOf: ((tick: Tick) => Effect.Effect<any, any, any>) | undefined
  /** The services that the job was given. */
  readonly context: Context.Context<never>
  readonly isTraced: boolean
  readonly meter: MeterShape | undefined
  private annotatedContext: Context.Context<never> | undefined = undefined

  /** The tick that comes next; `fireAt` is when, jitter included. */
  due = NaN
  fireAt = NaN
  slot: Slot<FlowRecord> | undefined = undefined
  place = 0
  /** Until when the ticks have been looked at. */
  seen = NaN
  /** When the flow was scheduled, or will have its first tick; NaN before. */
  since = NaN
  /** Where its ticks are counted from; NaN before. */
  anchor = NaN
  /** No tick will come any more. */
  exhausted = false
  removed = false
  draining = false
  step: ((now: number, input: void) => Pull<[unknown, Duration.Duration], never, unknown, any>) | undefined = undefined
  /** Tells an answer of the schedule that has become stale. */
  stepping = 0

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
  lastStart = NaN
  lastEnd = NaN
  /** The last tick that started a run, and that run. */
  lastTick = NaN
  lastTickRun = 0
  lastOutcome: Outcome | undefined = undefined
  lastFailure: Cause.Cause<unknown> | undefined = undefined
  lastCounters: Counters | undefined = undefined
  /** Runs up to this number are to be interrupted. */
  cancelled = 0
  fibers: Map<number, InFlight> | undefined = undefined
  queue: Array<Waiting> | undefined = undefined
  omissions: Array<Omission> | undefined = undefined
  /** The tick before this one was omitted as well. */
  isOmitting = false
  /** Omissions up to here may have been forgotten. */
  forgottenUntil = -Infinity

  constructor(options: {
    readonly flow: Flow.Any
    readonly order: number
    readonly policy: Policy
    readonly timetable: Timetable | undefined
    readonly effect: Effect.Effect<any, any, any>
    readonly effectOf: ((tick: Tick) => Effect.Effect<any, any, any>) | undefined
    readonly context: Context.Context<never>
    readonly isTraced: boolean
  }) {
    this.flow = options.flow
    this.order = options.order
    this.policy = options.policy
    this.timetable = options.timetable
    this.effect = options.effect
    this.effectOf = options.effectOf
    this.context = options.context
    this.isTraced = options.isTraced
    this.meter = Context.getOrUndefined(options.context, Meter)
  }

  get id(): string {
    return this.flow.id
  }

  /** What its runs and its own log lines have for a context. A flow that has not been due yet does not need one. */
  get annotated(): Context.Context<never> {
    return (this.annotatedContext ??= Annotations.add(this.context, "cano.flow.id", this.id))
  }

  get waiting(): number {
    return this.queue === undefined ? 0 : this.queue.length
  }

  get inFlight(): number | undefined {
    if (this.running === 0) return undefined
    // A run is in the map once it has given up the thread for the first time.
    return this.fibers?.size === this.running ? Array.from(this.fibers.keys()).at(-1) : this.runs
  }

  /** The run in flight that was started for a tick. */
  inFlightFor(tick: number): number | undefined {
    for (const [run, it] of this.fibers ?? []) if (it.tick === tick) return run
    const isStarting = this.running > (this.fibers?.size ?? 0) && this.lastTickRun === this.runs
    return isStarting && this.lastTick === tick ? this.lastTickRun : undefined
  }

  /** The flow may have ticks in the timer queue. */
  get isSchedulable(): boolean {
    return !this.removed && !this.paused && !this.tripped && !this.exhausted
  }

  /** Logs with the loggers that the job was given. */
  log(entry: Effect.Effect<void>): void {
    Effect.runForkWith(this.annotated)(entry)
  }

  /** Remembers that ticks started no run; where those before them did not for the same reason, as one with them. */
  omit(from: number, to: number, reason: Omission["reason"], run?: number): void {
    this.omissions ??= []
    const last = this.omissions[this.omissions.length - 1]
    if (this.isOmitting && last !== undefined && last.reason === reason && last.run === run && last.to <= from) {
      last.to = to
      return
    }
    this.isOmitting = true
    this.omissions.push({ from, to, reason, run })
    if (this.omissions.length <= omissionsKept) return
    const [forgotten] = this.omissions.splice(
      this.omissions.findIndex((omission) => omission.to !== Infinity),
      1
    )
    this.forgottenUntil = Math.max(this.forgottenUntil, forgotten!.to)
  }

  /** Ends what was omitted until further notice. */
  endOmission(reason: Omission["reason"], now: number): void {
    const omission = this.omissions?.findLast((omission) => omission.reason === reason && omission.to === Infinity)
    if (omission !== undefined) omission.to = now
  }

  /** Forgets what became of the ticks after a time, which now lies ahead. */
  forgetAfter(now: number): void {
    if (this.lastTick > now) this.lastTick = NaN
    this.forgottenUntil = Math.min(this.forgottenUntil, now)
    this.isOmitting = false
    for (const omission of this.omissions ?? []) {
      if (omission.to === Infinity) omission.from = Math.min(omission.from, now)
      else omission.to = Math.min(omission.to, now)
    }
    this.omissions = this.omissions?.filter(({ from, to }) => from <= to)
  }
}
