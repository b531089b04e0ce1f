import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as DurableError from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Retry from "effect-cano/Retry"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { pass } from "../support/durable.ts"

const Visits = Store.key("visits", Schema.Array(Schema.String))

const State = Schema.TaggedUnion({
  Start: { n: Schema.Number },
  Middle: { n: Schema.Number },
  Done: { total: Schema.Number }
})

const visit = (name: string) => Store.append(Visits, name)

const three = Workflow.make("three", State, {
  initial: "Start",
  exits: ["Done"],
  states: {
    Start: {
      to: ["Middle"],
      run: ({ n }) => Effect.as(visit("Start"), { _tag: "Middle", n: n + 1 })
    },
    Middle: {
      to: ["Done"],
      run: Effect.fnUntraced(function* ({ n }: { readonly n: number }) {
        yield* visit("Middle")
        const visits = yield* Store.get(Visits)
        return { _tag: "Done", total: n + visits.length } as const
      })
    }
  }
})

describe("a durable run", () => {
  it.effect("D1: writes a row for each transition, and gives the exit", () =>
    Effect.gen(function* () {
      const exit = yield* Durable.run(three, { runId: "one", state: { _tag: "Start", n: 1 } })
      assert.deepStrictEqual(exit, { _tag: "Done", total: 4 })
      const steps = yield* Stream.runCollect(Durable.history("one"))
      assert.deepStrictEqual(
        Array.from(steps, ({ sequence, status, tag }) => [sequence, status, tag]),
        [
          [0, "running", "Start"],
          [1, "running", "Middle"],
          [2, "done", "Done"]
        ]
      )
      const again = yield* Durable.run(three, { runId: "one", state: { _tag: "Start", n: 1 } })
      assert.deepStrictEqual(again, exit)
      const other = yield* Effect.flip(Durable.start(three, { runId: "one", state: { _tag: "Start", n: 2 } }))
      assert.strictEqual(other._tag, "RunMismatch")
    }).pipe(Effect.provide(worker))
  )

  it.effect("D4: goes on where a dead worker left it", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      let attempts = 0
      const slow = Workflow.make("slow", Schema.Literals(["A", "B", "C"]), {
        initial: "A",
        exits: ["C"],
        states: {
          A: { to: ["B"], run: () => "B" as const },
          B: {
            to: ["C"],
            run: () =>
              Effect.suspend(() => {
                attempts++
                return attempts === 1
                  ? Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
                  : Effect.succeed("C" as const)
              })
          }
        }
      })
      const journal = yield* Effect.service(Journal.Journal)
      const mine = Layer.succeed(Journal.Journal, journal)
      // a worker that dies: its journal is cut off
      let isCut = false
      const cut = Layer.succeed(
        Journal.Journal,
        new Proxy(journal, {
          get: (target: any, name) =>
            typeof target[name] === "function"
              ? (...args: ReadonlyArray<unknown>) =>
                  Effect.suspend(() =>
                    isCut
                      ? Effect.fail(new DurableError.JournalFailure({ operation: "reach", reason: "Unavailable" }))
                      : target[name](...args)
                  )
              : target[name]
        })
      )
      const first = yield* Effect.forkChild(
        Durable.run(slow, { runId: "r" }).pipe(
          Effect.provide(
            Durable.register(slow).pipe(Layer.provideMerge(Durable.layer({ drain: 0 })), Layer.provide(cut))
          )
        )
      )
      yield* Deferred.await(started)
      isCut = true
      const second = yield* Effect.forkChild(
        Effect.flatMap(Durable.Durable, () => Durable.awaitOutcome(slow, "r")).pipe(
          Effect.provide(Durable.register(slow).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(mine)))
        )
      )
      yield* TestClock.adjust("20 seconds")
      const exit = yield* Fiber.join(second)
      assert.strictEqual(exit, "C")
      assert.strictEqual(attempts, 2)
      first.interruptUnsafe()
    }).pipe(Effect.provide(Journal.layerMemory))
  )

  it.effect("D5: sleeps as a row, and retries after long delays with the attempts kept", () =>
    Effect.gen(function* () {
      let attempts = 0
      const flaky = Workflow.make("flaky", Schema.Literals(["Sleep", "Call", "Done"]), {
        initial: "Sleep",
        exits: ["Done"],
        states: {
          Sleep: { to: ["Call"], run: Task.sleep("1 day", "Call") },
          Call: {
            to: ["Done"],
            run: Task.make({
              retry: Retry.fixed(2, "1 hour"),
              run: () =>
                Effect.suspend(() => (++attempts < 3 ? Effect.fail("down" as const) : Effect.succeed("Done" as const)))
            })
          }
        }
      })
      const program = Effect.gen(function* () {
        yield* Durable.start(flaky, { runId: "f" })
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("f")).status, "waiting")
        yield* pass("23 hours")
        assert.strictEqual((yield* Durable.get("f")).status, "waiting")
        yield* pass("1 hour")
        const info = yield* Durable.get("f")
        assert.strictEqual(info.status, "retrying")
        assert.strictEqual(info.attempt, 2)
        yield* pass("1 hour")
        assert.strictEqual((yield* Durable.get("f")).attempt, 3)
        yield* pass("1 hour")
        assert.strictEqual(yield* Durable.awaitOutcome(flaky, "f"), "Done")
        assert.strictEqual(attempts, 3)
      })
      yield* program.pipe(
        Effect.provide(
          Durable.register(flaky).pipe(
            Layer.provideMerge(Durable.layer({ poll: "1 hour", staleAfter: "1 day" })),
            Layer.provide(Journal.layerMemory)
          )
        )
      )
    })
  )
})

const worker = Durable.register(three).pipe(Layer.provideMerge(Durable.layer()), Layer.provide(Journal.layerMemory))
