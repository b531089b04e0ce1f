/** Every form that the `run` of a state can have. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import type { Suite } from "./suite.ts"

/** `Start`, whose task the test chooses, and two exits. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

export const forms = ({ run }: Suite): void => {
  describe("every form of run", () => {
    const passing = Effect.as(Effect.yieldNow, "Done" as const)
    const node = Node.make({
      prep: () => 1,
      exec: (n) => Effect.succeed(n + 1),
      post: (n) => (n === 2 ? "Done" : "Failed")
    })
    const forms = {
      "a bare Effect": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: passing } }
      }),
      "a constant, Exit-valued Effect": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: Effect.succeed("Done") } }
      }),
      "a pure function": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: () => "Done" } }
      }),
      "a pure function of the state": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: (state) => (state === "Start" ? "Done" : "Failed") } }
      }),
      "a function that returns an Effect": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: () => passing } }
      }),
      "a function that returns an Exit": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: { to: ["Done", "Failed"], run: (state) => Effect.succeed(state === "Start" ? "Done" : "Failed") }
        }
      }),
      "a generator function": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Done", "Failed"],
            run: function* () {
              yield* Effect.yieldNow
              return "Done"
            }
          }
        }
      }),
      "a generator function of the state": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Done", "Failed"],
            run: function* (state) {
              yield* Effect.yieldNow
              return state === "Start" ? "Done" : "Failed"
            }
          }
        }
      }),
      "a task": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: Task.make({ name: "t", run: passing }) } }
      }),
      "a node": Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: node } }
      })
    }
    for (const [form, workflow] of Object.entries(forms)) {
      it.effect(`accepts ${form}`, () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* run(workflow), "Done")
        })
      )
    }
  })
}
