/** Waits for a time: their bounds, their clock, and the details that interpreters and diagrams read. */
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { defectsOf, errorOf, timed } from "effect-cano-testing/Runs"
import { compiled } from "../../src/internal/machine/task.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { refusal } from "../support/refusal.ts"

class Down extends Data.TaggedError("Down")<{}> {}

const day = 86_400_000

const untyped = Task.sleep as unknown as (duration: unknown, next: unknown) => Task.Task<any, any>

describe("a wait for a time", () => {
  it.effect("goes on after the duration, and not before", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Task.run(Task.sleep("1 day", "Next")))
      yield* TestClock.adjust(day - 1)
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(fiber), "Next")
    })
  )

  const forms = {
    "a state": "Next",
    "a function of the state": (state: number) => `after ${state}`,
    "an Effect": Effect.as(Effect.yieldNow, "Next"),
    "a function that gives an Effect": (state: number) => Effect.succeed(`after ${state}`),
    "a generator function": function* (state: number) {
      yield* Effect.yieldNow
      return `after ${state}`
    }
  }
  for (const [name, next] of Object.entries(forms)) {
    it.effect(`its next state may be ${name}`, () =>
      Effect.gen(function* () {
        const [exit, time] = yield* timed(
          Task.run(
            untyped((state: number) => `${state} seconds`, next),
            3
          )
        )
        assert.deepStrictEqual(exit, Exit.succeed(typeof next === "function" ? "after 3" : "Next"))
        assert.strictEqual(time, 3000)
      })
    )
  }

  it.effect("is no wait for a duration of 0, nor for an instant in the past", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      assert.strictEqual(yield* Task.run(Task.sleep(0, "Next")), "Next")
      assert.strictEqual(yield* Task.run(Task.sleepUntil(DateTime.makeUnsafe(4999), "Next")), "Next")
    })
  )

  it.effect("rounds a fraction of a millisecond up", () =>
    Effect.gen(function* () {
      const [exit, time] = yield* timed(Task.run(Task.sleep("1500 micros", "Next")))
      assert.deepStrictEqual([exit, time], [Exit.succeed("Next"), 2])
    })
  )

  it.effect("goes on at the instant that the state tells", () =>
    Effect.gen(function* () {
      const task = Task.sleepUntil((due: DateTime.Utc) => due, "Next")
      const [exit, time] = yield* timed(Task.run(task, DateTime.makeUnsafe(90_001)))
      // The run begins after 1 millisecond.
      assert.deepStrictEqual([exit, time], [Exit.succeed("Next"), 90_000])
    })
  )

  it.effect("fails with the error of its next state", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Task.run(Task.sleep(0, Effect.fail(new Down()))))
      assert.instanceOf(errorOf(exit), Down)
    })
  )

  it.effect("can be interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Task.run(Task.sleep("1 day", "Next")))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, 3_600_000)
    })
  )
})

describe("a wait is never early", () => {
  /** A clock whose timers fire after half of the time, once. */
  const hasty = Effect.map(Clock.clockWith(Effect.succeed), (clock): [Clock.Clock, Array<number>] => {
    const slept: Array<number> = []
    const sleep = (duration: Duration.Duration) => {
      const millis = Duration.toMillis(duration)
      slept.push(millis)
      return clock.sleep(Duration.millis(slept.length === 1 ? millis / 2 : millis))
    }
    return [Object.assign(Object.create(clock), { sleep }), slept]
  })

  it.effect("where a timer fires before its time", () =>
    Effect.gen(function* () {
      const [clock, slept] = yield* hasty
      const run = Effect.provideService(Task.run(Task.sleep(100, "Next")), Clock.Clock, clock)
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust(99)
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(fiber), "Next")
      assert.deepStrictEqual(slept, [100, 50])
    })
  )

  describe("where it is longer than a timer can be", () => {
    afterEach(() => void vi.useRealTimers())

    it("400 days by the clock of the machine, which has timers of 2^31 - 1 milliseconds at most", async () => {
      vi.useFakeTimers()
      const timers = vi.spyOn(globalThis, "setTimeout")
      const fiber = Effect.runFork(Task.run(Task.sleep("400 days", "Next")))
      await vi.advanceTimersByTimeAsync(400 * day - 1)
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      await vi.advanceTimersByTimeAsync(1)
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed("Next"))
      for (const [, millis] of timers.mock.calls) assert.isAtMost(millis ?? 0, 2 ** 31 - 1)
      timers.mockRestore()
    })
  })
})

