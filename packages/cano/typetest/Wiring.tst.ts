import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Node from "../src/Node.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Offline extends Data.TaggedError("Offline")<{ readonly host: string }> {}
class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

const Order = Schema.Literals(["Start", "Paid", "Failed"])
const Payment = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: { cents: Schema.Number }, Refused: {} })
const Mixed = Schema.Union([Schema.Literals(["Begin", "End"]), Payment])

declare const charge: Effect.Effect<"Paid", Declined | Offline>
declare const pay: Effect.Effect<{ readonly _tag: "Paid"; readonly cents: number }, Declined | Offline>

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
      // @ts-expect-error the schema lists no states: each is a string literal, or a record whose _tag is one
      Plain,
      { initial: "Start", exits: ["Paid"], states: { Start: { to: ["Paid"], run: () => "Paid" } } }
    )
    use(Workflow.run(plain))
  })

  it("of states whose tags are not known", () => {
    const text = Workflow.make(
      "text",
      // @ts-expect-error the schema lists no states: each is a string literal, or a record whose _tag is one
      Schema.String,
      { initial: "Start", exits: ["Paid"], states: { Start: { to: ["Paid"], run: () => "Paid" } } }
    )
    use(Workflow.run(text))
    const record = Workflow.make(
      "record",
      // @ts-expect-error the schema lists no states: each is a string literal, or a record whose _tag is one
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
        // @ts-expect-error state \"Start\" can return anything: give it a type
        Start: { to: ["Paid", "Failed"], run: {} as any }
      }
    })
    use(Workflow.run(any))
    const anyEffect = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return anything: give it a type
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
        // @ts-expect-error state \"Start\" has no \"attemptTimeout\": a state has \"to\", \"run\", \"catch\" and \"compensate\"
        Start: { to: ["Paid", "Failed"], run: () => "Paid", attemptTimeout: "5 seconds" }
      }
    })
    use(Workflow.run(timeout))
    const retry = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"retry\": a state has \"to\", \"run\", \"catch\" and \"compensate\"
        Start: { to: ["Paid", "Failed"], run: () => "Paid", retry: 3 }
      }
    })
    use(Workflow.run(retry))
    const onError = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"onError\": a state has \"to\", \"run\", \"catch\" and \"compensate\"
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
          // @ts-expect-error state \"Charge\", catching \"Declined\", can return a \"Paid\" whose \"cents\" does not fit the schema
          catch: { Declined: (error) => ({ _tag: "Paid", cents: error.reason }) }
        }
      }
    })
    use(Workflow.run(order, { _tag: "Charge", cents: 1 }))
  })

  it("of all others takes what is left out of the failures", () => {
    const all = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: { Start: { to: ["Paid", "Failed"], run: charge, catch: { "*": "Failed" } } }
    })
    expect<Workflow.Workflow.Error<typeof all>>().type.toBe<never>()
    const others = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        Start: {
          to: ["Paid", "Failed"],
          run: charge,
          catch: { Declined: "Failed", "*": (error: Offline) => (error.host === "" ? "Paid" : "Failed") }
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof others>>().type.toBe<never>()
    const untagged = Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        Start: {
          to: ["Paid", "Failed"],
          run: Effect.fail("down"),
          catch: {
            "*": (error, state) => {
              expect(error).type.toBe<string>()
              expect(state).type.toBe<"Start">()
              return "Failed"
            }
          }
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof untagged>>().type.toBe<never>()
  })

  it("of all others, where there are none", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" cannot fail with anything else: \"*\" catches nothing
        Start: { to: ["Paid", "Failed"], run: charge, catch: { Declined: "Failed", Offline: "Failed", "*": "Failed" } }
      }
    })
  })

  it("of all others to a state that is not declared, or with a function that takes another error", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can go to \"Failed\" by catching \"*\", which its \"to\" does not list
        Start: { to: ["Paid"], run: charge, catch: { "*": "Failed" } }
      }
    })
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error the function that catches \"*\" takes another error
        Start: { to: ["Paid", "Failed"], run: charge, catch: { "*": (_error: Declined) => "Failed" } }
      }
    })
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error the function that catches \"Declined\" takes another state
        Start: { to: ["Paid", "Failed"], run: charge, catch: { Declined: (_: Declined, _state: "Paid") => "Failed" } }
      }
    })
  })

  it("with a payload types the error and the state, and checks the payload", () => {
    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: pay,
          catch: {
            Declined: {
              to: "Paid",
              with: (error, state) => {
                expect(error).type.toBe<Declined>()
                expect(state.cents).type.toBe<number>()
                return { cents: 0 }
              }
            }
          }
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof payment>>().type.toBe<Offline>()
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: pay,
          // @ts-expect-error state \"Charge\", catching \"Declined\", can go to \"Paid\" with a \"cents\" that does not fit the schema
          catch: { Declined: { to: "Paid", with: (error) => ({ cents: error.reason }) } }
        }
      }
    })
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid"],
          run: pay,
          // @ts-expect-error state \"Charge\" can go to \"Refused\" by catching \"Declined\", which its \"to\" does not list
          catch: { Declined: { to: "Refused", with: () => ({}) } }
        }
      }
    })
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: pay,
          // @ts-expect-error \"Refusd\" is not a state of the schema
          catch: { Declined: { to: "Refusd", with: () => ({}) } }
        }
      }
    })
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error \"Failed\" carries no payload: catch \"Declined\" with \"Failed\"
        Start: { to: ["Paid", "Failed"], run: charge, catch: { Declined: { to: "Failed", with: () => ({}) } } }
      }
    })
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" catches \"Declined\" with what is neither a state nor a function nor { to, with }
        Start: { to: ["Paid", "Failed"], run: charge, catch: { Declined: 3 } }
      }
    })
  })
})

