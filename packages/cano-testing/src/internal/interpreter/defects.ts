/** A defect ends the run. */
import { assert, describe } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import { defectsOf, errorOf, makeUnchecked, placeOf } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

export const defects = ({ given, run }: Suite): void => {
  describe("W4: a defect", () => {
    const boom = new TypeError("boom")
    const explode = (): never => {
      throw boom
    }
    const places: Record<string, object> = {
      "in an Effect": { to: ["Done", "Failed"], run: Effect.die(boom) },
      "thrown by a pure route": { to: ["Done", "Failed"], run: explode },
      "thrown by a function that should return an Effect": {
        to: ["Done", "Failed"],
        run: () => (explode(), Effect.succeed("Done"))
      },
      "thrown inside a suspended Effect": { to: ["Done", "Failed"], run: Effect.suspend(explode) },
      "thrown by a generator before its first yield": {
        to: ["Done", "Failed"],
        run: function* () {
          explode()
        }
      },
      "thrown by a generator after a yield": {
        to: ["Done", "Failed"],
        run: function* () {
          yield* Effect.yieldNow
          explode()
        }
      },
      "thrown by a catch function": {
        to: ["Done", "Failed"],
        run: Effect.fail(new Declined({ reason: "" })),
        catch: { Declined: explode }
      },
      "thrown by a retried task": {
        to: ["Done", "Failed"],
        run: Task.make({ retry: Retry.fixed(3, "1 second"), run: explode })
      },
      "thrown by a prep": {
        to: ["Done", "Failed"],
        run: Node.make({ prep: explode, exec: () => 1, post: () => "Done" })
      },
      "thrown by an exec": {
        to: ["Done", "Failed"],
        run: Node.make({ prep: () => 1, exec: explode, post: () => "Done" })
      },
      "thrown by a post": { to: ["Done", "Failed"], run: Node.make({ prep: () => 1, exec: () => 1, post: explode }) }
    }
    for (const [name, state] of Object.entries(places)) {
      given("identity", "counts").effect(
        `${name} ends the run as that defect, and the workflow runs fine afterwards`,
        () =>
          Effect.gen(function* () {
            let broken = true
            const workflow = makeUnchecked("w", Letters, {
              initial: "A",
              exits: ["Done", "Failed"],
              states: {
                A: { to: ["B", "Done"], run: () => (broken ? "B" : "Done") },
                B: state
              }
            })
            for (const round of [1, 2]) {
              const exit = yield* Effect.exit(run(workflow))
              assert.strictEqual(defectsOf(exit).length, 1, `round ${round}`)
              assert.strictEqual(defectsOf(exit)[0], boom)
              assert.isUndefined(errorOf(exit))
              assert.deepStrictEqual(placeOf(exit), { workflow: "w", state: "B", transitions: 1, attempt: 1 })
            }
            broken = false
            assert.strictEqual(yield* run(workflow), "Done")
          })
      )
    }
  })
}
