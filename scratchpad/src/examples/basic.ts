/**
 * Cano's basic example: a task and a node in one workflow, and a store that carries data from one to the other.
 */
// #region imports
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
// #endregion

// #region states
const WorkflowState = Schema.Literals(["Start", "Process", "Complete"])
// #endregion

// #region keys
const Input = Store.key("input", Schema.String)
const Result = Store.key("result", Schema.String)
const FinalResult = Store.key("final_result", Schema.String)
// #endregion

// #region task
const simpleTask = Task.make({
  name: "simple task",
  retry: Retry.exponential(2),
  run: function* () {
    const input = yield* Store.getOrElse(Input, () => "")
    yield* Console.log(`Processing: ${input}`)
    yield* Store.put(Result, "task_processed")
    return "Process"
  }
})
// #endregion

// #region node
const processorNode = Node.make({
  name: "processor",
  prep: () => Store.getOrElse(Result, () => ""),
  exec: (input) => Effect.as(Console.log(`Node processing: ${input}`), true),
  post: function* (isProcessed) {
    if (!isProcessed) return "Process"
    yield* Store.put(FinalResult, "node_processed")
    return "Complete"
  }
})
// #endregion

// #region workflow
const workflow = Workflow.make("basic", WorkflowState, {
  initial: "Start",
  exits: ["Complete"],
  states: {
    Start: { to: ["Process"], run: simpleTask },
    Process: { to: ["Process", "Complete"], run: processorNode }
  }
})
// #endregion

// #region run
const program = Effect.gen(function* () {
  yield* Store.put(Input, "Hello Cano!")
  const exit = yield* Workflow.run(workflow)
  yield* Console.log(`Workflow completed: ${exit}`)
  yield* Console.log(`Result: ${yield* Store.get(FinalResult)}`)
}).pipe(Effect.provide(Store.MemoryStore.layer))

NodeRuntime.runMain(program)
// #endregion