describe("a catch of the workflow", () => {
  const Longer = Schema.Literals(["Start", "Pack", "Paid", "Failed"])

  it("takes what the states leave out of the failures, and types the error and the state", () => {
    const all = Workflow.make("order", Longer, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        Start: { to: ["Pack", "Failed"], run: Effect.as(charge, "Pack"), catch: { Declined: "Failed" } },
        Pack: { to: ["Paid", "Failed"], run: charge }
      },
      catch: { "*": "Failed" }
    })
    expect<Workflow.Workflow.Error<typeof all>>().type.toBe<never>()
    const some = Workflow.make("order", Longer, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        Start: { to: ["Pack"], run: (state) => (state === "Start" ? "Pack" : "Pack") },
        Pack: { to: ["Paid", "Failed"], run: charge }
      },
      catch: {
        Offline: (error, state) => {
          expect(error).type.toBe<Offline>()
          expect(state).type.toBe<"Start" | "Pack">()
          return "Failed"
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof some>>().type.toBe<Declined>()
    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: { Charge: { to: ["Paid", "Refused"], run: pay } },
      catch: { Declined: { to: "Paid", with: (_, state) => ({ cents: state.cents }) }, Offline: "Refused" }
    })
    expect<Workflow.Workflow.Error<typeof payment>>().type.toBe<never>()
  })

  it("to a state that a state which leaves the failure does not list", () => {
    Workflow.make("order", Longer, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can go to \"Failed\" by the \"catch\" of the workflow, which its \"to\" does not list
        Start: { to: ["Pack"], run: Effect.as(charge, "Pack"), catch: { Declined: "Pack" } },
        Pack: { to: ["Paid", "Failed"], run: () => "Paid" }
      },
      catch: { "*": "Failed" }
    })
  })

  it("of a failure that no state leaves", () => {
    const order = Workflow.make("order", Longer, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: {
        Start: { to: ["Pack", "Failed"], run: Effect.as(charge, "Pack"), catch: { Declined: "Failed" } },
        Pack: { to: ["Paid", "Failed"], run: () => "Paid" }
      },
      // @ts-expect-error a state cannot fail with \"Declined\"
      catch: { Declined: "Failed" }
    })
    use(Effect.catchTag(Workflow.run(order), "Offline", () => Effect.void))
  })

  it("to a state that does not exist, or that carries a payload", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: { Start: { to: ["Paid", "Failed"], run: charge } },
      // @ts-expect-error \"Faild\" is not a state of the schema
      catch: { "*": "Faild" }
    })
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: { Charge: { to: ["Paid", "Refused"], run: pay } },
      // @ts-expect-error \"Paid\" carries a payload: catch \"*\" with { to: \"Paid\", with: (error, state) => payload }
      catch: { "*": "Paid" }
    })
  })

  it("that stands before the states needs its error annotated", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      // @ts-expect-error annotate the error that catches \"Declined\", as in (error: Declined) => next state: its type cannot be inferred here
      catch: { Declined: (error) => (error === undefined ? "Failed" : "Failed") },
      states: { Start: { to: ["Paid", "Failed"], run: (state) => (state === "Start" ? charge : charge) } }
    })
  })

  it("keeps the literals of the records that its functions return", () => {
    const catching = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: { Charge: { to: ["Paid", "Refused"], run: pay } },
      catch: { "*": (_, state) => ({ _tag: "Paid", cents: state.cents }) }
    })
    expect<Workflow.Workflow.Error<typeof catching>>().type.toBe<never>()
  })

  it("whose function loses the literal of a record", () => {
    const tag: string = "Paid"
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: { Charge: { to: ["Paid", "Refused"], run: pay } },
      // @ts-expect-error the workflow, catching \"*\", returns a record whose _tag is string, not a state: write \"as const\" after the value
      catch: { "*": () => ({ _tag: tag, cents: 1 }) }
    })
  })

  it("whose routes may be missing", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits: ["Paid", "Failed"],
      states: { Start: { to: ["Paid", "Failed"], run: charge } },
      // @ts-expect-error the route of \"Declined\" may be undefined
      catch: {} as { readonly Declined?: "Failed" }
    })
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
