import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Node from "../src/Node.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

const Order = Schema.Literals(["Start", "Paid", "Failed"])
const Payment = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: { cents: Schema.Number }, Refused: {} })
const Mixed = Schema.Union([Schema.Literals(["Begin", "End"]), Payment])

/** A mistake is one error: what stands here compiles, although the workflow does not. */
const use = (_run: Effect.Effect<unknown, unknown>): void => {}

describe("a schema", () => {
  it("of literals and records keeps the literals of all functions", () => {
    const mixed = Workflow.make("mixed", Mixed, {
      initial: "Begin",
      exits: ["End", "Paid", "Refused"],
      states: {
        Begin: {
          to: ["Charge", "End"],
          run: function* () {
            yield* Effect.void
            return "End"
          }
        },
        Charge: {
          to: ["End", "Paid"],
          run: function* (state) {
            expect(state.cents).type.toBe<number>()
            yield* Effect.void
            return { _tag: "Paid", cents: 1 }
          }
        }
      }
    })
    expect(Workflow.run(mixed)).type.toBe<
      Effect.Effect<"End" | { readonly _tag: "Paid"; readonly cents: number } | { readonly _tag: "Refused" }>
    >()
  })

  it("of states without a tag", () => {
    class Plain extends Schema.Class<Plain>("Plain")({ cents: Schema.Number }) {}
    const plain = Workflow.make(
      "plain",
      // @ts-expect-error a state is a string literal or a record with a _tag: list them, as Schema.Literals and Schema.TaggedUnion do
      Plain,
      { initial: "Start", exits: ["Paid"], states: { Start: { to: ["Paid"], run: () => "Paid" } } }
    )
    use(Workflow.run(plain))
  })

  it("of states whose tags are not known", () => {
    const text = Workflow.make(
      "text",
      // @ts-expect-error the states have no tags that are known: list them, as Schema.Literals and Schema.TaggedUnion do
      Schema.String,
      { initial: "Start", exits: ["Paid"], states: { Start: { to: ["Paid"], run: () => "Paid" } } }
    )
    use(Workflow.run(text))
    const record = Workflow.make(
      "record",
      // @ts-expect-error the states have no tags that are known: list them, as Schema.Literals and Schema.TaggedUnion do
      Schema.Struct({ _tag: Schema.String }),
      { initial: "Start", exits: ["Paid"], states: { Start: { to: ["Paid"], run: () => ({ _tag: "Paid" }) } } }
    )
    use(Workflow.run(record))
  })
})

describe("a run that gives no state", () => {
  it("because it is an async function", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" returns a promise: return an Effect, as Effect.promise makes
        Start: { to: ["Paid", "Failed"], run: async () => "Paid" }
      }
    })
    use(Workflow.run(order))
  })

  it("because it is a promise", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" returns a promise: return an Effect, as Effect.promise makes
        Start: { to: ["Paid", "Failed"], run: Promise.resolve("Paid" as const) }
      }
    })
    use(Workflow.run(order))
  })

  it("because it returns nothing, always or at times", () => {
    const always = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" returns nothing: return the next state
        Start: { to: ["Paid", "Failed"], run: () => Effect.log("start") }
      }
    })
    use(Workflow.run(always))
    const atTimes = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" returns nothing: return the next state
        Start: { to: ["Paid", "Failed"], run: () => (Math.random() > 0.5 ? "Paid" : undefined) }
      }
    })
    use(Workflow.run(atTimes))
  })

  it("because it gives a number", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return a value that is not a state of the schema
        Start: { to: ["Paid", "Failed"], run: () => 1 }
      }
    })
    use(Workflow.run(order))
  })

  it("because it is a state itself", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has a \"run\" that is no work: give it a task, an Effect or a function
        Start: { to: ["Paid", "Failed"], run: "Paid" }
      }
    })
    use(Workflow.run(order))
  })

  it("because nothing is known of it", () => {
    const any = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return anything: give its \"run\" a type
        Start: { to: ["Paid", "Failed"], run: {} as any }
      }
    })
    use(Workflow.run(any))
    const anyEffect = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return anything: give its \"run\" a type
        Start: { to: ["Paid", "Failed"], run: {} as Effect.Effect<any, any, any> }
      }
    })
    use(Workflow.run(anyEffect))
  })

  it("because its node has lost the literal", () => {
    const pay = Node.make({ prep: () => 1, exec: () => 1, post: () => Effect.as(Effect.void, "Paid") })
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" returns string, not a state: write \"as const\" after the value, or return it from a generator function
        Start: { to: ["Paid", "Failed"], run: pay }
      }
    })
    use(Workflow.run(order))
  })

  it("because an overloaded function does in one of its signatures", () => {
    const overloaded = {} as { (state: 1): "Maybe"; (state: unknown): "Paid" }
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return \"Maybe\", which is not a state of the schema
        Start: { to: ["Paid", "Failed"], run: overloaded }
      }
    })
    use(Workflow.run(order))
  })
})

