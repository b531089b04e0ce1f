import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { defectsOf, errorOf, inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"
import { refusal } from "./support/refusal.ts"

class Flaky extends Data.TaggedError("Flaky")<{ readonly attempt: number }> {}

/** Fails so often, then succeeds; `failures` may be infinite. */
const flaky = (failures: number) => {
  const errors: Array<Flaky> = []
  const seen: Array<number> = []
  const run = Effect.gen(function* () {
    seen.push((yield* Schedule.CurrentMetadata).attempt)
    if (errors.length >= failures) return "Done" as const
    const error = new Flaky({ attempt: errors.length + 1 })
    errors.push(error)
    return yield* error
  })
  return { errors, seen, run }
}

/** The two ways to run a task: on its own, and as a state. */
const ways: Record<string, <E>(task: Task.Task<any, string, E>) => Effect.Effect<string, E>> = {
  "Task.run": (task) => Task.run(task as Task.Task<unknown, string, any>),
  "a workflow": (task) =>
    Workflow.run(
      makeUnchecked("w", Schema.Literals(["Start", "Done"]), {
        initial: "Start",
        exits: ["Done"],
        states: { Start: { to: ["Done"], run: task } }
      })
    )
}

describe("a task", () => {
  it("describes itself", () => {
    const retry = Retry.fixed(1, 1)
    const task = Task.make({ name: "t", retry, attemptTimeout: "5 seconds", run: () => "Done" })
    assert.isTrue(Task.isTask(task))
    assert.strictEqual(task.name, "t")
    assert.strictEqual(task.retry, retry)
    assert.deepStrictEqual(task.attemptTimeout, Duration.seconds(5))
    assert.isTrue(Task.isTask(task.pipe((self) => self)))
    const bare = Task.make({ run: () => "Done" })
    assert.deepStrictEqual([bare.name, bare.retry, bare.attemptTimeout], [undefined, undefined, undefined])
    for (const other of [null, undefined, {}, "task", () => task, Effect.void]) assert.isFalse(Task.isTask(other))
  })

  it.effect("may be an Effect, a function, a generator function or a pure function of the state", () =>
    Effect.gen(function* () {
      const state = { id: 7 }
      type State = typeof state
      const double = ({ id }: State) => id * 2
      assert.strictEqual(yield* Task.run(Task.make({ run: Effect.as(Effect.yieldNow, "Done") })), "Done")
      assert.strictEqual(yield* Task.run(Task.make({ run: Effect.succeed("Done") })), "Done")
      assert.strictEqual(yield* Task.run(Task.make({ run: () => "Done" })), "Done")
      assert.strictEqual(yield* Task.run(Task.make({ run: (s: State) => `${double(s)}` }), state), "14")
      assert.strictEqual(
        yield* Task.run(Task.make({ run: (s: State) => Effect.sync(() => `${double(s)}`) }), state),
        "14"
      )
      const generated = Task.make({
        run: function* (s: State) {
          yield* Effect.yieldNow
          return `${double(s)}`
        }
      })
      assert.strictEqual(yield* Task.run(generated, state), "14")
    })
  )

  it.effect("does nothing when it is made or when its Effect is built, and can run many times", () =>
    Effect.gen(function* () {
      let runs = 0
      const program = Task.run(Task.make({ run: () => (runs++, "Done") }))
      assert.strictEqual(runs, 0)
      yield* program
      yield* program
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("3. is not retried unless asked for", () =>
    Effect.gen(function* () {
      const { errors, run } = flaky(Infinity)
      for (const way of Object.values(ways)) yield* inVirtualTime(way(Task.make({ run })))
      assert.strictEqual(errors.length, 2)
    })
  )
})

for (const [name, way] of Object.entries(ways)) {
  describe(`retry in ${name}`, () => {
    for (const retries of [0, 1, 2, 3]) {
      for (const failures of [0, 1, 2, 3, 4, Infinity]) {
        const attempts = Math.min(failures, retries) + 1
        it.effect(`W4 with ${retries} retries, ${failures} failures take ${attempts} attempts`, () =>
          Effect.gen(function* () {
            const { errors, run, seen } = flaky(failures)
            const exit = yield* inVirtualTime(way(Task.make({ retry: Retry.fixed(retries, "1 second"), run })))
            assert.strictEqual(seen.length, attempts)
            if (failures <= retries) assert.deepStrictEqual(exit, Exit.succeed("Done"))
            else assert.strictEqual(errorOf(exit), errors.at(-1), "2. the last error surfaces as it is")
            assert.deepStrictEqual(
              seen,
              Array.from({ length: attempts }, (_, i) => i),
              "Schedule.CurrentMetadata tells which retry it is"
            )
          })
        )
      }
    }

    const passing: Record<string, [run: () => unknown, reason: string]> = {
      "1. a defect": [() => Effect.die("boom"), "Die"],
      "1. a defect that is thrown": [
        () => {
          throw new Error("boom")
        },
        "Die"
      ],
      "1. a failure beside a defect": [
        () => Effect.failCause(Cause.combine(Cause.fail("no"), Cause.die("boom"))),
        "Die"
      ],
      "1. an interruption": [() => Effect.interrupt, "Interrupt"]
    }
    for (const [what, [run, reason]] of Object.entries(passing)) {
      it.effect(`${what} passes at once`, () =>
        Effect.gen(function* () {
          let runs = 0
          const task = Task.make({
            retry: Retry.fixed(3, "1 second"),
            run: () => (runs++, run() as Effect.Effect<string>)
          })
          const exit = yield* inVirtualTime(way(task))
          assert.strictEqual(runs, 1)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit))
            assert.include(
              exit.cause.reasons.map(({ _tag }) => _tag),
              reason
            )
        })
      )
    }

    it.effect("a defect after failures passes at once", () =>
      Effect.gen(function* () {
        let runs = 0
        const run = Effect.suspend(() => (++runs < 3 ? Effect.fail("again") : Effect.die("boom")))
        const exit = yield* inVirtualTime(way(Task.make({ retry: Retry.fixed(9, "1 second"), run })))
        assert.strictEqual(runs, 3)
        assert.deepStrictEqual(defectsOf(exit), ["boom"])
      })
    )

    it.effect("any Schedule will do: one that looks at the error", () =>
      Effect.gen(function* () {
        const { errors, run } = flaky(Infinity)
        const retry = Schedule.spaced("1 second").pipe(
          Schedule.setInputType<Flaky>(),
          Schedule.while(({ input }) => input.attempt < 4)
        )
        const exit = yield* inVirtualTime(way(Task.make({ retry, run })))
        assert.strictEqual(errors.length, 4)
        assert.strictEqual(errorOf(exit), errors[3])
      })
    )

    it.effect("any Schedule will do: one that needs a service and fails itself", () =>
      Effect.gen(function* () {
        class Budget extends Context.Service<Budget, { left: number }>()("test/Budget") {}
        class Spent extends Data.TaggedError("Spent")<{}> {}
        const { errors, run } = flaky(Infinity)
        const retry = Schedule.tap(Schedule.spaced("1 second"), () =>
          Effect.flatMap(Budget, (budget) => (budget.left-- > 0 ? Effect.void : Effect.fail(new Spent())))
        )
        const task = Task.make({ retry, run })
        const program: Effect.Effect<string, Flaky | Spent> = Effect.provideService(
          way(task as Task.Task<any, string, Flaky | Spent>),
          Budget,
          { left: 2 }
        )
        const exit = yield* inVirtualTime(program)
        assert.strictEqual(errors.length, 3)
        assert.deepStrictEqual(errorOf(exit), new Spent())
      })
    )

    it.effect("two runs of one task have their own retries", () =>
      Effect.gen(function* () {
        const { errors, run } = flaky(Infinity)
        const program = Effect.exit(way(Task.make({ retry: Retry.fixed(2, "1 second"), run })))
        yield* inVirtualTime(Effect.all([program, program], { concurrency: 2 }))
        assert.strictEqual(errors.length, 6)
      })
    )
  })

  describe(`attemptTimeout in ${name}`, () => {
    for (const [took, fits] of [
      [999, true],
      [1001, false]
    ] as const) {
      it.effect(`4. an attempt of ${took} ms ${fits ? "fits in" : "exceeds"} a second`, () =>
        Effect.gen(function* () {
          let interrupted = false
          const run = Effect.sleep(took).pipe(
            Effect.as("Done"),
            Effect.onInterrupt(() => Effect.sync(() => (interrupted = true)))
          )
          const elapsed = yield* inVirtualTime(
            Effect.timed(Effect.exit(way(Task.make({ name: "slow", attemptTimeout: "1 second", run }))))
          )
          const [time, exit] = Exit.isSuccess(elapsed) ? elapsed.value : assert.fail("never")
          assert.strictEqual(Duration.toMillis(time), Math.min(took, 1000))
          assert.strictEqual(interrupted, !fits)
          if (fits) return assert.deepStrictEqual(exit, Exit.succeed("Done"))
          const error = errorOf(exit)
          assert.instanceOf(error, Task.AttemptTimeout)
          assert.deepStrictEqual([error.task, error.timeout], ["slow", Duration.seconds(1)])
          assert.strictEqual(error.message, 'An attempt of task "slow" took longer than 1s')
        })
      )
    }

    it.effect("4. bounds each attempt, not their sum, and is retried like any failure", () =>
      Effect.gen(function* () {
        const starts: Array<number> = []
        const run = Effect.gen(function* () {
          starts.push(yield* Clock.currentTimeMillis)
          if (starts.length < 3) yield* Effect.never
          yield* Effect.sleep(900)
          return "Done"
        })
        const task = Task.make({ attemptTimeout: "1 second", retry: Retry.fixed(2, "5 seconds"), run })
        assert.deepStrictEqual(yield* inVirtualTime(way(task)), Exit.succeed("Done"))
        assert.deepStrictEqual(
          starts.map((start) => start - starts[0]!),
          [0, 6000, 12000]
        )
      })
    )

    it.effect("4. leaves plain values, Exits, failures and defects alone", () =>
      Effect.gen(function* () {
        const of = (run: unknown) =>
          inVirtualTime(way(Task.make({ attemptTimeout: "1 second", run: run as () => string })))
        assert.deepStrictEqual(yield* of(() => "Done"), Exit.succeed("Done"))
        assert.deepStrictEqual(yield* of(Effect.succeed("Done")), Exit.succeed("Done"))
        assert.strictEqual<unknown>(errorOf(yield* of(Effect.fail("no"))), "no")
        assert.deepStrictEqual(defectsOf(yield* of(Effect.die("boom"))), ["boom"])
      })
    )
  })
}

it("an AttemptTimeout without a task name has a message too", () => {
  const error = new Task.AttemptTimeout({ task: undefined, timeout: Duration.minutes(2) })
  assert.strictEqual(error._tag, "AttemptTimeout")
  assert.strictEqual(error.message, "An attempt of a task took longer than 2m")
})

const long = "x".repeat(257)

describe("W8 Task.make and Node.make refuse", () => {
  const makers = {
    "Task.make": (options: object) => Task.make({ run: () => "Done", ...options }),
    "Node.make": (options: object) => Node.make({ prep: () => 1, exec: () => 1, post: () => "Done", ...options })
  }
  for (const [maker, make] of Object.entries(makers)) {
    it(`${maker}: an empty name`, () => assert.include(refusal(() => make({ name: "" })).message, "the name is empty"))
    it(`${maker}: a name that is too long`, () =>
      assert.include(refusal(() => make({ name: long })).message, "is 257 characters long"))
    for (const timeout of [0, "0 seconds", -1, NaN, Infinity, "soon", {}, -5n]) {
      it(`${maker}: an attemptTimeout of ${typeof timeout === "object" ? "{}" : String(timeout)}`, () => {
        const error = refusal(() => make({ name: "fetch", attemptTimeout: timeout }))
        assert.strictEqual(error.subject, 'Task "fetch"')
        assert.include(error.message, "attemptTimeout is ")
      })
    }
    it(`${maker}: all of it at once`, () => {
      assert.strictEqual(refusal(() => make({ name: "", attemptTimeout: 0 })).problems.length, 2)
    })
    it(`${maker}: nothing that is right`, () => {
      make({ name: "x".repeat(256), attemptTimeout: "1 milli" })
      make({ attemptTimeout: undefined, retry: undefined, name: undefined })
    })
  }
})
