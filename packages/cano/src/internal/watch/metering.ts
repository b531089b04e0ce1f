import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AttemptFailure, Inner, Interceptor, Run } from "../../Interpreter.ts"
import type { MeterShape, RunMeter } from "./meter.ts"
import { outcomeOf, peek } from "./redaction.ts"

/** Counts the attempts and transitions of one run, and its end. */
export class Metering implements Interceptor {
  protected readonly meter: MeterShape
  private live!: Run
  protected counts!: RunMeter
  private isInState = false
  /** The latest attempt that has failed. While the run is at this attempt, no attempt is under way. */
  private failedAttempt: number | undefined = undefined

  constructor(meter: MeterShape) {
    this.meter = meter
  }

  run(run: Run, inner: Inner): Inner {
    return Effect.withFiber((fiber) => {
      this.live = run
      const clock = fiber.getRef(Clock.Clock)
      const start = clock.monotonicTimeNanosUnsafe()
      count(() => {
        this.counts = this.meter.runs(run.workflow.name, fiber.context)
        this.started()
      })
      return Effect.onExit(inner, (exit) =>
        Effect.sync(() => this.ended(run, exit, Number(clock.monotonicTimeNanosUnsafe() - start) / 1e9))
      )
    })
  }

  state(_run: Run, inner: Inner): Inner {
    this.isInState = true
    this.failedAttempt = undefined
    return Effect.map(inner, this.leave)
  }

  /** Made once for all states. */
  protected readonly leave = (next: unknown): unknown => {
    this.isInState = false
    try {
      if (this.live.caught === undefined) this.counts.attempt("success")
      this.counts.transition()
    } catch {
      // A metric reads attributes that users have set. If those throw, the run must go on.
    }
    return next
  }

  attemptFailed(run: Run, { cause }: AttemptFailure): Effect.Effect<void> {
    if (run.branch !== undefined) return Effect.void
    return Effect.sync(() => {
      this.failedAttempt = run.attempt
      count(() => this.counts.attempt(outcomeOf(cause) === "defect" ? "defect" : "failure"))
    })
  }

  protected started(): void {
    this.counts.started()
  }

  /** Whether an attempt has begun, and has not ended. */
  protected isUnderWay(run: Run): boolean {
    return this.isInState && run.attempt !== this.failedAttempt
  }

  /** Counts the attempt that the end of the run cuts off. */
  protected cutOff(run: Run, exit: Exit.Exit<unknown, unknown>): void {
    const isInterrupted = Exit.isFailure(exit) && outcomeOf(exit.cause) === "interrupted"
    if (isInterrupted && this.isUnderWay(run)) count(() => this.counts.attempt("interrupted"))
  }

  protected ended(run: Run, exit: Exit.Exit<unknown, unknown>, seconds: number): void {
    this.cutOff(run, exit)
    count(() => this.counts.ended(Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause), seconds))
  }
}

/** A metric reads attributes that users have set. If those throw, the run must go on. */
export const count = (update: () => void): void => peek(update, undefined)
