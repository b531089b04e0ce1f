import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Whereabouts } from "./annotations.ts"
import { type Handler, isEffectObject, isGenerator, toEffect } from "./handler.ts"
import type { Entry } from "./program.ts"
import type { Position } from "./reporter.ts"
import type { AnyState } from "./state.ts"
import { recoverable, retryAfter } from "./work.ts"

/** How many plain transitions may follow each other before the fiber yields: Effect's own figure for operations. */
const fairness = 2048

/** Plain transitions left before a yield. All runs share it, so that runs within runs are as fair as one. */
let fuel = fairness

/** What the loop asks of its workflow. */
export interface Host {
  readonly name: string
  readonly maxTransitions: number
  readonly recovers: boolean
  readonly tooManyTransitions: (position: Position) => unknown
  readonly undeclared: (from: string, next: unknown) => unknown
  readonly annotate: (cause: Cause.Cause<any>, position: Position) => Cause.Cause<any>
}

/**
 * One run. It is the very options object of `Effect.whileLoop`, so neither a run nor a transition allocates a closure.
 *
 * Plain values and successful Exits are followed on the spot; only a real effect is handed to the fiber. Retries and
 * error edges sit outside the loop and cost nothing until something fails.
 */
export class Loop implements Whereabouts {
  protected entry: Entry
  protected state: AnyState
  protected readonly host: Host
  attempt = 1
  private transitions = 0
  /** The next `step` brings no answer of a handler. */
  private idle = false
  private exhausted = false
  /** What a bare run came to before it asked anything of the fiber. */
  private first: Effect.Effect<any, any, any> | undefined
  /** Stop after one transition. */
  private readonly once: boolean

  constructor(host: Host, entry: Entry, state: AnyState, once: boolean) {
    this.host = host
    this.entry = entry
    this.state = state
    this.once = once
  }

  /**
   * Follows the plain transitions at the beginning of a run. A run that is then in an exit needs no fiber: this gives its
   * result.
   */
  begin(): Effect.Effect<any> | undefined {
    if (!this.entry.exit) {
      try {
        this.first = this.body()
      } catch (defect) {
        this.first = Effect.die(defect)
      }
    }
    return this.entry.exit ? Effect.succeed(this.state) : undefined
  }

  /** Runs until an exit, or for one transition, with retries and error edges, and gives the state it is then in. */
  run(): Effect.Effect<any, any, any> {
    return Effect.matchCauseEffect(this.host.recovers ? this.guarded() : this.looping(), {
      onSuccess: () => Effect.succeed(this.state),
      onFailure: (cause) => Effect.failCause(this.host.annotate(cause, this.position))
    })
  }

  get stateName(): string {
    return this.entry.tag
  }

  get position(): Position {
    return { state: this.entry.tag, transitions: this.transitions, attempt: this.attempt }
  }

  while(): boolean {
    return !this.entry.exit && !(this.once && this.transitions > 0)
  }

  body(): Effect.Effect<any, any, any> {
    while (fuel > 0) {
      if (this.transitions >= this.host.maxTransitions) return this.exhaust()!
      const output = this.entry.handler(this.state)
      if (typeof output === "object" && output !== null && isEffectObject(output)) {
        if (!isSuccess(output)) return output
        this.follow(output.value)
      } else if (!this.tryFollow(output)) {
        if (isGenerator(output)) return toEffect(output)
        throw this.host.undeclared(this.entry.tag, output)
      }
      if (this.entry.exit || this.once) return this.pause(Effect.void)
      fuel--
    }
    fuel = fairness
    return this.pause(Effect.yieldNow)
  }

  /** All transitions, beginning with what was come to already. */
  private looping(): Effect.Effect<any, any, any> {
    const { first } = this
    if (first === undefined) return Effect.whileLoop(this)
    this.first = undefined
    return Effect.flatMap(first, (next) => {
      this.step(next)
      return Effect.whileLoop(this)
    })
  }

  step(next: unknown): void {
    if (this.idle) this.idle = false
    else this.follow(next)
  }

  protected follow(next: unknown): void {
    if (!this.tryFollow(next)) throw this.host.undeclared(this.entry.tag, next)
  }

  private tryFollow(next: any): boolean {
    const entry = this.entry.follow(typeof next === "string" ? next : next?._tag)
    if (entry === undefined) return false
    this.entry = entry
    this.state = next
    this.transitions++
    return true
  }

  protected exhaust(): Effect.Effect<never, any> | undefined {
    if (this.transitions < this.host.maxTransitions) return undefined
    this.exhausted = true
    return Effect.fail(this.host.tooManyTransitions(this.position))
  }

  private pause(effect: Effect.Effect<void>): Effect.Effect<void> {
    this.idle = true
    return effect
  }

  private guarded(): Effect.Effect<any, any, any> {
    return Effect.catchCause(this.looping(), (cause) =>
      this.exhausted ? Effect.failCause(cause) : this.recover(cause)
    )
  }

  /** What follows when the handler of the current state has failed. */
  protected recover(cause: Cause.Cause<any>): Effect.Effect<any, any, any> {
    const policy = this.entry.work.retry
    return policy === undefined || Option.isNone(recoverable(cause))
      ? this.rescue(cause)
      : Effect.matchCauseEffect(retryAfter(cause, policy, this.nextAttempt()), {
          onSuccess: (next) => this.resume(next),
          onFailure: (last) => this.rescue(last)
        })
  }

  private nextAttempt(): Effect.Effect<any, any, any> {
    return Effect.suspend(() => {
      this.attempt++
      return toEffect(this.entry.handler(this.state))
    })
  }

  private rescue(cause: Cause.Cause<any>): Effect.Effect<any, any, any> {
    const error = recoverable(cause)
    const edge = this.errorEdge(error)
    return edge === undefined ? Effect.failCause(cause) : this.resume(edge(Option.getOrThrow(error), this.state))
  }

  /** The error edge of the current state for a failure, if it has one. */
  protected errorEdge(failure: Option.Option<any>): Handler | undefined {
    if (Option.isNone(failure)) return undefined
    const error = failure.value
    return typeof error === "object" && error !== null ? this.entry.catch?.get(error._tag) : undefined
  }

  private resume(next: unknown): Effect.Effect<any, any, any> {
    this.follow(next)
    this.attempt = 1
    return this.guarded()
  }
}

const isSuccess = (effect: any): effect is Exit.Success<unknown> => effect._tag === "Success" && Exit.isExit(effect)
