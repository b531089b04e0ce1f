import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Interpreter from "../../src/Interpreter.ts"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"
import { errorOf, inVirtualTime, placeOf } from "effect-cano-testing/Runs"
import { refusal } from "../support/refusal.ts"

class Down extends Data.TaggedError("Down")<{}> {}
class Broken extends Data.TaggedError("Broken")<{}> {}

const Path = Schema.Literals(["A", "B", "Done", "Failed"])

/** Fails so many times before it goes on. */
const flaky = (failures: number): Effect.Effect<"B", Down> => {
  let left = failures
  return Effect.suspend(() => (left-- > 0 ? Effect.fail(new Down()) : Effect.succeed("B" as const)))
}

const twoStates = (run: Task.Task<unknown, "B", Down | Broken> | Effect.Effect<"B", Down | Broken>) =>
  Workflow.make("two", Path, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B", "Failed"], run, catch: { Down: "Failed", Broken: "Failed" } },
      B: { to: ["Done"], run: Effect.succeed("Done") }
    }
  })

/** Writes down what it stands around. */
const recording = (lines: Array<string>, name = ""): Interpreter.Interceptor => {
  const around =
    (level: string): Interpreter.Around =>
    (run, inner) =>
      Effect.suspend(() => {
        const where = `${name}${level} ${run.branch ?? run.tag}#${run.attempt}`
        lines.push(`> ${where}`)
        return Effect.onExit(inner, (exit) => Effect.sync(() => lines.push(`< ${where} ${exit._tag}`)))
      })
  return {
    run: around("run"),
    state: around("state"),
    attempt: around("attempt"),
    part: (run, part, inner) => around(part._tag === "Phase" ? part.name : `branch ${part.id}`)(run, inner),
    attemptFailed: (run, { retryIn }) =>
      Effect.sync(() =>
        lines.push(`! ${name}${run.branch ?? run.tag}#${run.attempt} ${retryIn === undefined ? "last" : "retried"}`)
      )
  }
}

describe("I1 an interceptor stands around a run, its states and their attempts", () => {
  it.effect("in that order, with retries and error edges inside a state", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const workflow = twoStates(Task.make({ run: flaky(1), retry: Retry.fixed(1, "1 second") }))
      const run = Interpreter.run(workflow, { interceptors: [recording(lines)] })
      assert.deepStrictEqual(yield* inVirtualTime(run), Exit.succeed("Done"))
      assert.deepStrictEqual(lines, [
        "> run A#1",
        "> state A#1",
        "> attempt A#1",
        "< attempt A#1 Failure",
        "! A#1 retried",
        "> attempt A#2",
        "< attempt A#2 Success",
        "< state A#1 Success",
        "> state B#1",
        "> attempt B#1",
        "< attempt B#1 Success",
        "< state B#1 Success",
        "< run A#1 Success"
      ])
    })
  )

  it.effect("a state that takes an error edge succeeds, and says what was caught", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const caught: Array<unknown> = []
      const watching: Interpreter.Interceptor = {
        state: (run, inner) =>
          Effect.tap(inner, (next) => Effect.sync(() => caught.push(run.caught && Cause.squash(run.caught), next)))
      }
      const workflow = twoStates(flaky(1))
      const exit = yield* Interpreter.run(workflow, { interceptors: [recording(lines), watching] })
      assert.strictEqual(exit, "Failed")
      assert.deepStrictEqual(caught, [new Down(), "Failed"])
      assert.deepStrictEqual(lines.slice(3), [
        "< attempt A#1 Failure",
        "! A#1 last",
        "< state A#1 Success",
        "< run A#1 Success"
      ])
    })
  )

  it.effect("the first is the outermost, at every level", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const interceptors = [recording(lines, "1 "), recording(lines, "2 ")]
      yield* Interpreter.run(twoStates(Effect.succeed("B")), { state: "B", interceptors })
      assert.deepStrictEqual(lines, [
        "> 1 run B#1",
        "> 2 run B#1",
        "> 1 state B#1",
        "> 2 state B#1",
        "> 1 attempt B#1",
        "> 2 attempt B#1",
        "< 2 attempt B#1 Success",
        "< 1 attempt B#1 Success",
        "< 2 state B#1 Success",
        "< 1 state B#1 Success",
        "< 2 run B#1 Success",
        "< 1 run B#1 Success"
      ])
    })
  )

  it.effect("may leave out what it stands around, and give another next state", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const workflow = twoStates(Effect.sync(() => (ran.push("A"), "B" as const)))
      const skipping: Interpreter.Interceptor = {
        state: (run, inner) => (run.tag === "A" ? Effect.succeed("Failed") : inner)
      }
      assert.strictEqual(yield* Interpreter.run(workflow, { interceptors: [skipping] }), "Failed")
      assert.deepStrictEqual(ran, [])
    })
  )

  it.effect("may be an instance of a class", () =>
    Effect.gen(function* () {
      class Counting implements Interpreter.Interceptor {
        #states = 0
        #runs = 0
        run(_run: Interpreter.Run, inner: Interpreter.Inner) {
          this.#runs++
          return inner
        }
        state(_run: Interpreter.Run, inner: Interpreter.Inner) {
          this.#states++
          return inner
        }
        get counts() {
          return [this.#runs, this.#states]
        }
      }
      const counting = new Counting()
      yield* Interpreter.run(twoStates(Effect.succeed("B")), { interceptors: [counting] })
      assert.deepStrictEqual(counting.counts, [1, 2])
    })
  )
})

