/** The program of a user: it runs outside of Vitest, where the suites cannot be called. */
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { randomMachine } from "effect-cano-testing/Machines"
import { interpret } from "effect-cano-testing/Reference"
import type { Runner } from "effect-cano-testing/Runner"
import { observe } from "effect-cano-testing/Trial"
import * as Workflow from "effect-cano/Workflow"

// #region runner
export const runner: Runner = { name: "mine", run: Workflow.run, capabilities: new Set(["once"]) }
// #endregion

// @ts-expect-error the published types refuse a capability that does not exist
export const misspelt: Runner = { ...runner, capabilities: new Set(["onse"]) }

const machine = randomMachine(1)
const trial = Effect.gen(function* () {
  const fiber = yield* Effect.forkChild(observe(machine, { run: runner.run }))
  yield* TestClock.adjust("1 day")
  return fiber.pollUnsafe()
})

Effect.runPromise(Effect.provide(trial, TestClock.layer())).then((exit) =>
  console.log(exit?._tag, Object.keys(interpret(machine).end))
)
