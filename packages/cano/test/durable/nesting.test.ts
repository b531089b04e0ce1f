import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { pass } from "../support/durable.ts"

const Two = Schema.Literals(["A", "Done"])

const memory = Effect.map(Layer.build(Journal.layerMemory), (context) => Context.get(context, Journal.Journal))

describe("nested workflows", () => {
  const child = Workflow.make("child", Two, {
    initial: "A",
    exits: ["Done"],
    states: { A: { to: ["Done"], run: () => "Done" } }
  })
  const parent = Workflow.make("parent", Two, {
    initial: "A",
    exits: ["Done"],
    states: { A: { to: ["Done"], run: Workflow.asTask(child, () => "Done") } }
  })

  it.effect("a nested workflow may be registered by itself too, in any order", () =>
    Effect.gen(function* () {
      for (const all of [
        [parent, child],
        [child, parent]
      ] as const) {
        const registered = Layer.mergeAll(Durable.register(all[0]), Durable.register(all[1])).pipe(
          Layer.provideMerge(Durable.layer()),
          Layer.provide(Journal.layerMemory)
        )
        yield* Effect.gen(function* () {
          assert.strictEqual(yield* Durable.run(parent, { runId: "p" }), "Done")
          assert.strictEqual(yield* Durable.run(child, { runId: "c" }), "Done")
        }).pipe(Effect.provide(registered))
      }
    })
  )

  it.effect("a client runs nothing, and says so", () =>
    Effect.gen(function* () {
      const layer = Durable.register(child).pipe(
        Layer.provideMerge(Durable.layerClient),
        Layer.provide(Journal.layerMemory)
      )
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
      assert.include(String(exit), "Durable.register")
    })
  )

  it.effect("one that two workflows nest goes on when the first of them is gone", () =>
    Effect.gen(function* () {
      const sleeper = Workflow.make("sleeper", Two, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["Done"], run: Task.sleep("1 hour", "Done") } }
      })
      const parentOf = (name: string) =>
        Workflow.make(name, Two, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["Done"], run: Workflow.asTask(sleeper, () => "Done") } }
        })
      const [one, other] = [parentOf("one"), parentOf("other")]
      const worker = yield* Layer.build(
        Durable.layer({ poll: "1 minute", staleAfter: "10 minutes" }).pipe(Layer.provide(Journal.layerMemory))
      )
      yield* Effect.gen(function* () {
        const first = yield* Scope.fork(yield* Effect.scope)
        yield* Layer.buildWithScope(Durable.register(one), first)
        yield* Layer.build(Durable.register(other))
        yield* Durable.start(other, { runId: "r" })
        yield* pass("1 second")
        yield* Scope.close(first, Exit.void)
        yield* pass("2 hours")
        assert.strictEqual((yield* Durable.get("r")).status, "done")
      }).pipe(Effect.provideContext(worker))
    })
  )

  it.effect("the changes of children in branches all come to their parent, without a history too", () =>
    Effect.gen(function* () {
      const rows = yield* memory
      // a journal that keeps no history
      const forgetful: Journal.Shape = { ...rows, steps: () => Effect.succeed([]) }
      const childOf = (name: string) =>
        Workflow.make(name, Two, {
          initial: "A",
          exits: ["Done"],
          states: {
            A: { to: ["Done"], run: () => Effect.as(Store.put(Store.key(name, Schema.String), "new"), "Done") }
          }
        })
      const workflow = Workflow.make("two", Schema.Literals(["Begin", "Split", "Done"]), {
        initial: "Begin",
        exits: ["Done"],
        states: {
          Begin: {
            to: ["Split"],
            run: () =>
              Effect.as(
                Effect.andThen(
                  Store.put(Store.key("a", Schema.String), "old"),
                  Store.put(Store.key("b", Schema.String), "old")
                ),
                "Split"
              )
          },
          Split: {
            to: ["Done"],
            run: Task.fork({ branches: { a: childOf("a"), b: childOf("b") }, join: () => "Done" })
          }
        }
      })
      yield* Durable.run(workflow, { runId: "r" }).pipe(
        Effect.provide(
          Durable.register(workflow).pipe(
            Layer.provideMerge(Durable.layer()),
            Layer.provide(Layer.succeed(Journal.Journal, forgetful))
          )
        )
      )
      const { store } = Option.getOrThrow(yield* rows.load("r"))
      assert.deepStrictEqual(
        store.map(([key, text]) => [key, JSON.parse(text).value]),
        [
          ["a", "new"],
          ["b", "new"]
        ]
      )
    })
  )
})

