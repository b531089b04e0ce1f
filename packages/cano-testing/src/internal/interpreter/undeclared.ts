/** States that types would refuse. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"
import { defectsOf, makeUnchecked } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

/** `Start`, whose task the test chooses, and two exits. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

export const undeclared = ({ run }: Suite): void => {
  describe("past the types", () => {
    const answers: Record<string, [run: unknown, to: string | undefined]> = {
      "a state of the machine that is no edge": [() => "C", "C"],
      "an unknown string": [() => "Nowhere", undefined],
      "a record with the tag of a state that is no edge": [() => ({ _tag: "C" }), "C"],
      "a record with an unknown tag": [() => ({ _tag: "Nowhere" }), undefined],
      undefined: [() => undefined, undefined],
      null: [() => null, undefined],
      "a number": [() => 1, undefined],
      "an Effect of a state that is no edge": [Effect.as(Effect.yieldNow, "C"), "C"],
      "an Effect of nothing": [Effect.yieldNow, undefined],
      "an Exit of a state that is no edge": [Effect.succeed("C"), "C"],
      "a generator's nothing": [function* () {}, undefined],
      "a name on the object prototype": [() => "constructor", undefined],
      "the name of the prototype": [() => "__proto__", undefined]
    }
    for (const [name, [work, to]] of Object.entries(answers)) {
      it.effect(`W2: ${name} is an UndeclaredState defect`, () =>
        Effect.gen(function* () {
          const workflow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: {
              A: { to: ["B"], run: () => "B" },
              B: { to: ["A", "C", "Done"], run: () => "C" },
              C: { to: ["Done"], run: work }
            }
          })
          const narrow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: {
              A: { to: ["B"], run: work },
              B: { to: ["C"], run: () => "C" },
              C: { to: ["Done"], run: () => "Done" }
            }
          })
          for (const machine of [narrow, workflow]) {
            const exit = yield* Effect.exit(run(machine))
            const from = machine === narrow ? "A" : "C"
            const defect = defectsOf(exit)[0]
            assert.instanceOf(defect, Workflow.UndeclaredState)
            const { workflow: owner, from: source, to: target } = defect as Workflow.UndeclaredState
            assert.deepStrictEqual({ owner, source, target }, { owner: "w", source: from, target: to })
            assert.include((defect as Error).message, `state "${from}" returned`)
          }
        })
      )
    }

    it.effect("W2: a catch function that gives no edge is an UndeclaredState defect", () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: {
            A: { to: ["Done", "C"], run: Effect.fail({ _tag: "E" }), catch: { E: () => "B" } },
            B: { to: ["Done"], run: () => "Done" },
            C: { to: ["B"], run: () => "B" }
          }
        })
        const exit = yield* Effect.exit(run(workflow))
        assert.instanceOf(defectsOf(exit)[0], Workflow.UndeclaredState)
        assert.include((defectsOf(exit)[0] as Error).message, `state "A" returned "B"`)
      })
    )

    it.effect("says that a promise came where an Effect was meant", () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          // oxlint-disable-next-line oxc/no-async-await -- the mistake of the test
          states: { Start: { to: ["Done", "Failed"], run: async () => "Done" } }
        })
        const exit = yield* Effect.exit(run(workflow))
        assert.include((defectsOf(exit)[0] as Error).message, `state "Start" returned a promise (return an Effect`)
      })
    )

    it.effect("a function that gives a generator works like a generator function", () =>
      Effect.gen(function* () {
        const helper = function* () {
          yield* Effect.void
          return "Done" as const
        }
        const workflow = Workflow.make("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Done", "Failed"], run: () => helper() } }
        })
        assert.strictEqual(yield* run(workflow), "Done")
      })
    )

    it.effect("a service or a reference under run or prep is an Effect, though it is a function as well", () =>
      Effect.gen(function* () {
        const Next = Context.Reference<"Done">("test/Next", { defaultValue: () => "Done" })
        const workflow = Workflow.make("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Done", "Failed"], run: Next } }
        })
        assert.strictEqual(yield* run(workflow), "Done")
      })
    )

    const kinds = new Map<unknown, string>([
      ["Nowhere", "a string"],
      [{ _tag: "Nowhere" }, "a record"],
      [null, "null"],
      [7, "a number"],
      [{}, "an object"],
      ["toString", "a string"]
    ])
    for (const start of kinds.keys()) {
      it.effect(`W2: a start in ${JSON.stringify(start)} is an UndeclaredState defect`, () =>
        Effect.gen(function* () {
          const workflow = makeUnchecked("w", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: { Start: { to: ["Done", "Failed"], run: () => "Done" } }
          })
          const [defect] = defectsOf(yield* Effect.exit(run(workflow, start as never)))
          assert.instanceOf(defect, Workflow.UndeclaredState)
          assert.isUndefined((defect as Workflow.UndeclaredState).from)
          assert.include(
            (defect as Error).message,
            `"w" was started in ${kinds.get(start)}, which is not one of its states`
          )
        })
      )
    }
  })
}
