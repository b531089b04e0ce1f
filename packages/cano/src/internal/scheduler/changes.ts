import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { FailureReason } from "../../DurableError.ts"
import type { Event, Outcome, RunId, SkipReason, Tick } from "../../Scheduler.ts"
import { Hub } from "../watch/hub.ts"

/** Publishes the events of a scheduler. An event is made only where somebody reads. */
export class Changes {
  readonly events: Stream.Stream<Event>
  /** Ends the streams of all readers. */
  readonly close: Effect.Effect<void>
  private readonly hub: Hub<Event>

  /** `buffer`: how many events each reader may fall behind. */
  constructor(buffer: number) {
    this.hub = new Hub(buffer)
    this.events = this.hub.events
    this.close = this.hub.close
  }

  private publish(event: () => Event): void {
    if (this.hub.isActive) this.hub.publish(event())
  }

  // ---------------------------------------------------------------------------
  // the scheduler
  // ---------------------------------------------------------------------------

  started(at: number): void {
    this.publish(() => ({ _tag: "SchedulerStarted", at: time(at) }))
  }

  stopping(at: number): void {
    this.publish(() => ({ _tag: "SchedulerStopping", at: time(at) }))
  }

  stopped(at: number, interrupted: ReadonlyArray<RunId>): void {
    this.publish(() => ({ _tag: "SchedulerStopped", at: time(at), interrupted }))
  }

  journalAway(at: number, reason: FailureReason): void {
    this.publish(() => ({ _tag: "JournalAway", at: time(at), reason }))
  }

  journalBack(at: number): void {
    this.publish(() => ({ _tag: "JournalBack", at: time(at) }))
  }

  // ---------------------------------------------------------------------------
  // flows
  // ---------------------------------------------------------------------------

  added(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Added", at: time(at), flow }))
  }

  removed(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Removed", at: time(at), flow }))
  }

  paused(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Paused", at: time(at), flow }))
  }

  resumed(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Resumed", at: time(at), flow }))
  }

  backedOff(at: number, flow: string, until: number, streak: number): void {
    this.publish(() => ({ _tag: "BackedOff", at: time(at), flow, until: time(until), streak }))
  }

  tripped(at: number, flow: string, streak: number): void {
    this.publish(() => ({ _tag: "Tripped", at: time(at), flow, streak }))
  }

  reset(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Reset", at: time(at), flow }))
  }

  completed(at: number, flow: string): void {
    this.publish(() => ({ _tag: "Completed", at: time(at), flow }))
  }

  // ---------------------------------------------------------------------------
  // runs
  // ---------------------------------------------------------------------------

  runStarted(at: number, flow: string, run: number, due: number, by: Tick["by"], waited: boolean): void {
    this.publish(() => ({ _tag: "RunStarted", at: time(at), flow, run, due: time(due), by, waited }))
  }

  runWaiting(at: number, flow: string, due: number): void {
    this.publish(() => ({ _tag: "RunWaiting", at: time(at), flow, due: time(due) }))
  }

  runEnded(at: number, flow: string, run: number, outcome: Outcome): void {
    this.publish(() => ({ _tag: "RunEnded", at: time(at), flow, run, outcome }))
  }

  skipped(at: number, flow: string, due: number, reason: SkipReason, run: number | undefined, waited: boolean): void {
    this.publish(() => ({ _tag: "Skipped", at: time(at), flow, due: time(due), reason, run, waited }))
  }

  takenElsewhere(at: number, flow: string, from: number, count: number): void {
    this.publish(() => ({ _tag: "TakenElsewhere", at: time(at), flow, from: time(from), count }))
  }

  missed(at: number, flow: string, from: number, count: number): void {
    this.publish(() => ({ _tag: "Missed", at: time(at), flow, from: time(from), count }))
  }
}

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)
