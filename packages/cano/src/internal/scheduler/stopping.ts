import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { StopReport } from "../../Scheduler.ts"

/** A stop under way, which others can wait for, and hurry. */
export class Stopping {
  private readonly done = Deferred.makeUnsafe<StopReport>()
  private readonly isDue = Latch.makeUnsafe()

  readonly report: Effect.Effect<StopReport> = Deferred.await(this.done)

  end(report: StopReport): Effect.Effect<void> {
    return Effect.asVoid(Deferred.succeed(this.done, report))
  }

  /** Waits until the work has ended by itself, or the grace is over. */
  within(grace: Duration.Duration, ended: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.raceFirst(ended, Effect.raceFirst(Effect.sleep(grace), this.isDue.await))
  }

  /** Waits for the stop, and ends its grace after another, if that is over first. */
  hurry(grace: Duration.Duration): Effect.Effect<StopReport> {
    return Effect.raceFirst(
      this.report,
      Effect.andThen(
        Effect.sleep(grace),
        Effect.andThen(
          Effect.sync(() => this.isDue.openUnsafe()),
          this.report
        )
      )
    )
  }
}
