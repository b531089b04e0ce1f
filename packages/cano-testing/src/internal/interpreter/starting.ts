/** The start and the end of a run, and runs of the same workflow at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { inVirtualTime } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Unavailable extends Data.TaggedError("Unavailable")<{ readonly after: number }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { cents: Schema.Number },
  Refused: { reason: Schema.String }
})

export const starting = ({ given, run }: Suite): void => {
  describe("the run", () => {
    const visited: Array<string> = []
    const chain = Workflow.make("chain", Letters, {
      initial: "A",
      exits: ["Done", "Failed"],
      states: {
        A: { to: ["B"], run: () => (visited.push("A"), "B") },
        B: { to: ["C", "Failed"], run: () => (visited.push("B"), "C") },
        C: { to: ["Done"], run: () => (visited.push("C"), "Done") }
      }
    })

    const paths = { A: "A B C", B: "B C", C: "C", Done: "", Failed: "" } as const
    for (const start of ["A", "B", "C", "Done", "Failed"] as const) {
      given("once").effect(
        `W1: starts in any state: "${start}" runs ${paths[start] === "" ? "no handler" : paths[start]}`,
        () =>
          Effect.gen(function* () {
            visited.length = 0
            const exit = yield* run(chain, start)
            assert.strictEqual(visited.join(" "), paths[start])
            assert.strictEqual(exit, start === "Failed" ? "Failed" : "Done")
          })
      )
    }

    given("once").effect("starts in the initial state unless told otherwise", () =>
      Effect.gen(function* () {
        visited.length = 0
        assert.strictEqual(yield* run(chain), "Done")
        assert.strictEqual(yield* run(chain, undefined), "Done")
        assert.deepStrictEqual(visited, ["A", "B", "C", "A", "B", "C"])
      })
    )

    given("once", "identity").effect(
      "W1: gives a payload state as it is to the handler, and a payload exit as it is to the caller",
      () =>
        Effect.gen(function* () {
          const start = { _tag: "Charge", cents: 499 } as const
          const paid = { _tag: "Paid", cents: 499 } as const
          const seen: Array<unknown> = []
          const payment = Workflow.make("payment", Payment, {
            initial: "Charge",
            exits: ["Paid", "Refused"],
            states: { Charge: { to: ["Paid", "Refused"], run: (state) => (seen.push(state), Effect.succeed(paid)) } }
          })
          assert.strictEqual(yield* run(payment, start), paid)
          assert.strictEqual(seen[0], start)
          const refused = { _tag: "Refused", reason: "no" } as const
          assert.strictEqual(yield* run(payment, refused), refused)
          assert.strictEqual(seen.length, 1)
        })
    )

    it.effect("mixes literals and records in one machine", () =>
      Effect.gen(function* () {
        const Mixed = Schema.Union([
          Schema.Literals(["Start", "Done"]),
          Schema.TaggedStruct("Count", { n: Schema.Number }),
          Schema.TaggedStruct("Over", {})
        ])
        const count = Workflow.make("count", Mixed, {
          initial: "Start",
          exits: ["Done", "Over"],
          states: {
            Start: { to: ["Count"], run: () => ({ _tag: "Count", n: 1 }) },
            Count: {
              to: ["Count", "Done", "Over"],
              run: ({ n }) =>
                n === 3 ? Effect.succeed("Done" as const) : n > 10 ? { _tag: "Over" } : { _tag: "Count", n: n + 1 }
            }
          }
        })
        assert.strictEqual(yield* run(count), "Done")
        assert.deepStrictEqual(yield* run(count, { _tag: "Count", n: 11 }), { _tag: "Over" })
      })
    )

    it.effect("keeps nothing in the workflow: the same effect can be run again", () =>
      Effect.gen(function* () {
        const program = run(Workflow.withMaxTransitions(chain, 3))
        for (let i = 0; i < 3; i++) assert.strictEqual(yield* program, "Done")
      })
    )

    it.effect("keeps 50 runs of one workflow at once apart", () =>
      Effect.gen(function* () {
        const Counting = Schema.TaggedUnion({
          Step: { id: Schema.Number, path: Schema.Array(Schema.Number) },
          End: { id: Schema.Number, path: Schema.Array(Schema.Number) }
        })
        const counting = Workflow.make("counting", Counting, {
          initial: "Step",
          exits: ["End"],
          states: {
            Step: {
              to: ["Step", "End"],
              run: Task.make({
                retry: Retry.fixed(1, 0),
                run: function* ({ id, path }: { readonly id: number; readonly path: ReadonlyArray<number> }) {
                  yield* Effect.yieldNow
                  if ((yield* Schedule.CurrentMetadata).attempt === 0) return yield* new Unavailable({ after: id })
                  yield* Effect.sleep((id * 7) % 5)
                  const next = [...path, id]
                  return path.length === 9 ? { _tag: "End", id, path: next } : { _tag: "Step", id, path: next }
                }
              })
            }
          }
        })
        const ids = Array.from({ length: 50 }, (_, id) => id)
        const exit = yield* inVirtualTime(
          Effect.forEach(ids, (id) => run(counting, { _tag: "Step", id, path: [] }), {
            concurrency: "unbounded"
          })
        )
        assert.isTrue(Exit.isSuccess(exit))
        if (Exit.isSuccess(exit)) {
          assert.deepStrictEqual(
            exit.value,
            ids.map((id) => ({ _tag: "End" as const, id, path: Array.from({ length: 10 }, () => id) }))
          )
        }
      })
    )
  })

  describe("the state a run needs", () => {
    const Payment = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: {} })
    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid"],
      states: { Charge: { to: ["Paid"], run: () => ({ _tag: "Paid" }) } }
    })

    it.effect("is never made up: a run without it dies, also where it is hidden from the compiler by pipe", () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(payment.pipe(run))
        assert.isTrue(Exit.isFailure(exit))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(defect, Workflow.UndeclaredState)
        assert.strictEqual(
          (defect as Error).message,
          'Workflow "payment" starts in "Charge", which carries a payload: give the run its state'
        )
      })
    )

    it.effect("may be left out where the record has no required field", () =>
      Effect.gen(function* () {
        const Job = Schema.TaggedUnion({ Wait: { note: Schema.optionalKey(Schema.String) }, Done: {} })
        const job = Workflow.make("job", Job, {
          initial: "Wait",
          exits: ["Done"],
          states: { Wait: { to: ["Done"], run: () => ({ _tag: "Done" }) } }
        })
        assert.deepStrictEqual(yield* run(job), { _tag: "Done" })
      })
    )
  })
}
