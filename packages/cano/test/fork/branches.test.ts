import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { defectsOf, errorOf, inVirtualTime, timed } from "effect-cano-testing/Runs"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { Down, Short, after } from "../support/forks.ts"

describe("branches", () => {
  const child = Workflow.make("child", Short, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: { Start: { to: ["Done", "Failed"], run: Effect.as(Effect.sleep(30), "Done") } }
  })

  it.effect("may be effects, tasks with their retries, and workflows", () =>
    Effect.gen(function* () {
      let attempts = 0
      const flaky = Task.make({
        retry: Retry.fixed(3, 10),
        run: function* () {
          if (++attempts < 3) return yield* new Down({ replica: "x" })
          return "third" as const
        }
      })
      const fork = Task.fork({
        branches: { effect: after(5, 1), task: flaky, workflow: child },
        join: ({ effect, task, workflow }) => `${effect} ${task} ${workflow}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 third Done"), 30])
      assert.strictEqual(attempts, 3)
    })
  )

  it.effect("a task among them gets the fork's state; a fork may hold a fork", () =>
    Effect.gen(function* () {
      const double = Task.make({ run: (n: number) => Effect.succeed(String(n * 2)) })
      const inner = Task.fork({ branches: [double, after(10, "x")], join: (values) => values.join("") })
      const outer = Task.fork({
        branches: (_: number) => ({ inner, double }),
        join: (values, n) => `${values.inner} ${values.double} ${n}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(outer, 4)), [Exit.succeed("8x 8 4"), 10])
    })
  )

  it.effect("a branch function that throws is a defect", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: (_: unknown): ReadonlyArray<Effect.Effect<number>> => {
          throw new Error("no branches")
        },
        join: () => "Done"
      })
      const [exit] = yield* timed(Task.run(fork))
      assert.strictEqual(String(defectsOf(exit)[0]), "Error: no branches")
    })
  )
})

describe("as a task", () => {
  it.effect("a retry runs all branches again", () =>
    Effect.gen(function* () {
      const runs = { a: 0, b: 0 }
      const fork = Task.fork({
        retry: Retry.fixed(2, 100),
        branches: {
          a: Effect.sync(() => ++runs.a),
          b: Effect.suspend(() => (++runs.b < 3 ? Effect.fail(new Down({ replica: "b" })) : Effect.succeed(runs.b)))
        },
        join: ({ a, b }) => `${a} ${b}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("3 3"), 200])
    })
  )

  it.effect("attemptTimeout bounds an attempt, join included", () =>
    Effect.gen(function* () {
      let stopped = 0
      const fork = Task.fork({
        name: "f",
        attemptTimeout: 20,
        branches: [Effect.onInterrupt(after(50, 1), () => Effect.sync(() => stopped++))],
        join: () => "Done"
      })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.instanceOf(errorOf(exit), Task.AttemptTimeout)
      assert.deepStrictEqual([at, stopped], [20, 1])
    })
  )

  it.effect("an interruption stops the branches and waits for them", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const branch = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(10),
          Effect.sync(() => events.push("cleaned up"))
        )
      )
      const fork = Task.fork({ branches: [branch, branch], join: () => (events.push("join"), "Done") })
      const fiber = yield* Effect.forkChild(Effect.delay(Task.run(fork), 1))
      yield* TestClock.adjust(5)
      const stop = yield* Effect.forkChild(
        Effect.andThen(
          Fiber.interrupt(fiber),
          Effect.sync(() => events.push("stopped"))
        )
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(stop)
      assert.deepStrictEqual(events, ["cleaned up", "cleaned up", "stopped"])
    })
  )

  it.effect("spans: state, then branch", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span(options) {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const child = Workflow.make("child", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: Effect.as(Effect.sleep(1), "Done") } }
      })
      const workflow = Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Done", "Failed"],
            run: Task.fork({ branches: { a: after(5, 1), child }, join: () => "Done" })
          }
        }
      })
      yield* inVirtualTime(Effect.withTracer(Workflow.run(workflow), tracer))
      const path = (span: Tracer.NativeSpan): string => {
        const parent = Option.getOrUndefined(span.parent) as Tracer.NativeSpan | undefined
        const id = span.attributes.get("cano.branch.id")
        return `${parent === undefined ? "" : `${path(parent)} > `}${span.name}${id === undefined ? "" : ` ${id}`}`
      }
      assert.deepStrictEqual(spans.map(path), [
        "run w",
        "run w > state Start",
        "run w > state Start > branch a",
        "run w > state Start > branch child",
        "run w > state Start > branch child > run child",
        "run w > state Start > branch child > run child > state Start"
      ])
    })
  )
})
