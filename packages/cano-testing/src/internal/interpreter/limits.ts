/** The bound on transitions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { errorOf, makeUnchecked, placeOf } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

export const limits = ({ given, run, sizes }: Suite): void => {
  describe("withMaxTransitions", () => {
    /** Makes a workflow that ends after exactly `n` transitions. */
    const ring = (n: number, work: (next: () => string) => unknown) => {
      let left = n
      return makeUnchecked("ring", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["A", "Done"],
            run: work(() => (--left === 0 ? "Done" : "A")),
            catch: { MaxTransitionsExceeded: "Done", Again: "A" }
          }
        }
      })
    }
    const kinds: Record<string, (next: () => string) => unknown> = {
      "pure functions": (next) => next,
      "Exit-valued functions": (next) => () => Effect.succeed(next()),
      Effects: (next) => Effect.suspend(() => Effect.as(Effect.yieldNow, next())),
      "retried tasks": (next) => Task.make({ retry: Retry.fixed(3, "1 second"), run: Effect.sync(next) }),
      "error edges": (next) => () => (next() === "Done" ? "Done" : Effect.fail({ _tag: "Again" }))
    }
    for (const [kind, work] of Object.entries(kinds)) {
      for (const n of [1, 2, 7, 2048, 2049, 5000].filter((n) => n <= sizes.transitions)) {
        given("once", "counts").effect(`n = ${n} is enough for n transitions of ${kind}, n - 1 is not`, () =>
          Effect.gen(function* () {
            assert.strictEqual(yield* run(Workflow.withMaxTransitions(ring(n, work), n)), "Done")
            if (n === 1) return
            const exit = yield* Effect.exit(run(Workflow.withMaxTransitions(ring(n, work), n - 1)))
            const error = errorOf(exit)
            assert.instanceOf(error, Workflow.MaxTransitionsExceeded)
            assert.deepStrictEqual(
              { workflow: error.workflow, state: error.state, maxTransitions: error.maxTransitions },
              { workflow: "ring", state: "A", maxTransitions: n - 1 }
            )
            assert.deepStrictEqual(placeOf(exit), { workflow: "ring", state: "A", transitions: n - 1, attempt: 1 })
          })
        )
      }
    }

    it.effect("an exit as the start needs no transition", () =>
      Effect.gen(function* () {
        assert.strictEqual(
          yield* run(
            Workflow.withMaxTransitions(
              ring(9, (next) => next),
              1
            ),
            "Done"
          ),
          "Done"
        )
      })
    )

    given("once").effect("leaves the workflow it was made from without a bound; the last bound counts", () =>
      Effect.gen(function* () {
        const free = ring(100, (next) => next)
        Workflow.withMaxTransitions(free, 1)
        assert.strictEqual(yield* run(free), "Done")
        const twice = ring(100, (next) => next).pipe(Workflow.withMaxTransitions(3), Workflow.withMaxTransitions(100))
        assert.strictEqual(yield* run(twice), "Done")
      })
    )
  })
}
