/** What the tests of the scheduler share. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as Scheduler from "../../src/Scheduler.ts"

/** A scheduler without a grace: in virtual time nobody moves the clock while the scope of a test is closed. */
export const makeScheduler = Scheduler.make({ grace: 0 })

/** The typed failure of {@link failing}. */
export class Boom extends Data.TaggedError("Boom")<{}> {}

/** A job that fails. */
export const failing = Effect.fail(new Boom())

/** A job that writes down when it was started. */
export const timesOf = <A, E, R>(work: Effect.Effect<A, E, R>) => {
  const starts: Array<number> = []
  const job = Effect.andThen(
    Effect.clockWith((clock) => Effect.sync(() => void starts.push(clock.currentTimeMillisUnsafe()))),
    work
  )
  return { job, starts }
}

/** Collects the events from now on. */
export const watch = (scheduler: Scheduler.Scheduler["Service"]) =>
  Effect.gen(function* () {
    const events: Array<Scheduler.Event> = []
    yield* Effect.forkScoped(
      Stream.runForEach(scheduler.changes, (event) => Effect.sync(() => void events.push(event))),
      { startImmediately: true }
    )
    yield* Effect.yieldNow
    return events
  })

/** Without log entries: the ones about failed runs are expected. */
export const quiet = Effect.provide(Logger.layer([]))

/** The events without their times, shortened to what a test compares. */
export const briefly = (events: ReadonlyArray<Scheduler.Event>): ReadonlyArray<string> =>
  events.map((event) => {
    switch (event._tag) {
      case "RunStarted":
        return `${event.flow} ${event.run} started`
      case "RunEnded":
        return `${event.flow} ${event.run} ${event.outcome}`
      case "Skipped":
        return `${event.flow} skipped: ${event.reason}${event.run === undefined ? "" : ` ${event.run}`}`
      case "Missed":
        return `${event.flow} missed ${event.count}`
      case "TakenElsewhere":
        return `${event.flow} taken elsewhere ${event.count}`
      case "Lost":
        return `lost ${event.count}`
      case "SchedulerStarted":
      case "SchedulerStopping":
      case "SchedulerStopped":
      case "JournalAway":
      case "JournalBack":
        return event._tag
      default:
        return `${event.flow} ${event._tag}`
    }
  })

/** A clock whose wall time can be set apart from the timers, as when a machine sleeps or its clock is corrected. */
export const jumpingClock = Effect.gen(function* () {
  const inner = yield* Clock.Clock
  let offset = 0
  const clock: Clock.Clock = {
    // What TestClock.adjust looks for.
    ...inner,
    currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + offset,
    currentTimeMillis: Effect.sync(() => inner.currentTimeMillisUnsafe() + offset),
    currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => inner.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: inner.monotonicTimeNanos,
    sleep: (duration) => inner.sleep(duration)
  }
  const jump = (by: Duration.Input) => Effect.sync(() => void (offset += Duration.toMillis(by)))
  const jumpBack = (by: Duration.Input) => Effect.sync(() => void (offset -= Duration.toMillis(by)))
  return { clock, jump, jumpBack }
})

export const utc = (time: string): number => DateTime.toEpochMillis(DateTime.makeUnsafe(time))

export const millis = DateTime.toEpochMillis

export const iso = (time: DateTime.DateTime | number | undefined): string | undefined =>
  time === undefined ? undefined : DateTime.formatIso(DateTime.makeUnsafe(time))
