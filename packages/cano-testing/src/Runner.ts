/**
 * A runner tells a suite how to run workflows. With a runner of your own, the suite tests your own interpreter.
 *
 * @since 0.1.0
 */
import type * as Workflow from "effect-cano/Workflow"

/**
 * An assumption of some tests. For a runner that does not fulfil the assumption, those tests are reported as skipped.
 *
 * - `"once"`: an attempt is made once, and not again when a run is resumed. Attempts of these tests count in closures
 *   and write into stores.
 * - `"counts"`: transitions are counted over the whole run, those before a resumption included, for `failedAt` and
 *   `withMaxTransitions`.
 * - `"identity"`: a state or an error is handed on as the same value, not as a copy that was stored and read.
 * - `"signals"`: a run takes its signals from the service `Signal.Signals` of its context.
 * - `"compensations"`: a run that fails, dies or reaches an exit in `compensateOn` is compensated.
 * - `"interruptions"`: an interruption ends a run for good, so the run is compensated.
 * - `"store"`: a run reads and writes the `MemoryStore` of its context. A durable run has a store of its own; its runner
 *   copies the content at the end.
 * - `"synchronous"`: a run whose tasks do not wait needs no other fiber, so `Effect.runSync` runs it.
 *
 * @category models
 * @since 0.1.0
 */
export type Capability =
  | "once"
  | "counts"
  | "identity"
  | "signals"
  | "compensations"
  | "interruptions"
  | "store"
  | "synchronous"

/**
 * The sizes of the large tests. A slow interpreter takes smaller sizes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sizes {
  /** The transitions of the longest runs. */
  readonly transitions: number
  /** The random machines that are compared with the reference interpreter. */
  readonly machines: number
  /** One in `stride` of the sound machines of three states, about 1,000, is compared with the reference interpreter. */
  readonly stride: number
  /** The random machines that are interrupted at each of their steps. */
  readonly interrupted: number
}

/**
 * An interpreter, as a suite uses it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner {
  /** The name of the `describe` around the tests. */
  readonly name: string
  /** Runs a workflow as `Workflow.run` does. */
  readonly run: typeof Workflow.run
  readonly capabilities: ReadonlySet<Capability>
  /** Default: {@link moderate}. */
  readonly sizes?: Partial<Sizes> | undefined
}

/**
 * Lists all capabilities, for a runner that never resumes a run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const everything: ReadonlySet<Capability> = new Set([
  "once",
  "counts",
  "identity",
  "signals",
  "compensations",
  "interruptions",
  "store",
  "synchronous"
])

/**
 * Gives sizes for an interpreter with about ten microseconds a transition: the suite then takes a few seconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const moderate: Sizes = { transitions: 20_000, machines: 300, stride: 40, interrupted: 2 }
