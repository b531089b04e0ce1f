/** A workflow as the task of another. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { inVirtualTime, makeUnchecked } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { cents: Schema.Number },
  Refused: { reason: Schema.String }
})

/** `Start`, whose task the test chooses, and two exits. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

export const nesting = ({ given, run }: Suite): void => {
  describe("asTask", () => {
    class Bank extends Context.Service<Bank, { readonly limit: number }>()("test/Bank") {}

    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: function* ({ cents }) {
            const { limit } = yield* Bank
            if (cents < 0) return yield* new Declined({ reason: "negative" })
            return cents > limit ? { _tag: "Refused", reason: "limit" } : { _tag: "Paid", cents }
          }
        }
      }
    })
    const Order = Schema.TaggedUnion({
      Pay: { total: Schema.Number },
      Ship: { paid: Schema.Number },
      Cancel: { why: Schema.String }
    })
    const order = Workflow.make("order", Order, {
      initial: "Pay",
      exits: ["Ship", "Cancel"],
      states: {
        Pay: {
          to: ["Ship", "Cancel"],
          run: Workflow.asTask(
            payment,
            (exit, state: { readonly total: number }) =>
              exit._tag === "Paid"
                ? { _tag: "Ship", paid: exit.cents }
                : { _tag: "Cancel", why: `${exit.reason} at ${state.total}` },
            ({ total }) => ({ _tag: "Charge", cents: total * 100 })
          ),
          catch: { Declined: (error) => ({ _tag: "Cancel", why: error.reason }) }
        }
      }
    })
    const cases = [
      [1, { _tag: "Ship", paid: 100 }],
      [9, { _tag: "Cancel", why: "limit at 9" }],
      [-1, { _tag: "Cancel", why: "negative" }]
    ] as const
    for (const [total, expected] of cases) {
      it.effect(`maps start and exit, passes services, and the parent catches: ${total} gives ${expected._tag}`, () =>
        Effect.gen(function* () {
          const exit = yield* run(order, { _tag: "Pay", total })
          assert.deepStrictEqual(exit, expected)
        }).pipe(Effect.provideService(Bank, { limit: 500 }))
      )
    }

    it.effect("nests to any depth", () =>
      Effect.gen(function* () {
        let nested = makeUnchecked("leaf", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Done", "Failed"], run: Effect.as(Effect.yieldNow, "Done") } }
        })
        for (let depth = 0; depth < 200; depth++) {
          nested = makeUnchecked(`level ${depth}`, Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: { Start: { to: ["Done", "Failed"], run: Workflow.asTask(nested, (exit) => exit) } }
          })
        }
        assert.strictEqual(yield* run(nested), "Done")
      })
    )

    it.effect("lets the parent catch the child's transition limit", () =>
      Effect.gen(function* () {
        const child = makeUnchecked("child", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Start", "Done", "Failed"], run: () => "Start" } }
        }).pipe(Workflow.withMaxTransitions(10))
        const parent = makeUnchecked("parent", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: {
            Start: {
              to: ["Done", "Failed"],
              run: Workflow.asTask(child, () => "Done"),
              catch: { MaxTransitionsExceeded: "Failed" }
            }
          }
        })
        assert.strictEqual(yield* run(parent), "Failed")
      })
    )
  })

  describe("nested retries", () => {
    given("once").effect(
      "the first attempt of a state is attempt 0, also where something around the run retries or repeats it",
      () =>
        Effect.gen(function* () {
          const seen: Array<number> = []
          const child = Workflow.make("child", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: {
              Start: {
                to: ["Done", "Failed"],
                run: Task.make({
                  retry: Retry.fixed(1, "1 second"),
                  run: function* () {
                    seen.push((yield* Schedule.CurrentMetadata).attempt)
                    return yield* new Declined({ reason: "no" })
                  }
                })
              }
            }
          })
          yield* inVirtualTime(Effect.retry(run(child), { times: 1 }))
          assert.deepStrictEqual(seen, [0, 1, 0, 1])
        })
    )
  })
}
