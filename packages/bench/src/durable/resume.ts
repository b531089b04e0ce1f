import { join } from "node:path"
import * as Durable from "effect-cano/Durable"
import type { JournalFailure, UnknownRun } from "effect-cano/DurableError"
import * as Signal from "effect-cano/Signal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { SqliteJournal } from "effect-cano-node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory } from "../journal/directory.ts"
import { order } from "./order.ts"

/** The rows of all runs together, so that only their distribution differs. */
const rows = 100_000

const GoOn = Signal.make("goOn", Schema.Number)

const Fields = { order: Schema.String, note: Schema.String, left: Schema.Number }

const State = Schema.TaggedUnion({ Step: Fields, Waiting: Fields, Done: {} })

const workflow = Workflow.make("order", State, {
  initial: "Step",
  exits: ["Done"],
  states: {
    Step: {
      to: ["Step", "Waiting"],
      run: (state) => ({ ...state, _tag: state.left > 1 ? "Step" : "Waiting", left: state.left - 1 })
    },
    Waiting: {
      to: ["Step", "Done"],
      run: Task.awaitSignal(GoOn, (left, state: typeof State.cases.Waiting.Type) =>
        left === 0 ? ({ _tag: "Done" } as const) : ({ ...state, _tag: "Step", left } as const)
      )
    }
  }
})

/** Waits until a run waits, with so many transitions behind it, and looks after each pause. */
const parked = (
  runId: string,
  transitions: number,
  pause: Effect.Effect<void>
): Effect.Effect<void, JournalFailure | UnknownRun, Durable.Durable> =>
  Effect.flatMap(Durable.get(runId), (run) =>
    run.status === "waiting" && run.transitions === transitions
      ? Effect.void
      : Effect.andThen(pause, parked(runId, transitions, pause))
  )

/**
 * Signals a run that waits with so much history, until it waits again: the signal, the claim, the state that is read, two
 * transitions, and the row of the new wait.
 */
export const resume =
  (history: number): Prepare =>
  async (operations) => {
    const journal = SqliteJournal.layer({ file: join(makeDirectory(), "runs.db"), synchronous: "normal" })
    const worker = Durable.register(workflow).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(journal))
    const runtime = ManagedRuntime.make(worker)
    const runs = Array.from({ length: rows / history }, (_, n) => ({ runId: `run-${n}`, transitions: history }))
    const state = { _tag: "Step", ...order, left: history } as const
    const start = Effect.gen(function* () {
      yield* Effect.forEach(runs, ({ runId }) => Durable.start(workflow, { runId, state }), {
        concurrency: 1000,
        discard: true
      })
      for (const { runId } of runs) yield* parked(runId, history, Effect.sleep("5 millis"))
    })
    await runtime.runPromise(start)
    let next = 0
    const resumed = Effect.suspend(() => {
      const run = runs[next++ % runs.length]!
      run.transitions += 2
      return Effect.andThen(Durable.signal(run.runId, GoOn, 1), parked(run.runId, run.transitions, Effect.yieldNow))
    })
    return async () => {
      for (let n = 0; n < operations; n++) await runtime.runPromise(resumed)
      return operations
    }
  }
