/** Runs that crash at each append to their journal, and are resumed from its last row. */
import * as Effect from "effect/Effect"
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import type * as Workflow from "../../src/Workflow.ts"
import { type Crash, Journal, resumeUntilDone } from "../support/journaling.ts"

const journaled =
  (crashAt: (append: number) => Crash["when"] | undefined): typeof Workflow.run =>
  (workflow, ...[start]) =>
    Effect.suspend(() => {
      const journal = new Journal(crashAt)
      return resumeUntilDone(workflow as Workflow.Workflow.Any, journal, start)
    })

interpreterSuite({
  name: "journaling, crashed after each append",
  run: journaled((append) => (append % 2 === 0 ? "after" : undefined)),
  capabilities: new Set(["once", "counts", "identity", "signals", "store", "synchronous"])
})

// The state before the append that was lost runs again.
interpreterSuite({
  name: "journaling, crashed before every third append",
  run: journaled((append) => (append % 3 === 2 ? "before" : undefined)),
  capabilities: new Set(["counts", "identity", "signals", "store", "synchronous"])
})
