import { join } from "node:path"
import * as Durable from "effect-cano/Durable"
import * as Workflow from "effect-cano/Workflow"
import { SqliteJournal } from "effect-cano-node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory } from "../journal/directory.ts"

const Three = Schema.Literals(["First", "Second", "Third", "Done"])

/** Runs that are there before their worker, and the end of the worker when the last of them has come to its exit. */
export const claimed =
  (runs: number): Prepare =>
  async (transitions) => {
    let left = 0
    let isThrough = Deferred.makeUnsafe<void>()
    const workflow = Workflow.make("three", Three, {
      initial: "First",
      exits: ["Done"],
      states: {
        First: { to: ["Second"], run: Effect.succeed("Second") },
        Second: { to: ["Third"], run: Effect.succeed("Third") },
        Third: {
          to: ["Done"],
          run: Effect.sync(() => {
            if (--left === 0) Deferred.doneUnsafe(isThrough, Effect.void)
            return "Done" as const
          })
        }
      }
    })
    const file = join(makeDirectory(), "runs.db")
    const client = ManagedRuntime.make(
      Layer.provideMerge(Durable.layerClient, SqliteJournal.layer({ file, synchronous: "normal" }))
    )
    let call = 0
    return async () => {
      const prefix = ++call
      left = runs
      isThrough = Deferred.makeUnsafe()
      const start = Effect.forEach(
        Array.from({ length: runs }).keys(),
        (n) => Durable.start(workflow, { runId: `${prefix}/${n}` }),
        { concurrency: 1000, discard: true }
      )
      const worker = Durable.register(workflow).pipe(Layer.provide(Durable.layer()))
      await client.runPromise(start)
      await client.runPromise(Effect.scoped(Effect.andThen(Layer.build(worker), Deferred.await(isThrough))))
      const open = await client.runPromise(Durable.list({ status: ["ready", "running"], limit: 1 }))
      if (open.runs.length > 0) throw new Error("a run was left")
      return transitions
    }
  }
