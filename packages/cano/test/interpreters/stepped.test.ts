/** Runs that `Workflow.step` makes one state at a time, as an engine does that puts each state aside. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import * as Workflow from "../../src/Workflow.ts"

const tagOf = (state: any): string => (typeof state === "string" ? state : state?._tag)

interpreterSuite({
  name: "stepped",
  run: (workflow, ...start) =>
    Effect.suspend(() => {
      const { exits, initial, schema } = workflow as Workflow.Workflow.Any
      let state: any = start[0] === undefined ? [initial, { _tag: initial }].find(Schema.is(schema)) : start[0]
      if (state === undefined) return Workflow.run(workflow, ...start)
      const steps = Effect.whileLoop({
        while: () => !exits.includes(tagOf(state)),
        body: () => Workflow.step(workflow, state),
        step: (next) => void (state = next)
      })
      return Effect.map(steps, () => state)
    }),
  capabilities: new Set(["once", "identity", "signals", "store", "synchronous"])
})