describe("a run that takes another state", () => {
  it("as a function", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has a function that takes another state
        Start: { to: ["Paid", "Failed"], run: (_cents: number) => "Paid" }
      }
    })
    use(Workflow.run(order))
  })

  it("as a task", () => {
    const pay = Task.make({ run: (cents: number) => (cents > 0 ? "Paid" : "Failed") })
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has a task that takes another state
        Start: { to: ["Paid", "Failed"], run: pay }
      }
    })
    use(Workflow.run(order))
  })
})

describe("a key that a state does not have", () => {
  it("and whose value is a literal", () => {
    const timeout = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"attemptTimeout\": a state has \"to\", \"run\" and \"catch\"
        Start: { to: ["Paid", "Failed"], run: () => "Paid", attemptTimeout: "5 seconds" }
      }
    })
    use(Workflow.run(timeout))
    const retry = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"retry\": a state has \"to\", \"run\" and \"catch\"
        Start: { to: ["Paid", "Failed"], run: () => "Paid", retry: 3 }
      }
    })
    use(Workflow.run(retry))
    const onError = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"onError\": a state has \"to\", \"run\" and \"catch\"
        Start: { to: ["Paid", "Failed"], run: () => "Paid", onError: "Failed" }
      }
    })
    use(Workflow.run(onError))
  })

  it("and a definition without states", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      // @ts-expect-error 'state' does not exist in type
      state: { Start: { to: ["Paid", "Failed"], run: () => "Paid" } }
    })
    use(Workflow.run(order))
  })
})

describe("a catch", () => {
  it("of a failure without a tag", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" cannot fail with \"anything\"
        Start: { to: ["Paid", "Failed"], run: Effect.fail("down"), catch: { anything: "Failed" } }
      }
    })
    use(Workflow.run(order))
    const named = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" cannot fail with \"down\"
        Start: { to: ["Paid", "Failed"], run: Effect.fail("down" as const), catch: { down: "Failed" } }
      }
    })
    use(Workflow.run(named))
  })

  it("whose function gives no state", () => {
    const order = Workflow.make("order", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: Effect.fail(new Declined({ reason: "" })),
          // @ts-expect-error state \"Charge\" can return a \"Paid\" whose \"cents\" does not fit the schema
          catch: { Declined: (error) => ({ _tag: "Paid", cents: error.reason }) }
        }
      }
    })
    use(Workflow.run(order, { _tag: "Charge", cents: 1 }))
  })
})

describe("a mistake is one error", () => {
  it("in the initial state", () => {
    const payment = Workflow.make("payment", Payment, {
      // @ts-expect-error Type '"Chrge"' is not assignable to type ... Did you mean '"Charge"'?
      initial: "Chrge",
      exits: ["Paid", "Refused"],
      states: { Charge: { to: ["Paid", "Refused"], run: (state) => ({ _tag: "Paid", cents: state.cents }) } }
    })
    use(Workflow.run(payment))
  })

  it("in a target", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error Type '"Faild"' is not assignable to type ... Did you mean '"Failed"'?
        Start: { to: ["Faild"], run: () => "Paid" }
      }
    })
    use(Workflow.run(order))
    const text = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error Type 'string' is not assignable to type '"
        Start: { to: ["Paid"] as Array<string>, run: () => "Paid" }
      }
    })
    use(Workflow.run(text))
  })
})
