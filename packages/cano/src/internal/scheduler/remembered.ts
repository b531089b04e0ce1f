import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Fiber from "effect/Fiber"
import type { Flow as Row } from "../../Journal.ts"
import type { Flow } from "../../Scheduler.ts"
import { type DurableJob, durableJobOf } from "../durable/job.ts"
import { format } from "./calendar/cron.ts"

/** What happened to a flow, for its row in the journal. */
export interface Change {
  readonly apply: (row: Row) => Row
  /** The ticks up to this time are dealt with. */
  readonly dealtUntil?: number | undefined
}

/** A row with the changes that are not written down yet. */
export interface View {
  readonly row: Row
  readonly changes: ReadonlyArray<Change>
}

/** A tick that waits until it may run. */
export interface Waiting {
  readonly tick: number
  /** What becomes of the ticks that are due after it, before it runs. */
  readonly others: "queueFull" | "superseded" | "wait"
}

/** What a scheduler with a journal knows of a flow, besides the flow itself. */
export class Remembered {
  /** The trigger in words. A flow with other words is planned anew. */
  readonly trigger: string
  /** The parts of the flow's job, if it starts durable runs. */
  readonly job: DurableJob | undefined
  /** The changes that are not written down yet, oldest first. */
  pending: ReadonlyArray<Change> = []
  /** The row was read, or made, since the scheduler was started. */
  isPlanned = false
  /** The ticks up to here have been told of. */
  toldUntil = -Infinity
  /** The ticks up to here are caught up, one after another. */
  catchUpUntil = -Infinity
  waiting: Waiting | undefined = undefined
  /** Deals with the ticks that are due. */
  fiber: Fiber.Fiber<void> | undefined = undefined
  /** Another scheduler has given the flow another trigger. */
  isSuperseded = false

  constructor(definition: Flow.Any) {
    this.trigger = inWords(definition)
    this.job = durableJobOf(definition.job)
  }

  view(row: Row): View {
    const { pending } = this
    return { row: pending.reduce((row, { apply }) => apply(row), row), changes: pending }
  }

  /** Changes were written down. */
  written(changes: ReadonlyArray<Change>): void {
    this.pending = this.pending.filter((change) => !changes.includes(change))
  }
}

// -----------------------------------------------------------------------------
// changes
// -----------------------------------------------------------------------------

export const paused: Change = { apply: (row) => ({ ...row, isPaused: true }) }

/** The ticks of the pause do not come back. */
export const resumed = (now: number): Change => ({
  apply: (row) => ({ ...row, isPaused: false }),
  dealtUntil: now
})

/** The ticks of a trip do not come back. */
export const reset = (now: number | undefined): Change => ({
  apply: (row) => ({ ...row, failures: 0, isTripped: false }),
  dealtUntil: now
})

/** A run by hand was started. */
export const started: Change = { apply: (row) => ({ ...row, runs: row.runs + 1 }) }

export const succeeded: Change = { apply: (row) => ({ ...row, failures: 0 }) }

/** A run has failed; `trip` failures in a row trip the flow. */
export const failed = (trip: number): Change => ({
  apply: (row) => ({ ...row, failures: row.failures + 1, isTripped: row.isTripped || row.failures + 1 >= trip })
})

// -----------------------------------------------------------------------------
// triggers in words
// -----------------------------------------------------------------------------

const inWords = ({ options: { startAt }, trigger }: Flow.Any): string => {
  switch (trigger._tag) {
    case "Every": {
      const first = trigger.firstRun === "atStart" ? "" : ", first after the interval"
      const anchor = startAt === undefined ? "" : `, from ${DateTime.formatIso(DateTime.makeUnsafe(startAt))}`
      return `every ${Duration.toMillis(Duration.fromInputUnsafe(trigger.interval))} ms${first}${anchor}`
    }
    case "Cron": {
      const { dayMatch, expression, firstRun, onDstOverlap, timeZone } = trigger
      const choices = [
        typeof timeZone === "object" ? DateTime.zoneToString(timeZone) : timeZone,
        onDstOverlap && `overlap ${onDstOverlap}`,
        dayMatch && `days ${dayMatch}`,
        firstRun === "atStart" ? "first at the start" : undefined
      ]
      return ["cron " + format(expression), ...choices.filter((choice) => choice !== undefined)].join(", ")
    }
    case "Scheduled":
      return "by a schedule"
    case "Manual":
      return "by hand"
  }
}
