import { it } from "@effect/vitest"
import type * as Workflow from "effect-cano/Workflow"
import { type Capability, moderate, type Runner, type Sizes } from "../../Runner.ts"

/** The interpreter under test, as a group of tests uses it. */
export interface Suite {
  readonly run: typeof Workflow.run
  readonly sizes: Sizes
  /** Defines a test that needs capabilities. It is skipped if the runner lacks one of them. */
  readonly given: (...needed: ReadonlyArray<Capability>) => {
    readonly effect: typeof it.effect.skip
    readonly live: typeof it.live.skip
  }
}

export const suiteOf = ({ capabilities, run, sizes }: Runner): Suite => ({
  run,
  sizes: { ...moderate, ...sizes },
  given: (...needed) =>
    needed.every((capability) => capabilities.has(capability)) ? it : { effect: it.effect.skip, live: it.live.skip }
})