describe("I2 the parts of an attempt", () => {
  it.effect("a node shows its phases", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const node = Node.make({ prep: Effect.succeed(1), exec: (n) => Effect.succeed(n + 1), post: () => "B" })
      yield* Interpreter.run(twoStates(node), { interceptors: [recording(lines)] })
      assert.deepStrictEqual(
        lines.filter((line) => /prep|exec|post/.test(line)),
        ["prep", "exec", "post"].flatMap((phase) => [`> ${phase} A#1`, `< ${phase} A#1 Success`])
      )
    })
  )

  it.effect("a fork shows its branches, and the attempts of those that are tasks", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const branch = Task.make({ run: flaky(1), retry: Retry.fixed(1, 0) })
      const fork = Task.fork({ branches: { b: branch, c: Effect.succeed(1) }, concurrency: 1, join: () => "B" })
      yield* inVirtualTime(Interpreter.run(twoStates(fork), { interceptors: [recording(lines)] }))
      assert.deepStrictEqual(
        lines.filter((line) => /branch|b#/.test(line)),
        [
          "> branch b A#1",
          "> attempt b#1",
          "< attempt b#1 Failure",
          "! b#1 retried",
          "> attempt b#2",
          "< attempt b#2 Success",
          "< branch b A#1 Success",
          "> branch c A#1",
          "< branch c A#1 Success"
        ]
      )
    })
  )
})

