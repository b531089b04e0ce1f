import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"

type Step = (now: number, input: void) => Pull.Pull<[unknown, Duration.Duration], never, unknown, any>

/** Asks an Effect schedule for one tick after another. An answer may take time; only that to the latest question counts. */
export class Stepper {
  private readonly schedule: Schedule.Schedule<unknown, void, never, any>
  private step: Step | undefined = undefined
  private question = 0

  constructor(schedule: Schedule.Schedule<unknown, void, never, any>) {
    this.schedule = schedule
  }

  /** Begins the schedule anew. */
  restart(): void {
    this.question++
    this.step = undefined
  }

  /** Asks for the tick after `from`: none if the schedule is over, a failure if it has died. */
  ask(
    from: number,
    context: Context.Context<never>,
    onAnswer: (tick: Exit.Exit<number | undefined, unknown>) => void
  ): void {
    const question = ++this.question
    const begun = this.step === undefined ? Schedule.toStep(this.schedule) : Effect.succeed(this.step)
    const answer = Effect.flatMap(begun, (step) => {
      if (question === this.question) this.step = step
      return step(from, undefined)
    }) as Effect.Effect<[unknown, Duration.Duration], unknown>
    Effect.runForkWith(context)(answer).addObserver((exit) => {
      if (question !== this.question) return
      onAnswer(
        Exit.isFailure(exit) && Pull.isDoneCause(exit.cause)
          ? Exit.succeed(undefined)
          : Exit.map(exit, ([, delay]) => Math.round(from + Duration.toMillis(delay)))
      )
    })
  }
}
