/** The program of a user: `pnpm package:check` compiles and runs it with the packed package. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Task, Workflow } from "effect-cano"
import { make, run } from "effect-cano/Workflow"

const Letter = Schema.Literals(["A", "B", "C"])

const workflow = Workflow.make("consumer", Letter, {
  initial: "A",
  exits: ["C"],
  states: {
    A: { to: ["B"], run: Effect.succeed("B") },
    B: { to: ["C"], run: () => "C" }
  }
})
const exit: Effect.Effect<"C"> = Workflow.run(workflow)

// The barrel and the sub-path are one module.
if (make !== Workflow.make || run !== Workflow.run || typeof Task !== "object") throw new Error("two copies")

export const misspelt = () =>
  Workflow.make("misspelt", Letter, {
    initial: "A",
    exits: ["B", "C"],
    // @ts-expect-error the published types refuse an edge to a state that does not exist
    states: { A: { to: ["Bee"], run: () => "B" } }
  })

Effect.runPromise(exit).then((state) => console.log("ended in", state))
