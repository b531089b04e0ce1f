import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { defectsOf, errorOf, timed } from "effect-cano-testing/Runs"
import * as Task from "../../src/Task.ts"
import * as Wait from "../../src/Wait.ts"
import { Down, after, failing, shown } from "../support/forks.ts"
import { refusal } from "../support/refusal.ts"

describe("when it cannot", () => {
  it.effect("all: fails with the error of the first branch that failed, untouched, and stops the others", () =>
    Effect.gen(function* () {
      const error = new Down({ replica: "b" })
      let stopped = 0
      const other = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      const fork = Task.fork({
        branches: [other, failing(20, "late"), Effect.andThen(Effect.sleep(10), Effect.fail(error)), other],
        join: () => "Done"
      })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.strictEqual(errorOf(exit), error)
      assert.deepStrictEqual([at, stopped], [10, 2])
    })
  )

  it.effect("all: a branch that fails while it is stopped does not replace the first error", () =>
    Effect.gen(function* () {
      const stubborn = Effect.uninterruptible(failing(50, "stubborn"))
      const fork = Task.fork({ branches: [stubborn, failing(10, "first"), stubborn], join: () => "Done" })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.strictEqual((errorOf(exit) as Down).replica, "first")
      assert.strictEqual(at, 50)
    })
  )

  it.effect("all: a branch that dies ends the fork as that defect", () =>
    Effect.gen(function* () {
      const fork = Task.fork({ branches: [Effect.never, Effect.die("boom")], join: () => "Done" })
      const [exit] = yield* timed(Task.run(fork))
      assert.deepStrictEqual(defectsOf(exit), ["boom"])
    })
  )

  const unmet: ReadonlyArray<
    readonly [Wait.Wait, ReadonlyArray<Effect.Effect<number, Down>>, required: number, failed: number, at: number]
  > = [
    // as soon as it is certain, not when all have ended
    [Wait.quota(2), [failing(5, "a"), failing(10, "b"), after(30, 1)], 2, 2, 10],
    [Wait.any, [failing(5, "a"), failing(10, "b")], 1, 2, 10],
    [Wait.percentage(100), [after(5, 1), failing(10, "b"), after(30, 1)], 3, 1, 10],
    // above the number of branches: nothing starts
    [Wait.quota(3), [after(5, 1), after(10, 2)], 3, 0, 0],
    [Wait.quota(3, { count: "settled" }), [after(5, 1), failing(10, "b")], 3, 0, 0],
    [Wait.quota(1), [], 1, 0, 0]
  ]
  for (const [wait, branches, required, failed, at] of unmet) {
    it.effect(`${Wait.format(wait)} of ${branches.length}, ${failed} failed: ForkUnmet at ${at} ms`, () =>
      Effect.gen(function* () {
        const fork = Task.fork({ name: "quorum", branches, wait, join: () => "Done" })
        const [exit, time] = yield* timed(Task.run(fork))
        const error = errorOf(exit)
        assert.instanceOf(error, Task.ForkUnmet)
        assert.deepStrictEqual(
          [error.task, error.required, error.total, error.failed.length, time],
          ["quorum", required, branches.length, failed, at]
        )
        for (const { cause } of error.failed) assert.isTrue(Option.isSome(Cause.findErrorOption(cause)))
        assert.strictEqual(
          error.message,
          `Fork "quorum": ${required} of ${branches.length} branches had to succeed, and ${failed} failed`
        )
      })
    )
  }

  it.effect("the time is up: ForkTimeout says how many had succeeded, and the branches are stopped", () =>
    Effect.gen(function* () {
      let stopped = 0
      const slow = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      for (const wait of [Wait.all, Wait.quota(2), Wait.percentage(80), Wait.duration(100)]) {
        stopped = 0
        const fork = Task.fork({ branches: [after(10, 1), slow], wait, timeout: 50, join: () => "Done" })
        const [exit, at] = yield* timed(Task.run(fork as Task.Task<unknown, string, Task.ForkTimeout>))
        const error = errorOf(exit)
        assert.instanceOf(error, Task.ForkTimeout)
        assert.deepStrictEqual([error.completed, error.total, at, stopped], [1, 2, 50, 1])
        assert.deepStrictEqual(error.timeout, Duration.millis(50))
        assert.strictEqual(error.message, "A fork: after 50ms 1 of 2 branches had succeeded, and that was not enough")
      }
    })
  )

  it.effect("a quorum that is met before the time is up wins, also while a loser still cleans up", () =>
    Effect.gen(function* () {
      const loser = Effect.onInterrupt(Effect.never, () => Effect.sleep(500))
      const fork = Task.fork({
        branches: [after(10, 1), after(49, 2), loser],
        wait: Wait.quota(2),
        timeout: 50,
        join: (results) => shown(results)
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("CC-"), 549])
    })
  )

  it.effect("a limit of its own that strikes before the timeout is no timeout", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: [after(10, 1), Effect.never],
        wait: Wait.duration(20),
        timeout: 50,
        join: (results) => shown(results)
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("C-"), 20])
    })
  )

  it("refuses numbers that make no sense", () => {
    const branches = [Effect.void]
    const join = () => "Done" as const
    assert.deepStrictEqual(refusal(() => Task.fork({ branches, join, concurrency: 0 })).problems, [
      'concurrency is 0, expected a whole number from 1 or "unbounded"'
    ])
    for (const timeout of [0, -1, NaN, Infinity]) {
      assert.strictEqual(refusal(() => Task.fork({ name: "f", branches, join, timeout })).subject, 'Task "f"')
    }
    assert.throws(() => Task.fork({ name: "", branches, join }))
  })
})