describe("I3 a state that comes out is one of the edges", () => {
  it.effect("what a task gets wrong fails inside the state", () =>
    Effect.gen(function* () {
      const exits: Array<Exit.Exit<unknown, unknown>> = []
      const watching: Interpreter.Interceptor = {
        state: (_run, inner) => Effect.onExit(inner, (exit) => Effect.sync(() => exits.push(exit)))
      }
      const workflow = twoStates(Effect.succeed("Elsewhere") as Effect.Effect<any>)
      const exit = yield* Effect.exit(Interpreter.run(workflow, { interceptors: [watching] }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(exits.length, 1)
      assert.isTrue(Exit.isFailure(exits[0]!))
    })
  )

  it.effect("what an interceptor gets wrong ends the run as UndeclaredState", () =>
    Effect.gen(function* () {
      const wrong: Interpreter.Interceptor = { state: () => Effect.succeed("Elsewhere") }
      const exit = yield* Effect.exit(Interpreter.run(twoStates(Effect.succeed("B")), { interceptors: [wrong] }))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof Workflow.UndeclaredState)
    })
  )
})

describe("I4 what an interceptor fails with ends the run", () => {
  const retried = (run: Effect.Effect<"B", Down>) => Task.make({ run, retry: Retry.fixed(3, "1 second") })

  const breaking = {
    run: { run: (_run, inner) => Effect.andThen(Effect.fail(new Broken()), inner) },
    state: { state: (_run, inner) => Effect.andThen(Effect.fail(new Broken()), inner) },
    attempt: { attempt: (_run, inner) => Effect.andThen(Effect.fail(new Broken()), inner) },
    "attempt, after it": { attempt: (_run, inner) => Effect.andThen(inner, Effect.fail(new Broken())) }
  } satisfies Record<string, Interpreter.Interceptor<Broken>>

  for (const [level, interceptor] of Object.entries(breaking)) {
    it.effect(`at the level ${level}: no policy retries it, no error edge catches it`, () =>
      Effect.gen(function* () {
        const attempts: Array<number> = []
        const counting: Interpreter.Interceptor = {
          attempt: (run, inner) =>
            Effect.andThen(
              Effect.sync(() => attempts.push(run.attempt)),
              inner
            )
        }
        const workflow = twoStates(retried(flaky(0)))
        const run = Interpreter.run(workflow, { interceptors: [counting, interceptor] })
        const exit = yield* inVirtualTime(run)
        assert.deepStrictEqual(errorOf(exit), new Broken())
        assert.isAtMost(attempts.length, 1)
        assert.deepStrictEqual(placeOf(exit), { workflow: "two", state: "A", transitions: 0, attempt: 1 })
      })
    )
  }

  it.effect("in a later attempt", () =>
    Effect.gen(function* () {
      const attempts: Array<number> = []
      const interceptor: Interpreter.Interceptor<Broken> = {
        attempt: (run, inner) => {
          attempts.push(run.attempt)
          return run.attempt === 2 ? Effect.fail(new Broken()) : inner
        }
      }
      const run = Interpreter.run(twoStates(retried(flaky(5))), { interceptors: [interceptor] })
      assert.deepStrictEqual(errorOf(yield* inVirtualTime(run)), new Broken())
      assert.deepStrictEqual(attempts, [1, 2])
    })
  )

  it.effect("in a phase of a node", () =>
    Effect.gen(function* () {
      const interceptor: Interpreter.Interceptor<Broken> = {
        part: (_run, _part, inner) => Effect.andThen(inner, Effect.fail(new Broken()))
      }
      const node = Node.make({
        prep: Effect.succeed(1),
        exec: () => Effect.succeed(2),
        post: () => "B",
        retry: Retry.fixed(3, 0)
      })
      const run = Interpreter.run(twoStates(node), { interceptors: [interceptor] })
      assert.deepStrictEqual(errorOf(yield* inVirtualTime(run)), new Broken())
    })
  )

  it.effect("in one branch of a fork, although the others would have been enough", () =>
    Effect.gen(function* () {
      const interceptor: Interpreter.Interceptor<Broken> = {
        attempt: (run, inner) => (run.branch === "a" ? Effect.fail(new Broken()) : inner)
      }
      const branch = Task.make({ run: Effect.succeed("ok"), retry: Retry.fixed(3, 0) })
      const fork = Task.fork({ branches: { a: branch, b: branch, c: branch }, wait: Wait.quota(2), join: () => "B" })
      const workflow = Workflow.make("fork", Path, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B", "Failed"], run: fork, catch: { ForkUnmet: "Failed" } },
          B: { to: ["Done"], run: Effect.succeed("Done") }
        }
      })
      const run = Interpreter.run(workflow, { interceptors: [interceptor] })
      assert.deepStrictEqual(errorOf(yield* inVirtualTime(run)), new Broken())
    })
  )

  const audit: Interpreter.Interceptor<Broken> = {
    attempt: (_run, inner) => Effect.tapCause(inner, () => Effect.fail(new Broken()))
  }

  it.effect("after the attempt that it stands around has failed", () =>
    Effect.gen(function* () {
      let calls = 0
      const failing = Effect.suspend(() => {
        calls++
        return Effect.fail(new Down())
      })
      const run = Interpreter.run(twoStates(retried(failing)), { interceptors: [audit] })
      assert.deepStrictEqual(errorOf(yield* inVirtualTime(run)), new Broken())
      assert.strictEqual(calls, 1)
    })
  )

  const forked = (wait: Wait.Quota, b: Effect.Effect<string>, calls: Array<string> = []) =>
    Workflow.make("fork", Path, {
      initial: "A",
      exits: ["Done", "Failed"],
      states: {
        A: {
          to: ["B", "Failed"],
          run: Task.fork({
            branches: { a: Task.make({ run: Effect.sync(() => (calls.push("a"), "ok")) }), b },
            wait,
            retry: Retry.fixed(2, "1 hour"),
            join: () => "B"
          }),
          catch: { ForkUnmet: () => (calls.push("caught"), "Failed" as const) }
        },
        B: { to: ["Done"], run: Effect.succeed("Done") }
      }
    })

  const inBranch = (part: Interpreter.Interceptor<Broken>["part"]): Interpreter.Interceptor<Broken> => ({
    part: (run, which, inner) => (which._tag === "Branch" && which.id === "a" ? part!(run, which, inner) : inner)
  })

  for (const [what, part] of Object.entries({
    "fails after the branch": (_run, _part, inner) => Effect.andThen(inner, Effect.fail(new Broken())),
    throws: () => {
      throw new Broken()
    },
    "returns no Effect": (() => 7) as any
  } satisfies Record<string, Interpreter.Interceptor<Broken>["part"]>)) {
    for (const [others, b] of Object.entries({
      "the others would have been enough": Effect.delay(Effect.succeed("ok"), "1 second"),
      "the others never end": Effect.never
    })) {
      it.effect(`in a branch where it ${what} and ${others}: at once, without a retry or an error edge`, () =>
        Effect.gen(function* () {
          const calls: Array<string> = []
          const run = Interpreter.run(forked(Wait.quota(1), b, calls), { interceptors: [inBranch(part)] })
          const exit = yield* inVirtualTime(run, "30 minutes")
          assert.isTrue(Exit.isFailure(exit))
          assert.isAtMost(calls.length, 1)
          if (what === "fails after the branch") assert.deepStrictEqual(errorOf(exit), new Broken())
        })
      )
    }
  }

  it.effect("where it hears of a failed attempt in a branch", () =>
    Effect.gen(function* () {
      const dying: Interpreter.Interceptor = { attemptFailed: () => Effect.die(new Broken()) }
      const branch = Task.make({ run: Effect.fail(new Down()) as Effect.Effect<string, Down> })
      const fork = Task.fork({ branches: { a: branch, b: Effect.succeed("ok") }, wait: Wait.any, join: () => "B" })
      const workflow = Workflow.make("fork", Path, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B", "Failed"], run: fork, catch: { ForkUnmet: "Failed" } },
          B: { to: ["Done"], run: Effect.succeed("Done") }
        }
      })
      const exit = yield* inVirtualTime(Interpreter.run(workflow, { interceptors: [dying] }))
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.effect("whatever an untyped interceptor returns, finalizers run and the place is known", () =>
    Effect.gen(function* () {
      for (const level of ["run", "state", "attempt"]) {
        const closed: Array<string> = []
        const run = Interpreter.run(twoStates(flaky(0)), { interceptors: [{ [level]: () => 7 } as any] })
        const exit = yield* Effect.exit(
          Effect.ensuring(
            run,
            Effect.sync(() => closed.push(level))
          )
        )
        assert.deepStrictEqual(closed, [level])
        assert.deepStrictEqual(placeOf(exit), { workflow: "two", state: "A", transitions: 0, attempt: 1 })
      }
    })
  )

  it.effect("a failure of the task passes through an interceptor and is retried and caught as ever", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const run = Interpreter.run(twoStates(retried(flaky(9))), { interceptors: [recording(lines)] })
      assert.deepStrictEqual(yield* inVirtualTime(run), Exit.succeed("Failed"))
      assert.strictEqual(lines.filter((line) => line.startsWith("> attempt")).length, 4)
    })
  )
})

