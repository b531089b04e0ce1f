import { join } from "node:path"
import * as Durable from "effect-cano/Durable"
import type { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Workflow from "effect-cano/Workflow"
import { SqliteJournal } from "effect-cano-node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory } from "../journal/directory.ts"
import type { Synchronous } from "../journal/raw.ts"
import { order, runIdsOf, stepsPerRun } from "./order.ts"

const State = Schema.TaggedUnion({
  Step: { order: Schema.String, note: Schema.String, left: Schema.Number },
  Done: {}
})

const workflow = Workflow.make("order", State, {
  initial: "Step",
  exits: ["Done"],
  states: {
    Step: {
      to: ["Step", "Done"],
      run: (state) => (state.left > 1 ? { ...state, left: state.left - 1 } : { _tag: "Done" })
    }
  }
})

const state = { _tag: "Step", ...order, left: stepsPerRun } as const

/** Starts runs one after another, and awaits the exit of each. */
const lane = (runIds: ReadonlyArray<string>) =>
  Effect.forEach(runIds, (runId) => Durable.run(workflow, { runId, state }), { discard: true })

const runsOn =
  (journal: Layer.Layer<Journal.Journal, JournalFailure>, lanes: number): Prepare =>
  async (steps) => {
    const worker = Durable.register(workflow).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(journal))
    const runtime = ManagedRuntime.make(worker)
    const together = (call: number, lanes: number, steps: number) =>
      runtime.runPromise(
        Effect.forEach(Array.from({ length: lanes }).keys(), (n) => lane(runIdsOf(call, n, steps, lanes)), {
          concurrency: "unbounded",
          discard: true
        })
      )
    // As for the plain inserts: the write-ahead log is as long as it gets.
    let call = 0
    await together(call, 64, 64 * 4 * stepsPerRun)
    return async () => {
      await together(++call, lanes, steps)
      return steps
    }
  }

/** So many runs at once, on a file. */
export const inFile = (synchronous: Synchronous, lanes: number): Prepare =>
  runsOn(
    Layer.suspend(() => SqliteJournal.layer({ file: join(makeDirectory(), "runs.db"), synchronous })),
    lanes
  )

/** So many runs at once, in memory: what the steps cost without a disk. */
export const inMemory = (lanes: number): Prepare => runsOn(Journal.layerMemory, lanes)
