import { existsSync } from "node:fs"
import { engineFolder } from "./engine.ts"
import type { Contender } from "./contender.ts"
import type { Suite } from "./suite.ts"

/** How a process begins, before its contender is loaded. */
export interface Start {
  readonly name: "warm" | "cold" | "base"
  /** Whether the process runs the mix of ordinary effects first. */
  readonly isWarm: boolean
  /** The checkout whose effect-cano it loads; this one if there is none. */
  readonly checkout: string | undefined
}

/** What to measure. */
export interface Plan {
  readonly suite: Suite
  readonly contenders: ReadonlyArray<Contender>
  /** The start of the processes whose figures count. */
  readonly start: Start
  /** The start of those whose figures stand beside. */
  readonly beside: Start | undefined
}

/** Cold figures stand beside warm ones; those of the base stand beside both, if there is a base. */
export const planOf = (suite: Suite, contenders: ReadonlyArray<Contender>, base: string | undefined): Plan => {
  const isWarm = suite.isWarm === true
  const cold: Start = { name: "cold", isWarm: false, checkout: undefined }
  const start: Start = isWarm ? { name: "warm", isWarm, checkout: undefined } : cold
  if (base === undefined) return { suite, contenders, start, beside: isWarm ? cold : undefined }
  if (!existsSync(engineFolder(base))) throw new Error(`--base takes a checkout of this repository, not "${base}"`)
  return { suite, contenders, start, beside: { name: "base", isWarm, checkout: base } }
}
