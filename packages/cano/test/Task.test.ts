import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { errorOf, inVirtualTime } from "effect-cano-testing/Runs"
import { taskSuite } from "effect-cano-testing/TaskSuite"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import { refusal } from "./support/refusal.ts"

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

  it.effect("a function that gives a generator works like a generator function", () =>
    Effect.gen(function* () {
      const helper = function* () {
        yield* Effect.void
        return "Done" as const
      }
      assert.strictEqual(yield* Task.run(Task.make({ retry: Retry.fixed(1, 1), run: () => helper() })), "Done")
    })
  )

  it.effect("a generator that a function gives has the time of an attempt, and no more", () =>
    Effect.gen(function* () {
      const slow = function* () {
        yield* Effect.sleep("1 hour")
        return "Done" as const
      }
      const task = Task.make({ attemptTimeout: "1 second", run: () => slow() })
      assert.instanceOf(errorOf(yield* inVirtualTime(Task.run(task))), Task.AttemptTimeout)
    })
  )
})

taskSuite({ name: "Task.run", run: (task) => Task.run(task as Task.Task<unknown, string, any>) })

it("an AttemptTimeout without a task name has a message too", () => {
  const error = new Task.AttemptTimeout({ task: undefined, timeout: Duration.minutes(2) })
  assert.strictEqual(error._tag, "AttemptTimeout")
  assert.strictEqual(error.message, "An attempt of a task took longer than 2m")
})

const long = "x".repeat(257)

describe("Task.make and Node.make refuse", () => {
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
