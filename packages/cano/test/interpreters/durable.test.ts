/** Durable runs on a journal in memory: driven by one worker, and resumed from the journal after each row. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { interpreterSuite } from "effect-cano-testing/InterpreterSuite"
import { Durable, DurableError, Journal, Store, type Workflow } from "../../src/index.ts"
import { Ending } from "../../src/internal/durable/ending.ts"
import { journaledOf } from "../../src/internal/durable/ledger.ts"

/** Every row hands the run over: the worker drops it, and claims it again. */
const dropping = (journal: Journal.Shape): Journal.Shape => ({
  ...journal,
  append: (row) =>
    row.status === "running"
      ? Effect.andThen(
          journal.append({ ...row, status: "ready" }),
          Effect.fail(new DurableError.Conflict({ runId: row.runId, fence: row.fence }))
        )
      : journal.append(row)
})

/** A journal keeps the text of a failure. The suite compares the failure itself, so the runner remembers it. */
const causes = new Map<string, Cause.Cause<unknown>>()
const { failed } = Ending.prototype
Ending.prototype.failed = function (cause) {
  causes.set((this as unknown as { readonly ledger: { readonly runId: string } }).ledger.runId, cause)
  return failed.call(this, cause)
}

/** Failures as numbers, so that a nested workflow's failure is the same value for the workflow around it. */
const failures: Array<unknown> = []
const Failures = Schema.Number.pipe(
  Schema.decodeTo(
    Schema.Unknown,
    SchemaTransformation.transform({
      decode: (number: number) => failures[number],
      encode: (failure: unknown) => failures.push(failure) - 1
    })
  )
)

let runs = 0

const durably =
  (change: (journal: Journal.Shape) => Journal.Shape): typeof Workflow.run =>
  (workflow, ...[state]) =>
    Effect.suspend((): Effect.Effect<any, any, any> => {
      const runId = `run ${runs++}`
      const journal = Layer.effect(Journal.Journal, Effect.map(Journal.Journal, change)).pipe(
        Layer.provide(Journal.layerMemory)
      )
      const worker = Durable.register(workflow, { errors: Failures }).pipe(
        Layer.provideMerge(Durable.layer({ drain: 0 })),
        Layer.provideMerge(journal)
      )
      return Durable.run(workflow, { runId, state } as never).pipe(
        Effect.ensuring(copyStore(runId)),
        Effect.provide(worker, { local: true }),
        Effect.catch((error) => {
          const cause = causes.get(runId)
          causes.delete(runId)
          return cause === undefined ? Effect.fail(error) : Effect.failCause(cause)
        })
      ) as Effect.Effect<any, any, any>
    })

/** The store of a durable run is its own. The suite looks into the one around the run. */
const copyStore = (runId: string) =>
  Effect.gen(function* () {
    const store = yield* Effect.serviceOption(Store.MemoryStore)
    const journal = yield* Journal.Journal
    const loaded = yield* Effect.orDie(journal.load(runId))
    if (Option.isSome(store) && Option.isSome(loaded)) journaledOf(store.value).apply(loaded.value.store)
  })

interpreterSuite({
  name: "durable",
  run: durably((journal) => journal),
  capabilities: new Set(["once", "counts"]),
  sizes: { transitions: 5000, interrupted: 0 }
})

interpreterSuite({
  name: "durable, resumed always",
  run: durably(dropping),
  capabilities: new Set(["once", "counts"]),
  sizes: { transitions: 2000, interrupted: 0 }
})
