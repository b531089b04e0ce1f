import { it } from "@effect/vitest"
import type * as Workflow from "effect-cano/Workflow"
import { type Capability, moderate, type Runner, type Sizes } from "../../Runner.ts"

/** What a group of tests is made for. */
export interface Suite {
  readonly run: typeof Workflow.run
  readonly sizes: Sizes
  /** For tests that need capabilities: they are skipped where the runner has not all of them. */
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
