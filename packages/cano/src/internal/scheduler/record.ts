import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Pull } from "effect/Pull"
import type { Policy, Situation, Timetable } from "./decision.ts"
import type { Entry, Slot } from "./agenda.ts"
import type { Counters, Flow, Outcome, SkipReason } from "./model.ts"

/** A run that waits for the one before it. */
export interface Waiting {
  readonly due: number
  readonly by: "timer" | "hand"
  readonly done: Deferred.Deferred<Exit.Exit<any, any>> | undefined
}

/** Ticks that started no run: one at `from`, or all until `to`. */
export interface Omission {
  readonly from: number
  readonly to: number
  readonly reason: SkipReason | "missed"
  readonly run: number | undefined
}

const omissionsKept = 16

/** What the scheduler knows of a flow. There may be 100,000, so what only few need is made when it is needed. */
export class FlowRecord implements Entry, Situation {
  readonly flow: Flow.Any
  readonly order: number
  readonly policy: Policy
  readonly timetable: Timetable | undefined
  /** The job with its timeout. */
  readonly effect: Effect.Effect<any, any, any>
  /** The services that the job was given. */
  readonly context: Context.Context<never>
  readonly isTraced: boolean

  /** The tick that comes next; `fireAt` is when, jitter included. */
  due = NaN
  fireAt = NaN
  slot: Slot<FlowRecord> | undefined = undefined
  place = 0
  /** Until when the ticks have been looked at. */
  seen = NaN
  /** Where the ticks were counted from when the scheduler was started; NaN before. */
  anchor = NaN
  /** No tick will come any more. */
  exhausted = false
  removed = false
  draining = false
  step: ((now: number, input: void) => Pull<[unknown, Duration.Duration], never, unknown, any>) | undefined = undefined
  /** Tells an answer of the schedule that has become stale. */
  stepping = 0

  paused = false
  pausedAt = NaN
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
  lastDue = NaN
  lastOutcome: Outcome | undefined = undefined
  lastFailure: Cause.Cause<unknown> | undefined = undefined
  lastCounters: Counters | undefined = undefined
  /** Runs up to this number are to be interrupted. */
  cancelled = 0
  fibers: Map<number, Fiber.Fiber<any, any>> | undefined = undefined
  queue: Array<Waiting> | undefined = undefined
  omissions: Array<Omission> | undefined = undefined
  omissionsDropped = false

  constructor(options: {
    readonly flow: Flow.Any
    readonly order: number
    readonly policy: Policy
    readonly timetable: Timetable | undefined
    readonly effect: Effect.Effect<any, any, any>
    readonly context: Context.Context<never>
    readonly isTraced: boolean
  }) {
    this.flow = options.flow
    this.order = options.order
    this.policy = options.policy
    this.timetable = options.timetable
    this.effect = options.effect
    this.context = options.context
    this.isTraced = options.isTraced
  }

  get id(): string {
    return this.flow.id
  }

  get waiting(): number {
    return this.queue === undefined ? 0 : this.queue.length
  }

  get inFlight(): number | undefined {
    if (this.running === 0) return undefined
    // A run is in the map once it has given up the thread for the first time.
    return this.fibers?.size === this.running ? Array.from(this.fibers.keys()).at(-1) : this.runs
  }

  /** The flow may have ticks in the timer queue. */
  get isSchedulable(): boolean {
    return !this.removed && !this.paused && !this.tripped && !this.exhausted
  }

  /** Logs with the loggers that the job was given. */
  log(entry: Effect.Effect<void>): void {
    Effect.runForkWith(this.context)(entry)
  }

  omit(omission: Omission): void {
    this.omissions ??= []
    this.omissions.push(omission)
    if (this.omissions.length > omissionsKept) {
      this.omissions.shift()
      this.omissionsDropped = true
    }
  }
}
