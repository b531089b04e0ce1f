/** Runs under a tracer that remembers their spans. */
import * as Effect from "effect/Effect"
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import { everything } from "effect-cano-testing/Runner"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"

interpreterSuite({
  name: "traced",
  run: (workflow, ...start) => Effect.suspend(() => recorder().record(Workflow.run(workflow, ...start))),
  capabilities: everything
})
