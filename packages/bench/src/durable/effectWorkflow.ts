import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import type { Prepare } from "../harness/contender.ts"
import { order, runIdsOf, stepsPerRun } from "./order.ts"

const Order = Schema.Struct({ order: Schema.String, note: Schema.String, left: Schema.Number })

const orders = Workflow.make("order", {
  payload: { runId: Schema.String },
  idempotencyKey: ({ runId }) => runId
})

/** An activity a step, which gives the next state. */
const steps = orders.toLayer(
  Effect.fnUntraced(function* () {
    let state = { ...order, left: stepsPerRun }
    while (state.left > 0) {
      const { left } = state
      state = yield* Activity.make({
        name: `step/${left}`,
        success: Order,
        execute: Effect.succeed({ ...state, left: left - 1 })
      })
    }
  })
)

/** Effect's own workflows, on the engine that keeps all in memory. */
export const inMemory: Prepare = (operations) => {
  const runtime = ManagedRuntime.make(Layer.provideMerge(steps, WorkflowEngine.layerMemory))
  let call = 0
  return async () => {
    const runIds = runIdsOf(++call, 0, operations, 1)
    await runtime.runPromise(Effect.forEach(runIds, (runId) => orders.execute({ runId }), { discard: true }))
    return operations
  }
}