describe("I5 the run that an interceptor reads", () => {
  it.effect("says where it is", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const reading: Interpreter.Interceptor = {
        state: (run, inner) => {
          const { id, state, tag, transitions, workflow } = run
          seen.push([id, workflow.name, tag, state, transitions, run.task.name])
          return inner
        }
      }
      const Counter = Schema.TaggedUnion({ Count: { n: Schema.Number }, Done: {} })
      const workflow = Workflow.make("counter", Counter, {
        initial: "Count",
        exits: ["Done"],
        states: {
          Count: {
            to: ["Count", "Done"],
            run: Task.make({
              name: "count",
              run: ({ n }: { readonly n: number }) => (n === 0 ? { _tag: "Done" } : { _tag: "Count", n: n - 1 })
            })
          }
        }
      })
      yield* Interpreter.run(workflow, { state: { _tag: "Count", n: 1 }, id: "c-1", interceptors: [reading] })
      assert.deepStrictEqual(seen, [
        ["c-1", "counter", "Count", { _tag: "Count", n: 1 }, 0, "count"],
        ["c-1", "counter", "Count", { _tag: "Count", n: 0 }, 1, "count"]
      ])
    })
  )

  it.effect("goes on counting transitions where it is resumed, and so does their bound", () =>
    Effect.gen(function* () {
      const bounded = Workflow.withMaxTransitions(twoStates(Effect.succeed("B")), 2)
      const ends = []
      for (const transitions of [0, 1, 2]) {
        const run = Interpreter.run(bounded, { state: "B", transitions, interceptors: [] })
        ends.push(errorOf(yield* Effect.exit(run))?._tag)
      }
      assert.deepStrictEqual(ends, [undefined, undefined, "MaxTransitionsExceeded"])
    })
  )

  it.effect("has the id in events", () =>
    Effect.gen(function* () {
      const run = Interpreter.run(twoStates(Effect.succeed("B")), { id: "order-7", interceptors: [] })
      const { events } = yield* Observer.record(run)
      assert.deepStrictEqual([...new Set(events.map((event) => event.run))], ["order-7"])
    })
  )
})

