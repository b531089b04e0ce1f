import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { AttemptFailure, Inner, Run } from "../../Interpreter.ts"
import type { WorkflowEvent } from "../../Observer.ts"
import * as Annotations from "../annotations.ts"
import { type AnyState, tagOf } from "../machine/state.ts"
import type { Watcher } from "../run/compensating.ts"
import { errorTypeOf, outcomeOf } from "./redaction.ts"
import { ObservedRun, type Sink } from "./sink.ts"

/** Publishes the events of one run to an observer. */
export class Reporting implements Watcher {
  protected readonly sink: Sink
  private live!: Run
  protected clock!: Clock.Clock
  private runStart = 0n
  private stateStart = 0n
  private isInState = false
  /** The latest attempt that has failed. While the run is at this attempt, no attempt is under way. */
  private failedAttempt: number | undefined = undefined
  private at: DateTime.Utc | undefined
  private atMillis = NaN

  constructor(sink: Sink) {
    this.sink = sink
  }

  run(run: Run, inner: Inner): Inner {
    return Effect.withFiber((fiber) => {
      this.live = run
      this.started(run, fiber)
      const observed = Effect.provideService(inner, ObservedRun, { sink: this.sink, run: run.id! })
      return Effect.onExit(observed, (exit) => Effect.sync(() => this.ended(run, exit)))
    })
  }

  state(run: Run, inner: Inner): Inner {
    this.entered(run)
    return Effect.map(inner, this.leave)
  }

  /** Made once for all states. */
  private readonly leave = (next: unknown): unknown => {
    this.left(this.live, tagOf(next as AnyState)!)
    return next
  }

  attemptFailed(run: Run, { cause, retryIn }: AttemptFailure): Effect.Effect<void> {
    if (run.branch !== undefined) return Effect.void
    return Effect.sync(() => {
      this.failedAttempt = run.attempt
      this.publish({
        _tag: "AttemptFailed",
        at: this.now(),
        run: run.id!,
        workflow: run.workflow.name,
        state: run.tag,
        attempt: run.attempt,
        error: errorTypeOf(cause)!,
        outcome: outcomeOf(cause) === "defect" ? "defect" : "failure",
        retryIn
      })
    })
  }

  compensation(run: Pick<Run, "id" | "workflow">, tag: string, inner: Inner): Inner {
    return Effect.onExit(inner, (exit) =>
      Effect.sync(() =>
        this.publish({
          _tag: "StateCompensated",
          at: this.now(),
          run: run.id!,
          workflow: run.workflow.name,
          state: tag,
          outcome: Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause)
        })
      )
    )
  }

  /** Reads the clock of a fiber from here on. */
  protected begin(fiber: Fiber.Fiber<unknown, unknown>): void {
    this.clock = fiber.getRef(Clock.Clock)
    this.runStart = this.clock.monotonicTimeNanosUnsafe()
  }

  protected started(run: Run, fiber: Fiber.Fiber<unknown, unknown>): void {
    const around = Annotations.annotationsOf(fiber)
    const parent = fiber.getRef(ObservedRun)
    this.begin(fiber)
    this.publish({
      _tag: "RunStarted",
      at: this.now(),
      run: run.id!,
      workflow: run.workflow.name,
      state: run.tag,
      parent: parent?.sink === this.sink ? parent.run : undefined,
      instance: Annotations.read(around, "cano.instance.id"),
      flow: Annotations.read(around, "cano.flow.id")
    })
  }

  private entered({ id, tag, transitions, workflow }: Run): void {
    this.stateStart = this.clock.monotonicTimeNanosUnsafe()
    this.isInState = true
    this.failedAttempt = undefined
    this.publish({
      _tag: "StateEntered",
      at: this.now(),
      run: id!,
      workflow: workflow.name,
      state: tag,
      transitions
    })
  }

  protected left({ attempt, caught, id, tag, workflow }: Run, next: string): void {
    this.isInState = false
    this.publish({
      _tag: "StateLeft",
      at: this.now(),
      run: id!,
      workflow: workflow.name,
      state: tag,
      next,
      attempts: attempt,
      error: caught === undefined ? undefined : errorTypeOf(caught),
      duration: this.since(this.stateStart)
    })
  }

  protected ended({ attempt, id, tag, transitions, workflow }: Run, exit: Exit.Exit<unknown, unknown>): void {
    const outcome = Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause)
    const isUnderWay = this.isInState && attempt !== this.failedAttempt
    this.publish({
      _tag: "RunEnded",
      at: this.now(),
      run: id!,
      workflow: workflow.name,
      outcome,
      state: tag,
      transitions,
      error: Exit.isSuccess(exit) ? undefined : errorTypeOf(exit.cause),
      interrupted: outcome === "interrupted" && isUnderWay ? attempt : undefined,
      unreadSignals: undefined,
      duration: this.since(this.runStart)
    })
  }

  /** The present time. Events of the same millisecond share one date. */
  protected now(): DateTime.Utc {
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

  protected publish(event: WorkflowEvent): void {
    try {
      this.sink.publish(event)
    } catch {
      // If the observer throws, the run must go on.
    }
  }
}
