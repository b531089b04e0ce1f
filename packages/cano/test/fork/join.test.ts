import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TestClock } from "effect/testing"
import { errorOf, timed } from "effect-cano-testing/Runs"
import * as Task from "../../src/Task.ts"
import * as Wait from "../../src/Wait.ts"
import { Down, after, failing, shown } from "../support/forks.ts"

describe("what join gets", () => {
  it.effect("all: the values, by name", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: { slow: after(20, 1), fast: after(10, "two") },
        join: ({ fast, slow }) => `${slow} ${fast}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 two"), 20])
    })
  )

  it.effect("all: the values, in a list", () =>
    Effect.gen(function* () {
      const fork = Task.fork({ branches: [after(20, 1), after(10, "two")], join: ([a, b]) => `${a} ${b}` })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 two"), 20])
    })
  )

  it.effect("otherwise: the result of each branch, with the names as ids", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: { a: after(30, 1), b: failing(10, "b"), c: after(20, 3) },
        wait: Wait.quota(1),
        join: (results) => {
          assert.deepStrictEqual(results.a, { _tag: "Cancelled", id: "a" })
          assert.strictEqual(results.b._tag === "Failed" && results.b.id, "b")
          assert.deepStrictEqual(results.c, { _tag: "Completed", id: "c", value: 3 })
          return "Done"
        }
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 20])
    })
  )

  it.effect("the state as well, and join may be an Effect that fails, or a generator function", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: (n: number) => Array.from({ length: n }, (_, i) => after(i, i)),
        join: function* (values, n) {
          yield* Effect.sleep(5)
          if (n > 3) return yield* new Down({ replica: String(n) })
          return values.join(" ")
        }
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork, 3)), [Exit.succeed("0 1 2"), 7])
      const [failed] = yield* timed(Task.run(fork, 4))
      assert.strictEqual((errorOf(failed) as Down).replica, "4")
    })
  )
})

describe("when the fork goes on", () => {
  const ok = (...millis: ReadonlyArray<number>) => millis.map((n) => after(n, n))
  const cases: ReadonlyArray<
    readonly [Wait.Wait, ReadonlyArray<Effect.Effect<number, Down>>, expected: string, at: number]
  > = [
    [Wait.quota(2), ok(10, 20, 30), "CC-", 20],
    [Wait.quota(2), [failing(5, "a"), ...ok(10, 20)], "FCC", 20],
    [Wait.quota(0), ok(10, 20), "--", 0],
    [Wait.any, [failing(5, "a"), ...ok(10, 20)], "FC-", 10],
    [Wait.percentage(50), ok(10, 20, 30), "CC-", 20],
    [Wait.quota(2, { count: "settled" }), [failing(5, "a"), ...ok(10, 20)], "FC-", 10],
    [Wait.quota(3, { count: "settled" }), [failing(5, "a"), ...ok(10, 20)], "FCC", 20],
    // a strategy that only waits for a time is always met
    [Wait.duration(15), [failing(5, "a"), ...ok(10, 20)], "FC-", 15],
    [Wait.duration(15), [failing(5, "a"), failing(6, "b")], "FF", 6],
    [Wait.quotaOrDuration(2, 15), ok(10, 20, 30), "C--", 15],
    [Wait.quotaOrDuration(1, 15), ok(10, 20, 30), "C--", 10],
    [Wait.quotaOrDuration(2, 15), [failing(5, "a"), failing(6, "b"), failing(7, "c")], "FFF", 7]
  ]
  for (const [wait, branches, expected, at] of cases) {
    it.effect(`${Wait.format(wait)} of ${branches.length}: ${expected} at ${at} ms`, () =>
      Effect.gen(function* () {
        const fork = Task.fork({ branches, wait, join: (results) => shown(results as any) })
        assert.deepStrictEqual(yield* timed(Task.run(fork as Task.Task<unknown, string>)), [Exit.succeed(expected), at])
      })
    )
  }

  it.effect("losers are interrupted and awaited before join runs", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = Effect.onInterrupt(
        Effect.andThen(
          Effect.sleep(1000),
          Effect.sync(() => events.push("ran"))
        ),
        () =>
          Effect.andThen(
            Effect.sleep(50),
            Effect.sync(() => events.push("cleaned up"))
          )
      )
      const fork = Task.fork({
        branches: [loser, after(10, 1), loser],
        wait: Wait.any,
        join: () => (events.push("join"), "Done")
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 60])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(events, ["cleaned up", "cleaned up", "join"])
    })
  )

  it.effect("concurrency is never exceeded", () =>
    Effect.gen(function* () {
      let running = 0
      let most = 0
      const branch = Effect.acquireUseRelease(
        Effect.sync(() => (most = Math.max(most, ++running))),
        () => Effect.sleep(10),
        () => Effect.sync(() => running--)
      )
      const fork = Task.fork({ branches: Array.from({ length: 20 }, () => branch), concurrency: 3, join: () => "Done" })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 70])
      assert.strictEqual(most, 3)
    })
  )
})
