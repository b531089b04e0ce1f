/**
 * A runner says how a suite runs workflows: with it every test is held against an interpreter of your own.
 *
 * @since 0.1.0
 */
import type * as Workflow from "effect-cano/Workflow"

/**
 * An assumption that some tests make. A runner that does not hold it does without those tests; they are reported as
 * skipped.
 *
 * - `"once"`: an attempt is made once. It is not made again because a run was taken up again: tests count attempts in
 *   closures, and write into stores in them.
 * - `"counts"`: transitions are counted over the whole run, also where it was taken up again: for `failedAt` and
 *   `withMaxTransitions`.
 * - `"identity"`: a state or an error is handed on as the very value, not as a copy that was stored and read.
 *
 * @category models
 * @since 0.1.0
 */
export type Capability = "once" | "counts" | "identity"

/**
 * How far the large tests go. A slow interpreter takes smaller ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sizes {
  /** Transitions of the longest runs. */
  readonly transitions: number
  /** Random machines that are compared with the reference interpreter. */
  readonly machines: number
  /** Of the 1,000 or so sound machines of three states, one in so many is compared with the reference interpreter. */
  readonly stride: number
  /** Random machines that are interrupted at each of their steps. */
  readonly interrupted: number
}

/**
 * How a suite runs a workflow.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner {
  /** Stands before the names of the tests. */
  readonly name: string
  /** Runs a workflow as `Workflow.run` does. */
  readonly run: typeof Workflow.run
  readonly capabilities: ReadonlySet<Capability>
  /** {@link moderate} unless given. */
  readonly sizes?: Partial<Sizes> | undefined
}

/**
 * All capabilities: those of a runner under which a whole run happens in one go.
 *
 * @category constructors
 * @since 0.1.0
 */
export const everything: ReadonlySet<Capability> = new Set(["once", "counts", "identity"])

/**
 * Sizes with which the suite takes a few seconds where a transition takes ten microseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const moderate: Sizes = { transitions: 20_000, machines: 300, stride: 40, interrupted: 2 }
