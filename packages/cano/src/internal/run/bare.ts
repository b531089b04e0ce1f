import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type AnyEffect, isGenerator, isPending, isSuccess, toEffect, valueOf } from "../machine/output.ts"
import type { CompiledTask } from "../machine/task.ts"
import { Position } from "./position.ts"
import { recover, type Recovering } from "./recovery.ts"

/** The plain transitions in a row before the fiber yields. Effect has the same number for its operations. */
const fairness = 2048

/**
 * The plain transitions left before a yield. All runs of a process share the count, so nested runs are as fair as a
 * single one. The count holds no data of a run.
 */
let fuel = fairness

/** The argument of `step` after a turn that gave no next state: the loop ends, or the fiber has yielded. */
const nothing = Symbol("effect-cano/nothing")
const arrived = Exit.succeed(nothing)
const paused = Effect.as(Effect.yieldNow, nothing)

/**
 * A run that nobody watches. The run itself is the options object of `Effect.whileLoop`, so the loop allocates no
 * closure.
 *
 * The run follows plain values and successful Exits at once, and hands real effects to the fiber. Retries and error
 * edges stand outside the loop.
 */
export class BareRun extends Position implements Recovering {
  /** The effect of the first turn, from `begin`, or the next one of the generator, until the loop takes it. */
  private pending: AnyEffect | undefined = undefined
  /** The generator of the present state, while the fiber runs one of its effects. */
  private generator: Generator<any, any, any> | undefined = undefined
  /** A failure that no error edge may catch: too many transitions. */
  private end: AnyEffect | undefined = undefined

  /** Follows the plain transitions at the start. If they lead to an exit, gives the result: no loop is needed. */
  begin(): Effect.Effect<any> | undefined {
    if (!this.entry.isExit) {
      try {
        this.pending = this.body()
      } catch (defect) {
        this.pending = Effect.die(defect)
      }
    }
    return this.entry.isExit ? Effect.succeed(this.state) : undefined
  }

  /** Runs until an exit, and gives the exit. */
  run(): AnyEffect {
    return Effect.matchCauseEffect(Effect.whileLoop(this), {
      onSuccess: (_) => this.end ?? Effect.succeed(this.state),
      onFailure: (cause) => (this.machine.recovers ? this.recovered(cause) : this.failed(cause))
    })
  }

  private recovered(cause: Cause.Cause<any>): AnyEffect {
    // As in `Effect.gen`, a generator ends where one of its effects fails.
    this.generator = undefined
    const next = Effect.suspend(() => recover(this, cause))
    const followed = Effect.map(next, (next) => this.follow(next))
    return Effect.matchCauseEffect(followed, {
      onSuccess: (_) => this.run(),
      onFailure: (last) => this.failed(last)
    })
  }

  private failed(cause: Cause.Cause<any>): AnyEffect {
    return Effect.failCause(this.machine.faults.located(this.machine, cause, this))
  }

  while(): boolean {
    return !this.entry.isExit && this.end === undefined
  }

  body(): AnyEffect {
    const { pending } = this
    if (pending !== undefined) {
      this.pending = undefined
      return pending
    }
    for (; fuel > 0; fuel--) {
      if (this.transitions >= this.machine.maxTransitions) return this.overrun()
      const { entry } = this
      if (entry.generator !== undefined) {
        this.announce()
        const effect = this.advance(entry.generator(this.state), undefined)
        if (effect !== undefined) return effect
      } else {
        const output = entry.handler(this.state)
        if (typeof output !== "object") this.follow(output)
        else if (isPending(output)) return this.entered(output)
        else if (isGenerator(output)) return this.entered(toEffect(output))
        else this.follow(valueOf(output))
      }
      if (this.entry.isExit) return arrived
    }
    fuel = fairness
    return paused
  }

  private entered(effect: AnyEffect): AnyEffect {
    this.announce()
    return effect
  }

  step(next: unknown): void {
    if (this.generator !== undefined) this.pending = this.advance(this.generator, next)
    else if (next !== nothing) this.follow(next)
  }

  /**
   * Runs a generator up to its next effect, as `Effect.gen` does, and gives the effect. At the end of the generator, makes
   * the transition.
   */
  private advance(generator: Generator<any, any, any>, sent: unknown): AnyEffect | undefined {
    this.generator = undefined
    for (;;) {
      const { done, value } = generator.next(sent)
      if (done === true) return void this.follow(value)
      if (!isSuccess(value)) {
        this.generator = generator
        return value
      }
      sent = value.value
    }
  }

  private overrun(): AnyEffect {
    this.end = this.failed(Cause.fail(this.machine.faults.overrun(this.machine, this.entry.tag)))
    return arrived
  }

  onErrorEdge(): void {}

  get task(): CompiledTask {
    return this.entry.task
  }

  get again(): AnyEffect {
    return Effect.suspend(() => {
      this.attempt++
      this.announce()
      return toEffect(this.entry.handler(this.state))
    })
  }
}
