/**
 * The error of a definition that cannot work: thrown when the definition is made, so that a process with a broken
 * definition does not start.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Lists what is wrong with a definition.
 *
 * **Details**
 *
 * Thrown by `Workflow.make`, `Task.make`, `Node.make` and the `Retry` constructors. It is never in the error channel
 * of an Effect: misuse at definition time fails at definition time.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigurationError extends Data.TaggedError("ConfigurationError")<{
  /** What was being defined, such as `Workflow "order"`. */
  readonly subject: string
  /** One sentence for each fault found. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.subject}: ${this.problems.join("; ")}`
  }
}
