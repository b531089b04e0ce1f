/**
 * The errors of a scheduler, each under its name in `Scheduler` as well. They have a module of their own because what
 * runs a scheduler makes them.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { SkipReason } from "./Scheduler.ts"

/**
 * A flow with this id exists already.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateFlow extends Data.TaggedError("DuplicateFlow")<{ readonly flow: string }> {
  override get message(): string {
    return `There is a flow "${this.flow}" already`
  }
}

/**
 * The id, the interval or the options of a flow make no sense.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidFlow extends Data.TaggedError("InvalidFlow")<{
  /** The id, abbreviated if it is too long. */
  readonly flow: string
  /** One sentence for each fault found. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `Flow "${this.flow}": ${this.problems.join("; ")}`
  }
}

/**
 * The cron expression of a flow is malformed, too long or never matches, or its time zone does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidCron extends Data.TaggedError("InvalidCron")<{
  readonly flow: string
  /** The expression, abbreviated if it is long. */
  readonly expression: string
  readonly fault: "syntax" | "length" | "impossible" | "timeZone"
  readonly detail: string
}> {
  override get message(): string {
    return `Flow "${this.flow}": cron expression "${this.expression}": ${this.detail}`
  }
}

/**
 * There is no flow with this id, or it is another than the flow value that was given.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownFlow extends Data.TaggedError("UnknownFlow")<{
  readonly flow: string
  /** The id is that of another flow. */
  readonly isOther?: boolean | undefined
}> {
  override get message(): string {
    return this.isOther === true
      ? `This flow was not added: another flow has the id "${this.flow}"`
      : `There is no flow "${this.flow}"`
  }
}

/**
 * The scheduler is not running, so nothing can be triggered.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotRunning extends Data.TaggedError("NotRunning")<{ readonly flow: string }> {
  override get message(): string {
    return `Flow "${this.flow}" cannot be triggered: the scheduler is not running`
  }
}

/**
 * The scheduler was started already.
 *
 * @category errors
 * @since 0.1.0
 */
export class AlreadyRunning extends Data.TaggedError("AlreadyRunning")<{
  readonly state: "running" | "stopping" | "closed"
}> {
  override get message(): string {
    return `The scheduler cannot be started: it is ${this.state}`
  }
}

/**
 * A flow may not run now: its overlap policy is against it, it has tripped, or it has made all its runs.
 *
 * @category errors
 * @since 0.1.0
 */
export class TriggerRefused extends Data.TaggedError("TriggerRefused")<{
  readonly flow: string
  readonly reason: SkipReason
  /** The run that is in the way. */
  readonly run: number | undefined
}> {
  override get message(): string {
    const run = this.run === undefined ? "" : ` with run ${this.run}`
    return `Flow "${this.flow}" was not triggered: ${this.reason}${run}`
  }
}

/**
 * A run took longer than the `timeout` of its flow.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunTimeout extends Data.TaggedError("RunTimeout")<{
  readonly flow: string
  readonly timeout: Duration.Duration
}> {
  override get message(): string {
    return `A run of flow "${this.flow}" took longer than ${Duration.format(this.timeout)}`
  }
}
