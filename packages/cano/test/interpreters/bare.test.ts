/** Runs that nobody watches. */
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import { everything } from "effect-cano-testing/Runner"
import * as Workflow from "../../src/Workflow.ts"

interpreterSuite({
  name: "bare",
  run: Workflow.run,
  capabilities: everything,
  sizes: { transitions: 10_000_000, machines: 10_000, stride: 1, interrupted: 50 }
})
