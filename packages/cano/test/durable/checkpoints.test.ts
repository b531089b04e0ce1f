import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"

const Path = Schema.Literals(["A", "B", "Done"])
const Two = Schema.Literals(["A", "Done"])

const workerOf = (workflow: Workflow.Workflow<any, any, any, any, any>, ...journal: ReadonlyArray<Journal.Shape>) =>
  Durable.register(workflow).pipe(
    Layer.provideMerge(Durable.layer({ drain: 0 })),
    Layer.provide(journal[0] === undefined ? Journal.layerMemory : Layer.succeed(Journal.Journal, journal[0]))
  ) as Layer.Layer<Durable.Durable>

const journal = Effect.map(Layer.build(Journal.layerMemory), (context) => Context.get(context, Journal.Journal))

describe("Durable.checkpoint", () => {
  it.effect("keeps the results of a state for its next attempt, and for the next process", () =>
    Effect.gen(function* () {
      const paid: Array<string> = []
      let isOpen = false
      const ask = (model: string) => Effect.sync(() => paid.push(model)).pipe(Durable.checkpoint(model, Schema.Number))
      const workflow = Workflow.make("ask", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: Task.fork({
              branches: { a: ask("a"), b: Effect.suspend(() => (isOpen ? ask("b") : Effect.never)) },
              join: () => "Done" as const
            })
          }
        } as never
      })
      const rows = yield* journal
      yield* Effect.gen(function* () {
        yield* Durable.start(workflow, { runId: "r" } as never)
        yield* pass("1 second")
      }).pipe(Effect.provide(workerOf(workflow, rows)))
      isOpen = true
      yield* Effect.gen(function* () {
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("r")).status, "done")
      }).pipe(Effect.provide(workerOf(workflow, rows)))
      assert.deepStrictEqual(paid, ["a", "b"])
    })
  )

  it.effect("leaves the store's changes to the row of the state", () =>
    Effect.gen(function* () {
      const List = Store.key("list", Schema.Array(Schema.Number))
      let attempts = 0
      const workflow = Workflow.make("append", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: () =>
              Effect.gen(function* () {
                yield* Store.append(List, 1)
                yield* Durable.checkpoint("x", Schema.Void)(Effect.void)
                if (++attempts === 1) return yield* Effect.never
                return "Done" as const
              })
          }
        }
      })
      const rows = yield* journal
      yield* Effect.andThen(Durable.start(workflow, { runId: "r" }), pass("1 second")).pipe(
        Effect.provide(workerOf(workflow, rows))
      )
      yield* Effect.gen(function* () {
        yield* pass("1 second")
        const list = yield* Store.get(List).pipe(Effect.provideServiceEffect(Store.MemoryStore, Durable.store("r")))
        assert.deepStrictEqual(list, [1])
      }).pipe(Effect.provide(workerOf(workflow, rows)))
    })
  )

  it.effect("D8: a result that is too large ends the run", () =>
    Effect.gen(function* () {
      let begun = 0
      const workflow = Workflow.make("large", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: () =>
              Effect.sync(() => void begun++).pipe(
                Effect.andThen(Effect.succeed("x".repeat(5_000_000)).pipe(Durable.checkpoint("x", Schema.String))),
                Effect.as("Done" as const)
              )
          }
        }
      })
      yield* Effect.gen(function* () {
        yield* Durable.start(workflow, { runId: "r" })
        yield* pass("1 minute")
        const { errorTag, status } = yield* Durable.get("r")
        assert.deepStrictEqual([status, errorTag, begun], ["failed", "TooLarge", 1])
      }).pipe(Effect.provide(workerOf(workflow)))
    })
  )

  it.effect("in a compensation has names, and keys, of its own, and the run goes on compensating", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      let isStuck = true
      const effect = (what: string) =>
        Effect.flatMap(Durable.Run, ({ key }) => Effect.sync(() => void log.push(`${what} ${key}`))).pipe(
          Durable.checkpoint("id", Schema.Void)
        )
      const workflow = Workflow.make("saga", Path, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: () => Effect.as(effect("do A"), "B" as const),
            compensate: () =>
              Effect.andThen(
                effect("undo A"),
                Effect.suspend(() => (isStuck ? Effect.never : Effect.void))
              )
          },
          B: {
            to: ["Done"],
            run: () => Effect.andThen(effect("do B"), Effect.fail("no" as const)),
            compensate: () => effect("undo B")
          }
        } as never
      })
      const rows = yield* journal
      yield* Effect.andThen(Durable.start(workflow, { runId: "r" } as never), pass("1 second")).pipe(
        Effect.provide(workerOf(workflow, rows))
      )
      isStuck = false
      yield* Effect.gen(function* () {
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("r")).status, "failed")
      }).pipe(Effect.provide(workerOf(workflow, rows)))
      assert.deepStrictEqual(log, ["do A r/0", "do B r/1", "undo B r/1/undo", "undo A r/0/undo"])
    })
  )
})

describe("forks in forks", () => {
  it.effect("each branch has a child of its own", () =>
    Effect.gen(function* () {
      const Child = Schema.TaggedUnion({ Begin: { n: Schema.Number }, End: { n: Schema.Number } })
      const child = Workflow.make("child", Child, {
        initial: "Begin",
        exits: ["End"],
        states: { Begin: { to: ["End"], run: ({ n }) => ({ _tag: "End", n }) } }
      })
      const nested = (n: number) =>
        Task.fork({
          branches: {
            x: Workflow.asTask(
              child,
              (exit) => exit.n as never,
              () => ({ _tag: "Begin", n })
            )
          },
          join: ({ x }) => x as never
        })
      let joined: unknown
      const workflow = Workflow.make("forks", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: Task.fork({
              branches: { a: nested(1), b: nested(2) } as never,
              join: (results: unknown) => {
                joined = results
                return "Done" as never
              }
            })
          }
        } as never
      })
      const exit = yield* Durable.run(workflow, { runId: "r" } as never).pipe(Effect.provide(workerOf(workflow)))
      assert.strictEqual(exit as unknown, "Done")
      assert.deepStrictEqual(joined, { a: 1, b: 2 })
    })
  )
})
