import type { Contender } from "./contender.ts"
import type { Suite } from "./suite.ts"

/** How a process begins, before its contender is loaded. */
export interface Start {
  readonly name: "warm" | "cold"
  /** Whether the process runs the mix of ordinary effects first. */
  readonly isWarm: boolean
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

/** Cold figures stand beside warm ones. */
export const planOf = (suite: Suite, contenders: ReadonlyArray<Contender>): Plan => {
  const cold: Start = { name: "cold", isWarm: false }
  return suite.isWarm === true
    ? { suite, contenders, start: { name: "warm", isWarm: true }, beside: cold }
    : { suite, contenders, start: cold, beside: undefined }
}
