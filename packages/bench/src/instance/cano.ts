import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { sequentially } from "./sequentially.ts"

const State = Schema.Literals(["S0", "S1", "S2", "S3", "S4", "Done"])

const tasks = Workflow.make("tasks", State, {
  initial: "S0",
  exits: ["Done"],
  states: {
    S0: { to: ["S1"], run: Effect.sync(() => "S1") },
    S1: { to: ["S2"], run: Effect.sync(() => "S2") },
    S2: { to: ["S3"], run: Effect.sync(() => "S3") },
    S3: { to: ["S4"], run: Effect.sync(() => "S4") },
    S4: { to: ["Done"], run: Effect.sync(() => "Done") }
  }
})

const routes = Workflow.make("routes", State, {
  initial: "S0",
  exits: ["Done"],
  states: {
    S0: { to: ["S1"], run: () => "S1" },
    S1: { to: ["S2"], run: () => "S2" },
    S2: { to: ["S3"], run: () => "S3" },
    S3: { to: ["S4"], run: () => "S4" },
    S4: { to: ["Done"], run: () => "Done" }
  }
})

export const inFiber: Prepare = (runs) => () => Effect.runPromise(sequentially(runs, () => Workflow.run(tasks)))

export const runPromise: Prepare = (runs) => async () => {
  let finished = 0
  while (finished < runs && (await Effect.runPromise(Workflow.run(tasks))) === "Done") finished++
  return finished
}

export const routesInFiber: Prepare = (runs) => () => Effect.runPromise(sequentially(runs, () => Workflow.run(routes)))
