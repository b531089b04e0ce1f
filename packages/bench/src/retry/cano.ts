import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { makePhases } from "./phases.ts"

const State = Schema.Literals(["Work", "Done"])

export const bare: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makePhases(nodes)
  const workflow = Workflow.make("phases", State, {
    initial: "Work",
    exits: ["Done"],
    states: { Work: { to: ["Work", "Done"], run: Node.make({ prep, exec, post }) } }
  })
  return () => {
    start()
    return Effect.runPromise(Workflow.run(workflow)).then(worked)
  }
}

export const withRetry: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makePhases(nodes)
  const retry = Retry.fixed(3, "1 second")
  const workflow = Workflow.make("phases", State, {
    initial: "Work",
    exits: ["Done"],
    states: { Work: { to: ["Work", "Done"], run: Node.make({ prep, exec, post, retry }) } }
  })
  return () => {
    start()
    return Effect.runPromise(Workflow.run(workflow)).then(worked)
  }
}
