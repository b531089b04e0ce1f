import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Run } from "../../Interpreter.ts"
import type { MeterShape } from "./meter.ts"
import { count, Metering } from "./metering.ts"
import type { Arrival, StayWatcher } from "./stays.ts"
import type { StayView } from "./stayView.ts"

/** Counts one stay, and the attempts and transitions in it. */
export class StayMetering extends Metering implements StayWatcher {
  readonly watcher = this
  private readonly view: StayView

  constructor(meter: MeterShape, view: StayView) {
    super(meter)
    this.view = view
  }

  around({ waited }: Arrival, stay: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const { ahead, workflow } = this.view
      const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() + ahead
      const counts = this.meter.stays(workflow.name, fiber.context)
      count(() => {
        counts.began()
        // Only time ends such a wait, but for a cancellation, which comes before.
        const isTimed = waited?.for === "time" || waited?.for === "retry"
        if (isTimed && waited.until !== undefined && waited.until <= now) counts.woken((now - waited.until) / 1000)
      })
      return Effect.onExit(stay, () =>
        Effect.sync(() => count(() => counts.over(this.view.end ?? "lost", this.view.leftFor?.for)))
      )
    })
  }

  /** A stay is not a run. */
  protected override started(): void {}

  /** A run that waits makes no attempt. */
  protected override isUnderWay(run: Run): boolean {
    return super.isUnderWay(run) && !this.view.isParked
  }

  protected override ended(run: Run, exit: Exit.Exit<unknown, unknown>): void {
    // The row of a transition was written, and then the run had to leave.
    if (this.view.transitions > run.transitions) this.leave(undefined)
    this.cutOff(run, exit)
  }
}