describe("a wait refuses", () => {
  const wrong: ReadonlyArray<readonly [unknown, string]> = [
    [NaN, "the duration is NaN, expected a finite duration from 0"],
    [-1, "the duration is"],
    [Infinity, "the duration is Infinity, expected a finite duration from 0"],
    ["soon", "the duration is not a duration"],
    [{}, "the duration is not a duration"],
    [undefined, "the duration is not a duration"]
  ]
  for (const [duration, sentence] of wrong) {
    it(`${String(duration)}: ${sentence}`, () => {
      assert.include(refusal(() => untyped(duration, "Next")).message, `Task.sleep: ${sentence}`)
    })

    it.effect(`${String(duration)} from a function, with a defect`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Task.run(untyped(() => duration, "Next")))
        const sentenceOfFunction = sentence.replace("the duration", "the duration that its function gave")
        assert.include(String(defectsOf(exit)[0]), `Task.sleep: ${sentenceOfFunction}`)
      })
    )
  }

  it("an instant that is none, and a next state that is none", () => {
    const until = Task.sleepUntil as unknown as (instant: unknown, next: unknown) => unknown
    assert.include(refusal(() => until("tomorrow", "Next")).message, `the instant is "tomorrow", expected a DateTime`)
    assert.include(refusal(() => untyped(1, undefined)).message, "the next state is undefined, expected a state")
  })
})

describe("a wait under another name", () => {
  const named = Task.make({ name: "cool down", run: Task.sleep("1 hour", "Next") })

  it("is the same wait", () => {
    assert.strictEqual(named.name, "cool down")
    assert.strictEqual(compiled(named).waitFor?._tag, "Time")
    assert.strictEqual(Task.make({ run: named }).name, "cool down")
  })

  it.effect("runs as the wait does", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* timed(Task.run(named)), [Exit.succeed("Next"), day / 24])
    })
  )

  it("takes neither a retry policy nor a timeout, and no other task does", () => {
    const make = Task.make as unknown as (options: object) => unknown
    const retried = refusal(() => make({ run: named, retry: Retry.fixed(1, 1) }))
    assert.include(retried.message, "retry is an object, expected none beside a task under run: that task has its own")
    const bounded = refusal(() => make({ run: Task.make({ run: () => "Next" }), attemptTimeout: 1 }))
    assert.include(bounded.message, "attemptTimeout is 1, expected none beside a task under run")
  })

  it.effect("a task that runs keeps its retry policy and its timeout under another name", () =>
    Effect.gen(function* () {
      let attempts = 0
      const flaky = Effect.suspend(() => (attempts++ < 2 ? Effect.fail(new Down()) : Effect.succeed("Next" as const)))
      const task = Task.make({ name: "inner", retry: Retry.fixed(2, 0), attemptTimeout: "1 second", run: flaky })
      const outer = Task.make({ name: "outer", run: task })
      assert.deepStrictEqual(
        [outer.name, outer.retry, outer.attemptTimeout],
        ["outer", task.retry, Duration.seconds(1)]
      )
      assert.strictEqual(yield* Task.run(outer), "Next")
      assert.strictEqual(attempts, 3)
    })
  )
})

describe("an interpreter", () => {
  it("sees the wait of a task without running it", () => {
    const { waitFor } = compiled(Task.sleep((seconds: number) => `${seconds} seconds`, "Next"))
    assert.strictEqual(waitFor?._tag === "Time" ? waitFor.until(3, 1000) : undefined, 4000)
    const until = compiled(Task.sleepUntil(DateTime.makeUnsafe(77), "Next")).waitFor
    assert.strictEqual(until?._tag === "Time" ? until.until(undefined, 1000) : undefined, 77)
    assert.strictEqual(until?._tag === "Time" ? until.next(undefined) : undefined, "Next")
    assert.strictEqual(compiled(Task.make({ run: () => "Next" })).waitFor, undefined)
  })

  it.effect("a wait is a branch of a fork like any other task", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: { short: Task.sleep("1 second", "A"), long: Task.sleep("2 seconds", "B") },
        join: ({ long, short }) => `${short}${long}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("AB"), 2000])
    })
  )
})

describe("a diagram", () => {
  it("shows a wait as a badge of its state", () => {
    const Rest = Schema.Literals(["A", "B", "C", "Done"])
    const rest = Workflow.make("rest", Rest, {
      initial: "A",
      exits: ["Done"],
      states: {
        A: { to: ["B"], run: Task.sleep("1 day", "B") },
        B: { to: ["C"], run: Task.sleep(() => "1 day", "C") },
        C: { to: ["Done"], run: Task.sleepUntil(DateTime.makeUnsafe("2026-01-02T03:04:05Z"), "Done") }
      }
    })
    const drawing = Workflow.toMermaid(rest)
    assert.include(drawing, `s0["A<br/>⏳ 1d"]`)
    assert.include(drawing, `s1["B<br/>⏳ #8230;"]`)
    assert.include(drawing, `s2["C<br/>⏳ 2026-01-02T03#58;04#58;05.000Z"]`)
  })
})
