/**
 * The behaviour of `Workflow.run`, as tests that any interpreter must pass: a chain of interceptors, a durable engine,
 * a placement on other machines.
 *
 * The name of a test contains the ids of the promises that the test checks. `W4` is the fourth promise of the module
 * `Workflow`, `T2` the second of `Task`, `N3` the third of `Node`, `R1` the first of `Retry`, `St4` the fourth of
 * `Store`.
 *
 * @example
 * ```ts
 * import type * as Workflow from "effect-cano/Workflow"
 * import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
 * import { everything } from "effect-cano-testing/Runner"
 *
 * declare const run: typeof Workflow.run
 *
 * // in a test file of Vitest
 * interpreterSuite({ name: "mine", run, capabilities: everything })
 * ```
 *
 * @since 0.1.0
 */
import { describe } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { defects } from "./internal/interpreter/defects.ts"
import { errors } from "./internal/interpreter/errors.ts"
import { fairness } from "./internal/interpreter/fairness.ts"
import { forks } from "./internal/interpreter/forks.ts"
import { forms } from "./internal/interpreter/forms.ts"
import { generators } from "./internal/interpreter/generators.ts"
import { interruption } from "./internal/interpreter/interruption.ts"
import { laws } from "./internal/interpreter/laws.ts"
import { limits } from "./internal/interpreter/limits.ts"
import { nesting } from "./internal/interpreter/nesting.ts"
import { sagas } from "./internal/interpreter/sagas.ts"
import { services } from "./internal/interpreter/services.ts"
import { starting } from "./internal/interpreter/starting.ts"
import { suiteOf } from "./internal/interpreter/suite.ts"
import { undeclared } from "./internal/interpreter/undeclared.ts"
import { waits } from "./internal/interpreter/waits.ts"
import type { Runner } from "./Runner.ts"
import { makeUnchecked } from "./Runs.ts"
import { nodeSuite, taskSuite } from "./TaskSuite.ts"

const groups = [
  starting,
  forms,
  generators,
  errors,
  defects,
  undeclared,
  interruption,
  fairness,
  nesting,
  limits,
  forks,
  services,
  waits,
  sagas,
  laws
]

/**
 * Defines the tests, in a `describe` with the name of the runner.
 *
 * @category suites
 * @since 0.1.0
 */
export const interpreterSuite = (runner: Runner): void => {
  describe(runner.name, () => {
    const suite = suiteOf(runner)
    for (const group of groups) group(suite)
    describe.skipIf(!runner.capabilities.has("once"))("tasks", () => {
      const way = {
        name: "a workflow",
        run: (task: unknown) =>
          runner.run(
            makeUnchecked("w", Schema.Literals(["Start", "Done"]), {
              initial: "Start",
              exits: ["Done"],
              states: { Start: { to: ["Done"], run: task } }
            })
          )
      }
      taskSuite(way)
      nodeSuite(way)
    })
  })
}