describe("I6 a nested run", () => {
  it.effect("has the watchers of its context, and not the interceptors around it", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const child = Workflow.asTask(twoStates(Effect.succeed("B")), () => "B")
      const { events } = yield* Observer.record(Interpreter.run(twoStates(child), { interceptors: [recording(lines)] }))
      assert.strictEqual(lines.filter((line) => line.startsWith("> state")).length, 2)
      assert.strictEqual(events.filter((event) => event._tag === "RunStarted").length, 2)
    })
  )
})

describe("misuse", () => {
  const workflow = twoStates(Effect.succeed("B"))
  const refused = {
    "an empty id": { id: "", interceptors: [] },
    "a fraction of a transition": { transitions: 0.5, interceptors: [] },
    "no interceptors": {},
    "an interceptor that is none": { interceptors: [() => "x"] },
    "an unknown level": { interceptors: [{ step: () => "x" }] }
  }
  for (const [what, options] of Object.entries(refused)) {
    it(`${what} is a ConfigurationError`, () => {
      assert.strictEqual(refusal(() => Interpreter.run(workflow, options as any)).subject, "Interpreter.run")
    })
  }
})

it.effect("time passes for an interceptor as for a task", () =>
  Effect.gen(function* () {
    const slow: Interpreter.Interceptor = { state: (_run, inner) => Effect.delay(inner, "1 hour") }
    const run = Interpreter.run(twoStates(Effect.succeed("B")), { interceptors: [slow] })
    const fiber = yield* Effect.forkChild(run, { startImmediately: true })
    yield* TestClock.adjust("119 minutes")
    assert.isUndefined(fiber.pollUnsafe())
    yield* TestClock.adjust("1 minute")
    assert.isDefined(fiber.pollUnsafe())
  })
)
