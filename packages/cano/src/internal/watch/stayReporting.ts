import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Run } from "../../Interpreter.ts"
import { Reporting } from "./reporting.ts"
import type { Sink } from "./sink.ts"
import { asked } from "./asked.ts"
import type { Arrival, StayWatcher } from "./stays.ts"
import { leavesOf, type Leave, type StayView } from "./stayView.ts"

/** Publishes the events of one stay. A run begins in its first stay and ends in its last one. */
export class StayReporting extends Reporting implements StayWatcher {
  readonly watcher = this
  private readonly view: StayView

  constructor(sink: Sink, view: StayView) {
    super(sink)
    this.view = view
  }

  around(arrival: Arrival, stay: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      this.begin(fiber)
      this.arrived(arrival)
      return Effect.ensuring(
        stay,
        Effect.suspend(() => this.over())
      )
    })
  }

  /** The stay has told of the start. */
  protected override started(): void {}

  /** The stay tells of the end, when the row of the end is written. */
  protected override ended(run: Run): void {
    // The row of a transition was written, and then the run had to leave.
    if (this.view.transitions > run.transitions) this.left(run, this.view.tag)
  }

  private get origin() {
    const { head, workflow } = this.view
    return { at: this.now(), run: head.runId, workflow: workflow.name }
  }

  private arrived({ after }: Arrival): void {
    const { head } = this.view
    const parent = head.parent?.runId
    if (after === "start")
      this.publish({
        _tag: "RunStarted",
        ...this.origin,
        state: head.tag,
        parent,
        instance: undefined,
        flow: undefined
      })
    else
      this.publish({
        _tag: "RunResumed",
        ...this.origin,
        state: head.tag,
        transitions: head.transitions,
        after,
        crashes: head.crashes
      })
  }

  private over(): Effect.Effect<void> {
    const { end } = this.view
    const leave = leavesOf(this.view)
    if (end === undefined || leave !== undefined) return Effect.sync(() => this.leaves(leave ?? "lost"))
    return Effect.map(this.unread, (unreadSignals) => this.hasEnded(unreadSignals))
  }

  private leaves(why: Leave): void {
    const { leftFor, tag, transitions } = this.view
    this.publish({
      _tag: "RunLeft",
      ...this.origin,
      state: tag,
      transitions,
      why,
      until: leftFor?.until === undefined ? undefined : DateTime.makeUnsafe(leftFor.until),
      signal: leftFor?.signal
    })
  }

  private hasEnded(unreadSignals: number | undefined): void {
    const { ahead, end, errorTag, head, tag, transitions } = this.view
    this.publish({
      _tag: "RunEnded",
      ...this.origin,
      outcome: end === "done" ? "success" : end === "cancelled" ? "cancelled" : "failure",
      state: tag,
      transitions,
      error: errorTag,
      interrupted: undefined,
      unreadSignals,
      duration: Duration.millis(Math.max(0, this.clock.currentTimeMillisUnsafe() + ahead - head.createdAt))
    })
  }

  /** The signals that nobody will take; unknown if the journal cannot be read. */
  private get unread(): Effect.Effect<number | undefined> {
    const { head, journal } = this.view
    const unread = Effect.map(journal.heads([head.runId]), ([last]) => last?.unreadSignals)
    return asked(unread, () => undefined)
  }
}
