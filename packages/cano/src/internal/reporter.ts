import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Fiber from "effect/Fiber"
import { type Annotations, ObservedRun, read } from "./annotations.ts"
import { type Outcome, peek } from "./blame.ts"
import { Meter } from "./meter.ts"
import { Observer, type Sink, SinkKey } from "./observation.ts"
import { isTraced } from "./trace.ts"

/** Where a run stands. */
export interface Position {
  readonly state: string
  readonly transitions: number
  readonly attempt: number
}

/** Makes the events of one run and hands them to whoever wants them. */
export class Reporter {
  /** Empty where there is no observer: only an observer numbers runs. */
  readonly run: string
  private readonly workflow: string
  private readonly sinks: ReadonlyArray<Sink>
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  /** None until the run has started: an interruption may come before. */
  private runStart: bigint | undefined
  private stateStart = 0n
  private attemptUnderWay: number | undefined
  private at: DateTime.Utc | undefined
  private atMillis = NaN

  constructor(workflow: string, sinks: ReadonlyArray<Sink>, fiber: Fiber.Fiber<unknown, unknown>) {
    this.workflow = workflow
    this.sinks = sinks
    this.clock = fiber.getRef(Clock.Clock)
    this.context = fiber.context
    this.run = sinks[0]!.nextRun()
  }

  started(state: string, around: Readonly<Record<string, unknown>>): void {
    const parent = Context.get(this.context, ObservedRun)
    this.runStart = this.clock.monotonicTimeNanosUnsafe()
    this.publish({
      _tag: "RunStarted",
      at: this.now(),
      run: this.run,
      workflow: this.workflow,
      state,
      parent: parent?.sink === this.sinks[0] ? parent?.run : undefined,
      instance: read(around, "cano.instance.id"),
      flow: read(around, "cano.flow.id")
    })
  }

  entered({ state, transitions }: Position): void {
    this.stateStart = this.clock.monotonicTimeNanosUnsafe()
    this.attemptUnderWay = 1
    this.publish({ _tag: "StateEntered", at: this.now(), run: this.run, workflow: this.workflow, state, transitions })
  }

  attemptStarts(attempt: number): void {
    this.attemptUnderWay = attempt
  }

  attemptFailed(
    { state, attempt }: Position,
    outcome: "failure" | "defect",
    error: string,
    retryIn: Duration.Duration | undefined
  ): void {
    this.attemptUnderWay = undefined
    this.publish({
      _tag: "AttemptFailed",
      at: this.now(),
      run: this.run,
      workflow: this.workflow,
      state,
      attempt,
      error,
      outcome,
      retryIn
    })
  }

  left({ attempt, state }: Position, next: string, error: string | undefined): void {
    const duration = this.since(this.stateStart)
    this.attemptUnderWay = undefined
    this.publish({
      _tag: "StateLeft",
      at: this.now(),
      run: this.run,
      workflow: this.workflow,
      state,
      next,
      attempts: attempt,
      error,
      duration
    })
  }

  ended({ state, transitions }: Position, outcome: Outcome, error: string | undefined): void {
    if (this.runStart === undefined) return
    const duration = this.since(this.runStart)
    this.publish({
      _tag: "RunEnded",
      at: this.now(),
      run: this.run,
      workflow: this.workflow,
      outcome,
      state,
      transitions,
      error,
      interrupted: outcome === "interrupted" ? this.attemptUnderWay : undefined,
      duration
    })
  }

  /** The id of the run is an annotation as well. It keeps the getters. */
  annotate(annotations: Annotations): Annotations {
    if (this.run !== "") Object.defineProperty(annotations, "cano.run.id", { value: this.run, enumerable: true })
    return annotations
  }

  /** What a run provides for the runs inside it. */
  provide<R>(context: Context.Context<R>): Context.Context<R> {
    return this.run === "" ? context : Context.add(context, ObservedRun, { sink: this.sinks[0]!, run: this.run })
  }

  /** The date of the millisecond, made once for all its events. */
  private now(): DateTime.Utc {
    const millis = this.clock.currentTimeMillisUnsafe()
    if (this.at === undefined || millis !== this.atMillis) {
      this.at = DateTime.makeUnsafe(millis)
      this.atMillis = millis
    }
    return this.at
  }

  private since(start: bigint): Duration.Duration {
    return Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - start)
  }

  private publish(event: Parameters<Sink["publish"]>[0]): void {
    // A metric reads attributes that users have set, and a run must not end of them.
    for (const sink of this.sinks) peek(() => sink.publish(event, this.context), undefined)
  }
}

/** Whether anybody wants to know what a run does. A run asks once, at its start. */
export const isWatched = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  isTraced(fiber) ||
  Context.getOrUndefined(fiber.context, Observer) !== undefined ||
  Context.getOrUndefined(fiber.context, Meter) !== undefined

/** A reporter, if somebody takes events. */
export const reporterOf = (fiber: Fiber.Fiber<unknown, unknown>, workflow: string): Reporter | undefined => {
  const observer = Context.getOrUndefined(fiber.context, Observer)
  const meter = Context.getOrUndefined(fiber.context, Meter)
  if (observer === undefined && meter === undefined) return undefined
  const sinks = [observer?.[SinkKey], meter?.runs].filter((sink) => sink !== undefined)
  return new Reporter(workflow, sinks, fiber)
}
