/**
 * The error of a definition that cannot work. It is thrown when the definition is made, so a process with a broken
 * definition does not start.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Lists the faults of a definition, or of the options of a call.
 *
 * **Details**
 *
 * A constructor, or a function that takes options, throws it. Where a fault shows only in a running Effect or layer,
 * the error is a defect. It is never in the error channel: a wrong program is no failure to handle.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigurationError extends Data.TaggedError("ConfigurationError")<{
  /** The name of the definition or the call, such as `Workflow "order"` or `Concurrent.run`. */
  readonly subject: string
  /** One sentence for each fault found. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.subject}: ${this.problems.join("; ")}`
  }
}
