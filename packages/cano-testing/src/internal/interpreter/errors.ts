/** Typed failures leave the run untouched, or become edges. */
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
import { errorOf, inVirtualTime, makeUnchecked, placeOf } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

class Unavailable extends Data.TaggedError("Unavailable")<{ readonly after: number }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { cents: Schema.Number },
  Refused: { reason: Schema.String }
})

/** `Start`, whose task the test chooses, and two exits. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

export const errors = ({ given, run, sizes }: Suite): void => {
  describe("W3: typed errors", () => {
    const declined = new Declined({ reason: "limit" })
    const failing = Workflow.make("failing", Letters, {
      initial: "A",
      exits: ["Done", "Failed"],
      states: {
        A: { to: ["B"], run: () => "B" },
        B: { to: ["C"], run: Effect.as(Effect.yieldNow, "C") },
        C: {
          to: ["Done", "Failed"],
          run: Task.make({
            retry: Retry.fixed(2, "1 second"),
            run: () => (Math.abs(1) > 2 ? Effect.succeed("Done" as const) : Effect.fail(declined))
          })
        }
      }
    })

    given("identity", "counts").effect(
      "pass through untouched: the very error, with where it failed on the cause",
      () =>
        Effect.gen(function* () {
          const exit = yield* inVirtualTime(run(failing))
          assert.strictEqual(errorOf(exit), declined)
          assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 2, attempt: 3 })
        })
    )

    it.effect("carry their place in a start from the middle, counted from there", () =>
      Effect.gen(function* () {
        const exit = yield* inVirtualTime(run(failing, "C"))
        assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 0, attempt: 3 })
      })
    )

    given("identity").effect("name the innermost place where workflows are nested", () =>
      Effect.gen(function* () {
        const parent = Workflow.make("parent", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: {
            Start: { to: ["Done", "Failed"], run: Workflow.asTask(failing, (exit) => exit) }
          }
        })
        const exit = yield* inVirtualTime(run(parent))
        assert.strictEqual(errorOf(exit), declined)
        assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 2, attempt: 3 })
      })
    )

    for (const error of ["a string", 42, null, undefined, Symbol.for("x"), { code: 1 }, new Error("plain")]) {
      given("identity").effect(`may be any value, such as ${String(error)}`, () =>
        Effect.gen(function* () {
          const workflow = makeUnchecked("w", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: {
              Start: { to: ["Done", "Failed"], run: () => Effect.fail(error), catch: { Declined: "Failed" } }
            }
          })
          const exit = yield* Effect.exit(run(workflow))
          assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.length === 1)
          assert.strictEqual(errorOf(exit), error)
          assert.strictEqual(placeOf(exit)?.state, "Start")
        })
      )
    }
  })

  describe("W3: catch", () => {
    const edges = Math.min(100_000, sizes.transitions)
    const charge = (fail: "Declined" | "Unavailable" | "nothing") =>
      Effect.gen(function* () {
        yield* Effect.yieldNow
        if (fail === "Declined") return yield* new Declined({ reason: "limit" })
        if (fail === "Unavailable") return yield* new Unavailable({ after: 3 })
        return "Done" as const
      })

    it.effect("routes a failure by its tag to a literal; others stay in the error channel", () =>
      Effect.gen(function* () {
        const of = (fail: "Declined" | "Unavailable" | "nothing") =>
          Workflow.make("w", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: { Start: { to: ["Done", "Failed"], run: charge(fail), catch: { Declined: "Failed" } } }
          })
        assert.strictEqual(yield* run(of("Declined")), "Failed")
        assert.strictEqual(yield* run(of("nothing")), "Done")
        const exit = yield* Effect.exit(run(of("Unavailable")))
        assert.deepStrictEqual(errorOf(exit), new Unavailable({ after: 3 }))
      })
    )

    it.effect("routes to a record that has no payload", () =>
      Effect.gen(function* () {
        const States = Schema.TaggedUnion({ Start: {}, Done: {}, Failed: {} })
        const workflow = Workflow.make("w", States, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: {
            Start: {
              to: ["Done", "Failed"],
              run: Effect.fail(new Declined({ reason: "no" })),
              catch: { Declined: "Failed" }
            }
          }
        })
        assert.deepStrictEqual(yield* run(workflow), { _tag: "Failed" })
      })
    )

    given("once", "identity").effect(
      "routes by a function of the error and the state, whose result comes back whole",
      () =>
        Effect.gen(function* () {
          const start = { _tag: "Charge", cents: 7 } as const
          const declined = new Declined({ reason: "limit" })
          const seen: Array<unknown> = []
          const workflow = Workflow.make("payment", Payment, {
            initial: "Charge",
            exits: ["Paid", "Refused"],
            states: {
              Charge: {
                to: ["Paid", "Refused"],
                run: Effect.fail(declined),
                catch: {
                  Declined: (error, state) => {
                    seen.push(error, state)
                    return { _tag: "Refused", reason: `${error.reason} at ${state.cents}` }
                  }
                }
              }
            }
          })
          assert.deepStrictEqual(yield* run(workflow, start), { _tag: "Refused", reason: "limit at 7" })
          assert.strictEqual(seen[0], declined)
          assert.strictEqual(seen[1], start)
        })
    )

    it.effect("routes all failures that it does not name by *, also those without a tag", () =>
      Effect.gen(function* () {
        const States = Schema.Literals(["A", "B", "Done", "Failed"])
        const of = (failure: Declined | Unavailable | string) =>
          Workflow.make("w", States, {
            initial: "A",
            exits: ["Done", "B", "Failed"],
            states: {
              A: {
                to: ["Done", "B", "Failed"],
                run: Effect.fail(failure).pipe(Effect.as("Done")),
                catch: { Declined: "B", "*": (error) => (error === "down" ? "Failed" : "Done") }
              }
            }
          })
        assert.strictEqual(yield* run(of(new Declined({ reason: "" }))), "B")
        assert.strictEqual(yield* run(of(new Unavailable({ after: 1 }))), "Done")
        assert.strictEqual(yield* run(of("down")), "Failed")
      })
    )

    given("identity").effect("builds a state from its tag and a payload made of the error and the state", () =>
      Effect.gen(function* () {
        const start = { _tag: "Charge", cents: 7 } as const
        const workflow = Workflow.make("payment", Payment, {
          initial: "Charge",
          exits: ["Paid", "Refused"],
          states: {
            Charge: {
              to: ["Paid", "Refused"],
              run: Effect.fail(new Declined({ reason: "limit" })),
              catch: {
                Declined: { to: "Refused", with: (error, state) => ({ reason: `${error.reason} at ${state.cents}` }) }
              }
            }
          }
        })
        assert.deepStrictEqual(yield* run(workflow, start), { _tag: "Refused", reason: "limit at 7" })
      })
    )

    it.effect("of the workflow routes what the states leave", () =>
      Effect.gen(function* () {
        const of = (failure: Declined | Unavailable) =>
          Workflow.make("w", Letters, {
            initial: "A",
            exits: ["Done", "C", "Failed"],
            states: {
              A: {
                to: ["B", "Done", "Failed"],
                run: Effect.as(Effect.fail(failure), "B"),
                catch: { Declined: "B" }
              },
              B: { to: ["C", "Failed"], run: Effect.as(Effect.fail(failure), "C") }
            },
            catch: { Declined: "Failed", "*": (error: Unavailable) => (error.after > 1 ? "Failed" : "Failed") }
          })
        assert.strictEqual(yield* run(of(new Declined({ reason: "" }))), "Failed")
        assert.strictEqual(yield* run(of(new Unavailable({ after: 3 }))), "Failed")
      })
    )

    given("identity").effect("of the workflow leads only where a state lists its target", () =>
      Effect.gen(function* () {
        const declined = new Declined({ reason: "" })
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done", "Failed"],
          states: {
            A: { to: ["B"], run: () => "B" },
            B: { to: ["Done", "Failed"], run: () => "Done" }
          },
          catch: { "*": "Failed" }
        })
        assert.strictEqual(yield* run(workflow), "Done")
        const failing = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done", "Failed"],
          states: {
            A: { to: ["B"], run: Effect.fail(declined) },
            B: { to: ["Done", "Failed"], run: () => "Done" }
          },
          catch: { "*": "Failed" }
        })
        assert.strictEqual(errorOf(yield* Effect.exit(run(failing))), declined)
      })
    )

    given("once").effect("comes after the retries are exhausted, with the last error", () =>
      Effect.gen(function* () {
        let attempts = 0
        const workflow = Workflow.make("w", Payment, {
          initial: "Charge",
          exits: ["Paid", "Refused"],
          states: {
            Charge: {
              to: ["Paid", "Refused"],
              run: Task.make({
                retry: Retry.fixed(3, "1 second"),
                run: (_: { readonly cents: number }) =>
                  Effect.suspend(() => Effect.fail(new Declined({ reason: `attempt ${++attempts}` })))
              }),
              catch: { Declined: (error: Declined) => ({ _tag: "Refused", reason: error.reason }) }
            }
          }
        })
        const exit = yield* inVirtualTime(run(workflow, { _tag: "Charge", cents: 1 }))
        assert.deepStrictEqual(exit, Exit.succeed({ _tag: "Refused" as const, reason: "attempt 4" }))
      })
    )

    given("once").effect("may lead back to the state itself; each entry has its own retries", () =>
      Effect.gen(function* () {
        const attempts: Array<number> = []
        let entries = 0
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done", "Failed"],
          states: {
            A: {
              to: ["A", "Done", "Failed"],
              run: Task.make({
                retry: Retry.fixed(1, "1 second"),
                run: function* () {
                  attempts.push((yield* Schedule.CurrentMetadata).attempt)
                  return yield* new Declined({ reason: "" })
                }
              }),
              catch: { Declined: () => (++entries === 3 ? "Failed" : "A") }
            }
          }
        })
        assert.deepStrictEqual(yield* inVirtualTime(run(workflow)), Exit.succeed("Failed"))
        assert.deepStrictEqual(attempts, [0, 1, 0, 1, 0, 1])
      })
    )

    given("once").effect(`takes ${edges.toLocaleString("en")} error edges in a row`, () =>
      Effect.gen(function* () {
        let n = 0
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done", "Failed"],
          states: {
            A: {
              to: ["A", "Done", "Failed"],
              run: () => (n === edges ? "Done" : Effect.fail({ _tag: "Again" })),
              catch: { Again: () => (n++, "A") }
            }
          }
        })
        assert.strictEqual(yield* run(workflow), "Done")
      })
    )

    given("counts").effect("speaks for its own state only", () =>
      Effect.gen(function* () {
        const workflow = Workflow.make("w", Letters, {
          initial: "A",
          exits: ["Done", "Failed"],
          states: {
            A: { to: ["B", "Failed"], run: () => Effect.succeed("B"), catch: {} },
            B: { to: ["C"], run: Effect.fail(new Declined({ reason: "B" })), catch: { Declined: "C" } },
            C: { to: ["Done"], run: Effect.as(Effect.fail(new Declined({ reason: "C" })), "Done") }
          }
        })
        const exit = yield* Effect.exit(run(workflow))
        assert.deepStrictEqual(errorOf(exit), new Declined({ reason: "C" }))
        assert.deepStrictEqual(placeOf(exit), { workflow: "w", state: "C", transitions: 2, attempt: 1 })
      })
    )

    const uncaught: Record<string, Effect.Effect<string, unknown>> = {
      "a failure with another tag": Effect.fail(new Unavailable({ after: 1 })),
      "a failure without a tag": Effect.fail("Declined"),
      "a defect, not even one that looks like the failure": Effect.die(new Declined({ reason: "" })),
      "a failure beside a defect": Effect.failCause(
        Cause.combine(Cause.fail(new Declined({ reason: "" })), Cause.die("boom"))
      ),
      "an interruption from within": Effect.interrupt
    }
    for (const [name, work] of Object.entries(uncaught)) {
      it.effect(`does not catch ${name}`, () =>
        Effect.gen(function* () {
          const workflow = makeUnchecked("w", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: { Start: { to: ["Done", "Failed"], run: work, catch: { Declined: "Failed" } } }
          })
          const expected = yield* Effect.exit(work)
          const actual = yield* Effect.exit(run(workflow))
          assert.isTrue(Exit.isFailure(actual) && Exit.isFailure(expected))
          if (Exit.isFailure(actual) && Exit.isFailure(expected)) {
            assert.deepStrictEqual(
              actual.cause.reasons.map((reason) => reason._tag),
              expected.cause.reasons.map((reason) => reason._tag)
            )
          }
        })
      )
    }
  })
}
