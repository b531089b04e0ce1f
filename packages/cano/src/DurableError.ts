/**
 * The errors of durable runs and of their journals.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Why a journal could not do its work.
 *
 * - `Unavailable`: it cannot be reached, or is locked by others; trying again may help.
 * - `Full`: no space is left.
 * - `ReadOnly`: it may not be written.
 * - `Damaged`: what is there is not a journal, or a broken one.
 * - `Newer`: a later version of the library has written it.
 * - `Refused`: the database refused the call.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureReason = "Unavailable" | "Full" | "ReadOnly" | "Damaged" | "Newer" | "Refused"

/**
 * A journal could not do its work. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalFailure extends Data.TaggedError("JournalFailure")<{
  readonly operation: string
  readonly reason: FailureReason
  readonly cause?: unknown
}> {
  override get message(): string {
    return `The journal could not ${this.operation}: ${reasons[this.reason]}`
  }
}

const reasons: Record<FailureReason, string> = {
  Unavailable: "it is not available",
  Full: "no space is left",
  ReadOnly: "it may not be written",
  Damaged: "it is damaged, or no journal",
  Newer: "a later version of effect-cano has written it",
  Refused: "the database refused"
}

/**
 * Another owner moved the run on, or the run has ended. The writer has to stop.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends Data.TaggedError("Conflict")<{ readonly runId: string; readonly fence: number }> {
  override get message(): string {
    return `Run "${this.runId}" is no longer owned with fence ${this.fence}`
  }
}

/**
 * No run has the id.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownRun extends Data.TaggedError("UnknownRun")<{ readonly runId: string }> {
  override get message(): string {
    return `No run has the id "${this.runId}"`
  }
}

/**
 * A payload is larger than the journal takes. Sizes are bytes of UTF-8.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooLarge extends Data.TaggedError("TooLarge")<{
  readonly runId: string
  /** `state`, `store key "..."`, `signal`, ... */
  readonly what: string
  readonly bytes: number
  readonly limit: number
}> {
  override get message(): string {
    return `The ${this.what} of run "${this.runId}" has ${this.bytes} bytes, more than the ${this.limit} allowed`
  }
}

/**
 * What a journal holds of a run cannot be read: it is no JSON, or fits no state of the workflow, or is nested too deep.
 *
 * @category errors
 * @since 0.1.0
 */
export class Corrupt extends Data.TaggedError("Corrupt")<{
  readonly runId: string
  /** `state`, `store key "..."`, `signal "..."`, ... */
  readonly what: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `The ${this.what} of run "${this.runId}" cannot be read`
  }
}

/**
 * A state, a value of a store or a failure does not fit its own schema, so it cannot be written down.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotEncodable extends Data.TaggedError("NotEncodable")<{
  readonly runId: string
  readonly what: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `The ${this.what} of run "${this.runId}" does not fit its schema, so it cannot be written down`
  }
}

/**
 * The id belongs to a run of another workflow, or to one that was started with another state.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunMismatch extends Data.TaggedError("RunMismatch")<{
  readonly runId: string
  /** What differs. */
  readonly differs: "workflow" | "state" | "parent"
  /** The workflow of the run that has the id. */
  readonly workflow: string
}> {
  override get message(): string {
    return `Run "${this.runId}" exists already, with another ${this.differs} (its workflow is ${this.workflow})`
  }
}

/**
 * A run ended as `failed`, and the failure itself cannot be given: it was a defect, or no schema for it was registered,
 * or the run killed too many workers (`errorTag` is `ProcessDied`).
 *
 * @category errors
 * @since 0.1.0
 */
export class RunFailed extends Data.TaggedError("RunFailed")<{
  readonly runId: string
  readonly workflow: string
  /** The state that failed. */
  readonly state: string
  readonly errorTag: string | undefined
  /** The failure as it was written down, at most 4,096 characters. */
  readonly error: string | undefined
}> {
  override get message(): string {
    const tag = this.errorTag === undefined ? "" : ` with ${this.errorTag}`
    const more = this.error === undefined ? "" : "; the field error tells more"
    return `Run "${this.runId}" failed at state ${this.state} (workflow ${this.workflow})${tag}${more}`
  }
}

/**
 * A run was cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunCancelled extends Data.TaggedError("RunCancelled")<{ readonly runId: string }> {
  override get message(): string {
    return `Run "${this.runId}" was cancelled`
  }
}

/**
 * A run has ended, so it takes no signals any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunEnded extends Data.TaggedError("RunEnded")<{ readonly runId: string }> {
  override get message(): string {
    return `Run "${this.runId}" has ended`
  }
}

/**
 * A run cannot be restarted from a step: the step, or the history that leads to it, is not there.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownStep extends Data.TaggedError("UnknownStep")<{
  readonly runId: string
  readonly sequence: number
}> {
  override get message(): string {
    return `The history of run "${this.runId}" holds no state at step ${this.sequence}`
  }
}

/**
 * The id or the labels of a run make no sense.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRun extends Data.TaggedError("InvalidRun")<{
  /** One sentence for each fault. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return this.problems.join("; ")
  }
}