describe("runs that are odd in time", () => {
  it.effect("one that is cancelled before it began has nothing to undo", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const workflow = Workflow.make("later", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: () =>
              Effect.as(
                Effect.sync(() => void log.push("do")),
                "Done" as const
              ),
            compensate: () => Effect.sync(() => void log.push("undo"))
          }
        }
      })
      yield* Effect.gen(function* () {
        yield* Durable.start(workflow, { runId: "r", delay: "1 hour" })
        yield* Durable.cancel("r")
        yield* pass("1 minute")
        assert.strictEqual((yield* Durable.get("r")).status, "cancelled")
        assert.deepStrictEqual(log, [])
      }).pipe(
        Effect.provide(
          Durable.register(workflow).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(Journal.layerMemory))
        )
      )
    })
  )

  it.effect("one that is tried for ever keeps few times, and counts on", () =>
    Effect.gen(function* () {
      const rows = yield* memory
      let attempts = 0
      const workflow = Workflow.make("for ever", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: Task.make({
              retry: Schedule.max([Schedule.spaced("2 seconds"), Schedule.recurs(700)]),
              run: () => Effect.suspend(() => (attempts++, Effect.fail("down" as const)))
            })
          }
        } as never
      })
      yield* Effect.gen(function* () {
        yield* Durable.start(workflow, { runId: "r" } as never)
        for (let minute = 0; minute < 20; minute++) yield* pass("1 minute")
        const { progress } = Option.getOrThrow(yield* rows.load("r"))
        assert.isBelow(progress?.length ?? 0, 4000)
        for (let minute = 0; minute < 10; minute++) yield* pass("1 minute")
        assert.deepStrictEqual([(yield* Durable.get("r")).status, attempts], ["failed", 701])
      }).pipe(
        Effect.provide(
          Durable.register(workflow).pipe(
            Layer.provideMerge(Durable.layer()),
            Layer.provide(Layer.succeed(Journal.Journal, rows))
          )
        )
      )
    })
  )

  it.effect("D4: a clock that jumps makes nobody take the runs of those who live", () =>
    Effect.gen(function* () {
      const rows = yield* memory
      let ahead = 0
      const clock = yield* Clock.Clock
      // all of the machine jumps: the journal and both workers
      const jumping: Clock.Clock = Object.assign(Object.create(clock), {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + ahead,
        currentTimeMillis: Effect.suspend(() => Effect.succeed(clock.currentTimeMillisUnsafe() + ahead)),
        sleep: (duration: Duration.Duration) => clock.sleep(duration)
      })
      let begun = 0
      const workflow = Workflow.make("long", Two, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: () =>
              Effect.andThen(
                Effect.sync(() => begun++),
                Effect.never
              )
          }
        }
      })
      const worker = Durable.register(workflow).pipe(
        Layer.provideMerge(Durable.layer({ drain: 0 })),
        Layer.provide(Layer.succeed(Journal.Journal, rows))
      )
      yield* Effect.gen(function* () {
        const one = yield* Layer.build(Layer.fresh(worker))
        yield* Layer.build(Layer.fresh(worker))
        yield* Effect.provideContext(Durable.start(workflow, { runId: "r" }), one)
        yield* pass("3 seconds")
        for (const jump of [3_600_000, -3_600_000, 7_200_000]) {
          ahead += jump
          for (let n = 0; n < 40; n++) yield* pass("1 second")
        }
        const [head] = yield* rows.heads(["r"])
        assert.deepStrictEqual([head?.status, head?.crashes], ["running", 0])
        assert.strictEqual(begun, 1)
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, jumping))
    })
  )
})
