/** Runs with metrics, and with an observer that outlives them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import { everything } from "effect-cano-testing/Runner"
import * as Metrics from "../../src/Metrics.ts"
import * as Observer from "../../src/Observer.ts"
import * as Workflow from "../../src/Workflow.ts"

const watching = Effect.runSync(
  Layer.buildWithScope(
    Layer.merge(
      Observer.layer(() => Effect.void),
      Metrics.layer()
    ),
    Scope.makeUnsafe()
  )
)

interpreterSuite({
  name: "observed",
  run: (workflow, ...start) => Effect.provideContext(Workflow.run(workflow, ...start), watching),
  capabilities: everything
})
