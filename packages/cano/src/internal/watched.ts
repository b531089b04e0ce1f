import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { attemptsOf, lastFailed, type Watcher } from "./attempts.ts"
import { errorTypeOf, outcomeOf } from "./blame.ts"
import { type Host, Loop } from "./loop.ts"
import type { Entry } from "./program.ts"
import type { Reporter } from "./reporter.ts"
import { type AnyState, tagOf } from "./state.ts"
import { inSpan } from "./trace.ts"
import { recoverable } from "./work.ts"

/** Who watches a run. */
export interface Watch {
  readonly isTraced: boolean
  readonly reporter: Reporter | undefined
}

/**
 * A run that is watched: it has a span for each state, and one for each attempt where retry is configured, or tells what
 * it does to observers, or both. What it does is what the bare {@link Loop} does.
 */
export class WatchedLoop extends Loop implements Watcher {
  private readonly watch: Watch
  /** The failure that the error edge was taken for. */
  private caught: string | undefined

  constructor(host: Host, entry: Entry, state: AnyState, once: boolean, watch: Watch) {
    super(host, entry, state, once)
    this.watch = watch
  }

  override body(): Effect.Effect<any, any, any> {
    return this.exhaust() ?? (this.watch.isTraced ? this.inStateSpan() : this.handled(undefined))
  }

  /** All retries and error edges have happened inside the state's span. */
  protected override recover(cause: Cause.Cause<any>): Effect.Effect<any, any, any> {
    return Effect.failCause(cause)
  }

  private inStateSpan(): Effect.Effect<any, any, any> {
    const { tag, work } = this.entry
    const attributes: Record<string, unknown> = { "cano.workflow.name": this.host.name, "cano.state.name": tag }
    if (work.name !== undefined) attributes["cano.task.name"] = work.name
    return inSpan(`state ${tag}`, { attributes }, (span) => this.handled(span))
  }

  private handled(span: Tracer.Span | undefined): Effect.Effect<any, any, any> {
    this.watch.reporter?.entered(this.position)
    return Effect.matchCauseEffect(attemptsOf(this.entry.work, this.state, span, this), {
      onSuccess: (next) => this.leave(span, next),
      onFailure: (cause) => this.failed(span, cause)
    })
  }

  starts(attempt: number): void {
    this.attempt = attempt
    this.watch.reporter?.attemptStarts(attempt)
  }

  retries(_attempt: number, error: string, delay: Duration.Duration): void {
    this.watch.reporter?.attemptFailed(this.position, "failure", error, delay)
  }

  /** Takes the error edge, if there is one; the last attempt has failed. */
  private failed(span: Tracer.Span | undefined, cause: Cause.Cause<any>): Effect.Effect<any, any, any> {
    const type = errorTypeOf(cause)
    if (type === undefined) return Effect.failCause(cause)
    const { position } = this
    this.watch.reporter?.attemptFailed(position, outcomeOf(cause) === "defect" ? "defect" : "failure", type, undefined)
    const told = lastFailed(span, position.attempt, cause)
    const error = recoverable(cause)
    const edge = this.errorEdge(error)
    if (edge === undefined) return Effect.andThen(told, Effect.failCause(cause))
    this.caught = type
    span?.attribute("cano.state.caught", type)
    return Effect.andThen(
      told,
      Effect.suspend(() => this.leave(span, edge(Option.getOrThrow(error), this.state)))
    )
  }

  private leave(span: Tracer.Span | undefined, next: any): Effect.Effect<any> {
    const tag = tagOf(next)
    const entry = tag === undefined ? undefined : this.entry.follow(tag)
    if (entry === undefined) return this.undeclared(span, next)
    span?.attribute("cano.state.next", entry.tag)
    return Effect.succeed(next)
  }

  /** The attempt has failed after all, unless it was an error edge that led nowhere. */
  private undeclared(span: Tracer.Span | undefined, next: unknown): Effect.Effect<never> {
    const cause = Cause.die(this.host.undeclared(this.entry.tag, next))
    if (this.caught !== undefined) return Effect.failCause(cause)
    this.watch.reporter?.attemptFailed(this.position, "defect", errorTypeOf(cause)!, undefined)
    return Effect.andThen(lastFailed(span, this.position.attempt, cause), Effect.failCause(cause))
  }

  protected override follow(next: unknown): void {
    const before = this.position
    super.follow(next)
    this.watch.reporter?.left(before, this.entry.tag, this.caught)
    this.caught = undefined
    this.attempt = 1
  }

  /** The whole run, in a span of its own where it is traced. */
  runWatched(
    span: { readonly name: string; readonly attributes: Record<string, unknown> },
    around: Readonly<Record<string, unknown>>
  ): Effect.Effect<any, any, any> {
    const { isTraced, reporter } = this.watch
    const attributes: Record<string, unknown> = { "cano.workflow.name": this.host.name }
    if (reporter?.run) attributes["cano.run.id"] = reporter.run
    return isTraced
      ? inSpan(span.name, { attributes: { ...attributes, ...span.attributes } }, (current) =>
          this.reported(current, around)
        )
      : this.reported(undefined, around)
  }

  private reported(
    span: Tracer.Span | undefined,
    around: Readonly<Record<string, unknown>>
  ): Effect.Effect<any, any, any> {
    const started = Effect.suspend(() => {
      this.watch.reporter?.started(this.entry.tag, around)
      return this.run()
    })
    return Effect.onExit(started, (exit) =>
      Effect.sync(() => {
        const outcome = Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause)
        const { position } = this
        span?.attribute("cano.run.outcome", outcome)
        span?.attribute("cano.run.transitions", position.transitions)
        span?.attribute("cano.state.name", position.state)
        const error = Exit.isSuccess(exit) ? undefined : errorTypeOf(exit.cause)
        this.watch.reporter?.ended(position, outcome, error)
      })
    )
  }
}
