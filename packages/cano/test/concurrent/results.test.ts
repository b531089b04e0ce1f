import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { defectsOf, inVirtualTime } from "effect-cano-testing/Runs"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Wait from "../../src/Wait.ts"
import { after, tags, value } from "../support/batches.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly id: number }> {}

describe("results", () => {
  it.effect("C1: come in input order, with ids, whatever order they finished in", () =>
    Effect.gen(function* () {
      const effects = [30, 10, 20].map(after)
      const { results } = yield* value(Concurrent.run(effects))
      assert.deepStrictEqual(results, [
        { _tag: "Completed", id: "0", value: 30 },
        { _tag: "Completed", id: "1", value: 10 },
        { _tag: "Completed", id: "2", value: 20 }
      ])
      const named = yield* value(Concurrent.run(effects, { ids: ["a", "b", "c"] }))
      assert.deepStrictEqual(
        named.results.map(({ id }) => id),
        ["a", "b", "c"]
      )
    })
  )

  it.effect("C2: a failing, a dying and a self-interrupting instance have failed, each with its own cause", () =>
    Effect.gen(function* () {
      const error = new Broken({ id: 1 })
      const exit = yield* inVirtualTime(
        Concurrent.run([
          Effect.fail(error),
          Effect.die("boom"),
          Effect.interrupt,
          Effect.sync(() => {
            throw new TypeError("thrown")
          }),
          after(5)
        ])
      )
      assert.isTrue(Exit.isSuccess(exit), "a failing instance never fails the call")
      const { results, status } = Exit.isSuccess(exit) ? exit.value : assert.fail()
      assert.deepStrictEqual(tags(results), ["Failed", "Failed", "Failed", "Failed", "Completed"])
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [1, 4, 0])
      const causes = results.flatMap((result) => (result._tag === "Failed" ? [result.cause] : []))
      assert.strictEqual(Option.getOrUndefined(Cause.findErrorOption(causes[0]!)), error)
      assert.deepStrictEqual(defectsOf(Exit.failCause(causes[1]!)), ["boom"])
      assert.isTrue(Cause.hasInterruptsOnly(causes[2]!))
      assert.instanceOf(defectsOf(Exit.failCause(causes[3]!))[0], TypeError)
    })
  )

  it.effect("C5: a part of a loser that cannot be interrupted is awaited; a failure in it is not lost", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const ending = Effect.sync(() => events.push("the uninterruptible part has ended"))
      const { results, status } = yield* value(
        Concurrent.run(
          [
            after(10),
            // Effect ends a fiber that was interrupted meanwhile when it leaves the region: the value is Effect's to drop.
            Effect.uninterruptible(Effect.andThen(after(50), ending)),
            after(60),
            Effect.uninterruptible(Effect.andThen(after(40), Effect.fail("late")))
          ],
          { wait: Wait.duration(20) }
        )
      )
      assert.strictEqual(events.length, 1)
      assert.deepStrictEqual(tags(results), ["Completed", "Cancelled", "Cancelled", "Failed"])
      assert.deepStrictEqual(
        { ...status, duration: Duration.toMillis(status.duration) },
        { total: 4, completed: 1, failed: 1, cancelled: 2, duration: 50, end: "deadline" }
      )
    })
  )

  it.effect("values gives the values in order, or the first cause in order; cancelled instances are left out", () =>
    Effect.gen(function* () {
      const wait = Wait.quota(2)
      assert.deepStrictEqual(
        yield* value(Effect.flatMap(Concurrent.run([30, 10, 20].map(after), { wait }), Concurrent.values)),
        [10, 20]
      )
      const failing = Concurrent.run([after(1), Effect.andThen(after(20), Effect.fail("b")), Effect.fail("c")])
      assert.deepStrictEqual(
        yield* inVirtualTime(Effect.flatMap(failing, Concurrent.values)),
        Exit.fail("b") as Exit.Exit<any, string>
      )
    })
  )

  it.effect("any iterable of effects may be run, and run again", () =>
    Effect.gen(function* () {
      let runs = 0
      const batch = Concurrent.run(new Set([Effect.sync(() => ++runs), Effect.sync(() => ++runs)]))
      assert.strictEqual(runs, 0)
      assert.strictEqual((yield* batch).status.completed, 2)
      assert.strictEqual((yield* batch).status.completed, 2)
      assert.strictEqual(runs, 4)
    })
  )

  it.effect("10,000 instances are an ordinary case", () =>
    Effect.gen(function* () {
      const effects = Array.from({ length: 10_000 }, (_, i) => (i % 3 === 0 ? Effect.fail(i) : Effect.succeed(i)))
      const { results, status } = yield* Concurrent.run(effects, { concurrency: 100 })
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [6666, 3334, 0])
      for (const [i, result] of results.entries()) {
        assert.strictEqual(result._tag, i % 3 === 0 ? "Failed" : "Completed")
      }
    })
  )
})
