import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { defectsOf, errorOf, inVirtualTime, makeUnchecked, placeOf } from "effect-cano-testing/Runs"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Unavailable extends Data.TaggedError("Unavailable")<{ readonly after: number }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])
const Path = Schema.Literals(["A", "B", "C", "Done"])

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Paid: { cents: Schema.Number },
  Refused: { reason: Schema.String }
})

/** Start and two exits; the work stands under `Start`. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

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
    it.effect(`starts in any state: "${start}" runs ${paths[start] === "" ? "no handler" : paths[start]}`, () =>
      Effect.gen(function* () {
        visited.length = 0
        const exit = yield* Workflow.run(chain, start)
        assert.strictEqual(visited.join(" "), paths[start])
        assert.strictEqual(exit, start === "Failed" ? "Failed" : "Done")
      })
    )
  }

  it.effect("starts in the initial state unless told otherwise", () =>
    Effect.gen(function* () {
      visited.length = 0
      assert.strictEqual(yield* Workflow.run(chain), "Done")
      assert.strictEqual(yield* Workflow.run(chain, undefined), "Done")
      assert.deepStrictEqual(visited, ["A", "B", "C", "A", "B", "C"])
    })
  )

  it.effect("gives a payload state as it is to the handler, and a payload exit as it is to the caller", () =>
    Effect.gen(function* () {
      const start = { _tag: "Charge", cents: 499 } as const
      const paid = { _tag: "Paid", cents: 499 } as const
      const seen: Array<unknown> = []
      const payment = Workflow.make("payment", Payment, {
        initial: "Charge",
        exits: ["Paid", "Refused"],
        states: { Charge: { to: ["Paid", "Refused"], run: (state) => (seen.push(state), Effect.succeed(paid)) } }
      })
      assert.strictEqual(yield* Workflow.run(payment, start), paid)
      assert.strictEqual(seen[0], start)
      const refused = { _tag: "Refused", reason: "no" } as const
      assert.strictEqual(yield* Workflow.run(payment, refused), refused)
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
      assert.strictEqual(yield* Workflow.run(count), "Done")
      assert.deepStrictEqual(yield* Workflow.run(count, { _tag: "Count", n: 11 }), { _tag: "Over" })
    })
  )

  it.effect("describes itself: name, schema, initial, exits, edges", () =>
    Effect.sync(() => {
      assert.isTrue(Workflow.isWorkflow(chain))
      for (const other of [null, "chain", {}, Letters]) assert.isFalse(Workflow.isWorkflow(other))
      assert.strictEqual(chain.name, "chain")
      assert.strictEqual(chain.schema, Letters)
      assert.strictEqual(chain.initial, "A")
      assert.deepStrictEqual(chain.exits, ["Done", "Failed"])
      assert.deepStrictEqual(Array.from(chain.edges), [
        ["A", ["B"]],
        ["B", ["C", "Failed"]],
        ["C", ["Done"]]
      ])
    })
  )

  it.effect("keeps nothing in the workflow: the same effect can be run again", () =>
    Effect.gen(function* () {
      const program = Workflow.run(Workflow.withMaxTransitions(chain, 3))
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
        Effect.forEach(ids, (id) => Workflow.run(counting, { _tag: "Step", id, path: [] }), {
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

describe("every form of run", () => {
  const passing = Effect.as(Effect.yieldNow, "Done" as const)
  const node = Node.make({
    prep: () => 1,
    exec: (n) => Effect.succeed(n + 1),
    post: (n) => (n === 2 ? "Done" : "Failed")
  })
  const forms = {
    "a bare Effect": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: passing } }
    }),
    "a constant, Exit-valued Effect": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: Effect.succeed("Done") } }
    }),
    "a pure function": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: () => "Done" } }
    }),
    "a pure function of the state": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: (state) => (state === "Start" ? "Done" : "Failed") } }
    }),
    "a function that returns an Effect": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: () => passing } }
    }),
    "a function that returns an Exit": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: {
        Start: { to: ["Done", "Failed"], run: (state) => Effect.succeed(state === "Start" ? "Done" : "Failed") }
      }
    }),
    "a generator function": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: {
        Start: {
          to: ["Done", "Failed"],
          run: function* () {
            yield* Effect.yieldNow
            return "Done"
          }
        }
      }
    }),
    "a generator function of the state": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: {
        Start: {
          to: ["Done", "Failed"],
          run: function* (state) {
            yield* Effect.yieldNow
            return state === "Start" ? "Done" : "Failed"
          }
        }
      }
    }),
    "a task": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: Task.make({ name: "t", run: passing }) } }
    }),
    "a node": Workflow.make("w", Short, {
      initial: "Start",
      exits: ["Done", "Failed"],
      states: { Start: { to: ["Done", "Failed"], run: node } }
    })
  }
  for (const [form, workflow] of Object.entries(forms)) {
    it.effect(`accepts ${form}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Workflow.run(workflow), "Done")
        assert.strictEqual(yield* Workflow.step(workflow, "Start"), "Done")
      })
    )
  }
})

describe("typed errors", () => {
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

  it.effect("pass through untouched: the very error, with where it failed on the cause", () =>
    Effect.gen(function* () {
      const exit = yield* inVirtualTime(Workflow.run(failing))
      assert.strictEqual(errorOf(exit), declined)
      assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 2, attempt: 3 })
    })
  )

  it.effect("carry their place in a start from the middle, counted from there", () =>
    Effect.gen(function* () {
      const exit = yield* inVirtualTime(Workflow.run(failing, "C"))
      assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 0, attempt: 3 })
    })
  )

  it.effect("a cause that no run gave has no place", () =>
    Effect.gen(function* () {
      assert.isUndefined(placeOf(yield* Effect.exit(Effect.fail(declined))))
    })
  )

  it.effect("name the innermost place where workflows are nested", () =>
    Effect.gen(function* () {
      const parent = Workflow.make("parent", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: { to: ["Done", "Failed"], run: Workflow.asTask(failing, (exit) => exit) }
        }
      })
      const exit = yield* inVirtualTime(Workflow.run(parent))
      assert.strictEqual(errorOf(exit), declined)
      assert.deepStrictEqual(placeOf(exit), { workflow: "failing", state: "C", transitions: 2, attempt: 3 })
    })
  )

  for (const error of ["a string", 42, null, undefined, Symbol.for("x"), { code: 1 }, new Error("plain")]) {
    it.effect(`may be any value, such as ${String(error)}`, () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: {
            Start: { to: ["Done", "Failed"], run: () => Effect.fail(error), catch: { Declined: "Failed" } }
          }
        })
        const exit = yield* Effect.exit(Workflow.run(workflow))
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.length === 1)
        assert.strictEqual(errorOf(exit), error)
        assert.strictEqual(placeOf(exit)?.state, "Start")
      })
    )
  }
})

describe("catch", () => {
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
      assert.strictEqual(yield* Workflow.run(of("Declined")), "Failed")
      assert.strictEqual(yield* Workflow.run(of("nothing")), "Done")
      const exit = yield* Effect.exit(Workflow.run(of("Unavailable")))
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
      assert.deepStrictEqual(yield* Workflow.run(workflow), { _tag: "Failed" })
    })
  )

  it.effect("routes by a function of the error and the state, whose result comes back whole", () =>
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
      assert.deepStrictEqual(yield* Workflow.run(workflow, start), { _tag: "Refused", reason: "limit at 7" })
      assert.strictEqual(seen[0], declined)
      assert.strictEqual(seen[1], start)
    })
  )

  it.effect("comes after the retries are exhausted, with the last error", () =>
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
      const exit = yield* inVirtualTime(Workflow.run(workflow, { _tag: "Charge", cents: 1 }))
      assert.deepStrictEqual(exit, Exit.succeed({ _tag: "Refused" as const, reason: "attempt 4" }))
    })
  )

  it.effect("may lead back to the state itself; each entry has its own retries", () =>
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
      assert.deepStrictEqual(yield* inVirtualTime(Workflow.run(workflow)), Exit.succeed("Failed"))
      assert.deepStrictEqual(attempts, [0, 1, 0, 1, 0, 1])
    })
  )

  it.effect("takes 100,000 error edges in a row", () =>
    Effect.gen(function* () {
      let n = 0
      const workflow = makeUnchecked("w", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: {
            to: ["A", "Done", "Failed"],
            run: () => (n === 100_000 ? "Done" : Effect.fail({ _tag: "Again" })),
            catch: { Again: () => (n++, "A") }
          }
        }
      })
      assert.strictEqual(yield* Workflow.run(workflow), "Done")
    })
  )

  it.effect("speaks for its own state only", () =>
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
      const exit = yield* Effect.exit(Workflow.run(workflow))
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
  for (const [name, run] of Object.entries(uncaught)) {
    it.effect(`does not catch ${name}`, () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Done", "Failed"], run, catch: { Declined: "Failed" } } }
        })
        const expected = yield* Effect.exit(run)
        const actual = yield* Effect.exit(Workflow.run(workflow))
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

describe("W7 a defect", () => {
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
    it.effect(`${name} ends the run as that defect, and the workflow runs fine afterwards`, () =>
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
          const exit = yield* Effect.exit(Workflow.run(workflow))
          assert.strictEqual(defectsOf(exit).length, 1, `round ${round}`)
          assert.strictEqual(defectsOf(exit)[0], boom)
          assert.isUndefined(errorOf(exit))
          assert.deepStrictEqual(placeOf(exit), { workflow: "w", state: "B", transitions: 1, attempt: 1 })
        }
        broken = false
        assert.strictEqual(yield* Workflow.run(workflow), "Done")
      })
    )
  }
})

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
  for (const [name, [run, to]] of Object.entries(answers)) {
    it.effect(`W2 ${name} is an UndeclaredState defect`, () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: {
            A: { to: ["B"], run: () => "B" },
            B: { to: ["A", "C", "Done"], run: () => "C" },
            C: { to: ["Done"], run }
          }
        })
        const narrow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["B"], run }, B: { to: ["C"], run: () => "C" }, C: { to: ["Done"], run: () => "Done" } }
        })
        for (const machine of [narrow, workflow]) {
          const exit = yield* Effect.exit(Workflow.run(machine))
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

  it.effect("W2 a catch function that gives no edge is an UndeclaredState defect", () =>
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
      const exit = yield* Effect.exit(Workflow.run(workflow))
      assert.instanceOf(defectsOf(exit)[0], Workflow.UndeclaredState)
      assert.include((defectsOf(exit)[0] as Error).message, `state "A" returned "B"`)
    })
  )

  it.effect("says that a promise came where an Effect was meant", () =>
    Effect.gen(function* () {
      const workflow = makeUnchecked("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: async () => "Done" } }
      })
      const exit = yield* Effect.exit(Workflow.run(workflow))
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
      assert.strictEqual(yield* Workflow.run(workflow), "Done")
      assert.strictEqual(yield* Task.run(Task.make({ retry: Retry.fixed(1, 1), run: () => helper() })), "Done")
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
      assert.strictEqual(yield* Workflow.run(workflow), "Done")
      const node = Node.make({ prep: Next, exec: (next) => next, post: (next) => next })
      assert.strictEqual(yield* Task.run(node), "Done")
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
    it.effect(`W2 a start in ${JSON.stringify(start)} is an UndeclaredState defect, for run and for step`, () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: { Start: { to: ["Done", "Failed"], run: () => "Done" } }
        })
        for (const program of [Workflow.run(workflow, start as never), Workflow.step(workflow, start)]) {
          const [defect] = defectsOf(yield* Effect.exit(program))
          assert.instanceOf(defect, Workflow.UndeclaredState)
          assert.isUndefined((defect as Workflow.UndeclaredState).from)
          assert.include(
            (defect as Error).message,
            `"w" was started in ${kinds.get(start)}, which is not one of its states`
          )
        }
      })
    )
  }
})

describe("interruption", () => {
  it.effect("W6 runs finalizers in reverse, once each, and starts nothing more", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const resource = (name: string) =>
        Effect.acquireRelease(
          Effect.sync(() => log.push(`+${name}`)),
          () => Effect.sync(() => log.push(`-${name}`))
        )
      const workflow = Workflow.make("w", Path, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: {
            to: ["C"],
            run: Effect.scoped(
              Effect.gen(function* () {
                yield* resource("1")
                yield* resource("2")
                yield* Effect.sleep("1 hour").pipe(Effect.onInterrupt(() => Effect.sync(() => log.push("stop"))))
                log.push("woke")
                return "C" as const
              })
            )
          },
          C: { to: ["Done"], run: () => (log.push("C"), "Done") }
        }
      })
      const fiber = yield* Effect.forkChild(Workflow.run(workflow))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(log, ["+1", "+2", "stop", "-2", "-1"])
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )

  it.effect("W4 in the delay before a retry stops at once", () =>
    Effect.gen(function* () {
      let attempts = 0
      const workflow = makeUnchecked("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Done", "Failed"],
            run: Task.make({
              retry: Retry.fixed(5, "1 hour"),
              run: Effect.suspend(() => (attempts++, Effect.fail(new Declined({ reason: "" }))))
            }),
            catch: { Declined: "Failed" }
          }
        }
      })
      const fiber = yield* Effect.forkChild(Workflow.run(workflow))
      yield* TestClock.adjust("90 minutes")
      assert.strictEqual(attempts, 2)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, 90 * 60_000)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(attempts, 2)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )
})

describe("fairness", () => {
  const spin = (limit: number, mixed: boolean) => {
    const count = { n: 0 }
    const workflow = Workflow.make("spin", Path, {
      initial: "A",
      exits: ["Done"],
      states: {
        A: { to: ["B"], run: () => "B" },
        B: { to: ["C"], run: mixed ? Effect.sync(() => "C" as const) : () => "C" },
        C: { to: ["A", "Done"], run: () => ((count.n += 3), count.n < limit ? "A" : "Done") }
      }
    })
    return { count, workflow }
  }
  for (const mixed of [false, true]) {
    const what = mixed ? "loop of pure functions and an Effect.sync" : "loop of pure functions"
    it.live(`a ${what} of 10^7 transitions is interrupted within 50 ms and lets timers run`, () =>
      Effect.gen(function* () {
        const { count, workflow } = spin(Infinity, mixed)
        let ticks = 0
        const timer = setInterval(() => ticks++, 1)
        const fiber = yield* Effect.forkChild(Workflow.run(workflow))
        while (count.n < 10_000_000) yield* Effect.sleep(1)
        clearInterval(timer)
        const before = performance.now()
        yield* Fiber.interrupt(fiber)
        assert.isBelow(performance.now() - before, 50)
        assert.isAbove(ticks, 0)
        const stopped = count.n
        yield* Effect.sleep(5)
        assert.strictEqual(count.n, stopped)
      })
    )

    it.live(`a ${what} gets to its end`, () =>
      Effect.gen(function* () {
        const { count, workflow } = spin(300_000, mixed)
        assert.strictEqual(yield* Workflow.run(workflow), "Done")
        assert.strictEqual(count.n, 300_000)
      })
    )
  }
})

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
        const exit = yield* Workflow.run(order, { _tag: "Pay", total })
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
      assert.strictEqual(yield* Workflow.run(nested), "Done")
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
      assert.strictEqual(yield* Workflow.run(parent), "Failed")
    })
  )
})

describe("step", () => {
  let attempts = 0
  const workflow = Workflow.make("w", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: {
        to: ["C"],
        run: Task.make({
          retry: Retry.fixed(2, "1 second"),
          run: Effect.suspend(() =>
            ++attempts < 3 ? Effect.fail(new Unavailable({ after: attempts })) : Effect.succeed("C")
          )
        })
      },
      C: { to: ["Done", "Failed"], run: Effect.fail(new Declined({ reason: "no" })), catch: { Declined: "Failed" } }
    }
  })

  it.effect("runs one state, with its retries and its error edges, and gives the next", () =>
    Effect.gen(function* () {
      attempts = 0
      assert.strictEqual(yield* Workflow.step(workflow, "A"), "B")
      assert.deepStrictEqual(yield* inVirtualTime(Workflow.step(workflow, "B")), Exit.succeed("C" as const))
      assert.strictEqual(attempts, 3)
      assert.strictEqual(yield* Workflow.step(workflow, "C"), "Failed")
    })
  )

  it.effect("gives an exit back as it is", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Workflow.step(workflow, "Done"), "Done")
    })
  )

  it.effect("runs a state once even where it leads to itself", () =>
    Effect.gen(function* () {
      let runs = 0
      for (const run of [() => (runs++, "A"), Effect.sync(() => (runs++, "A"))]) {
        const self = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["A", "Done"], run } }
        })
        runs = 0
        assert.strictEqual(yield* Workflow.step(self, "A"), "A")
        assert.strictEqual(runs, 1)
      }
    })
  )
})

describe("withMaxTransitions", () => {
  /** Ends after exactly `n` transitions. */
  const ring = (n: number, run: (next: () => string) => unknown) => {
    let left = n
    return makeUnchecked("ring", Letters, {
      initial: "A",
      exits: ["Done"],
      states: {
        A: {
          to: ["A", "Done"],
          run: run(() => (--left === 0 ? "Done" : "A")),
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
  for (const [kind, run] of Object.entries(kinds)) {
    for (const n of [1, 2, 7, 2048, 2049, 5000]) {
      it.effect(`W2 n = ${n} is enough for n transitions of ${kind}, n - 1 is not`, () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* Workflow.run(Workflow.withMaxTransitions(ring(n, run), n)), "Done")
          if (n === 1) return
          const exit = yield* Effect.exit(Workflow.run(Workflow.withMaxTransitions(ring(n, run), n - 1)))
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
        yield* Workflow.run(
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

  it.effect("leaves the workflow it was made from without a bound; the last bound counts", () =>
    Effect.gen(function* () {
      const free = ring(100, (next) => next)
      Workflow.withMaxTransitions(free, 1)
      assert.strictEqual(yield* Workflow.run(free), "Done")
      const twice = ring(100, (next) => next).pipe(Workflow.withMaxTransitions(3), Workflow.withMaxTransitions(100))
      assert.strictEqual(yield* Workflow.run(twice), "Done")
    })
  )
})

describe("nested retries", () => {
  it.effect(
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
        yield* inVirtualTime(Effect.retry(Workflow.run(child), { times: 1 }))
        assert.deepStrictEqual(seen, [0, 1, 0, 1])
      })
  )
})

it.live("runs within runs are as fair as one", () =>
  Effect.gen(function* () {
    const Step = Schema.Literals(["Step", "Done"])
    let steps = 0
    const child = Workflow.make("child", Step, {
      initial: "Step",
      exits: ["Done"],
      states: { Step: { to: ["Step", "Done"], run: () => (++steps % 2000 === 0 ? "Done" : "Step") } }
    })
    const parent = Workflow.make("parent", Step, {
      initial: "Step",
      exits: ["Done"],
      states: { Step: { to: ["Step", "Done"], run: Workflow.asTask(child, () => "Step" as "Step" | "Done") } }
    })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const fiber = yield* Effect.forkChild(Workflow.run(parent))
    yield* Effect.sleep("50 millis")
    yield* Fiber.interrupt(fiber)
    clearInterval(timer)
    assert.isAbove(ticks, 5)
  })
)

describe("the state a run needs", () => {
  const Payment = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: {} })
  const payment = Workflow.make("payment", Payment, {
    initial: "Charge",
    exits: ["Paid"],
    states: { Charge: { to: ["Paid"], run: () => ({ _tag: "Paid" }) } }
  })

  it.effect("is never made up: a run without it dies, also where it is hidden from the compiler by pipe", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(payment.pipe(Workflow.run))
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
      assert.deepStrictEqual(yield* Workflow.run(job), { _tag: "Done" })
    })
  )

  it("is not printed with the workflow, which shows its graph only", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(payment)), {
      _id: "Workflow",
      name: "payment",
      initial: "Charge",
      exits: ["Paid"],
      edges: { Charge: ["Paid"] }
    })
  })
})
