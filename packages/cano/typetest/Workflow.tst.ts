import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Offline extends Data.TaggedError("Offline")<{ readonly host: string }> {}
class Payments extends Context.Service<Payments, { readonly charge: Effect.Effect<void, Declined> }>()("Payments") {}

const Count = Store.key("count", Schema.Number)

type OrderState = "Start" | "Validate" | "Process" | "Complete" | "Failed"
const OrderState = Schema.Literals(["Start", "Validate", "Process", "Complete", "Failed"])

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number },
  Ship: { parcel: Schema.String },
  Idle: {},
  Paid: { cents: Schema.Number },
  Refused: { reason: Schema.String }
})
type Payment = typeof Payment.Type
type Charge = Extract<Payment, { readonly _tag: "Charge" }>
type Paid = Extract<Payment, { readonly _tag: "Paid" }>
type Refused = Extract<Payment, { readonly _tag: "Refused" }>

declare const charge: Effect.Effect<"Process", Declined | Offline, Payments>

describe("what make infers", () => {
  it("the exits, the errors that no state catches, and the services", () => {
    const order = Workflow.make("order", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: Store.put(Count, 1).pipe(Effect.as("Validate")) },
        Validate: { to: ["Process", "Failed"], run: charge, catch: { Declined: "Failed" } },
        Process: { to: ["Complete"], run: () => "Complete" }
      }
    })
    expect(order).type.toBe<
      Workflow.Workflow<OrderState, "Complete" | "Failed", Offline, Payments | Store.MemoryStore, "Start">
    >()
    expect(Workflow.run(order)).type.toBe<Effect.Effect<"Complete" | "Failed", Offline, Payments | Store.MemoryStore>>()
    expect(Workflow.run(order, "Process")).type.toBe<
      Effect.Effect<"Complete" | "Failed", Offline, Payments | Store.MemoryStore>
    >()
    expect(Workflow.step(order, "Start")).type.toBe<Effect.Effect<OrderState, Offline, Payments | Store.MemoryStore>>()
    expect<Workflow.Workflow.State<typeof order>>().type.toBe<OrderState>()
    expect<Workflow.Workflow.Exit<typeof order>>().type.toBe<"Complete" | "Failed">()
    expect<Workflow.Workflow.Error<typeof order>>().type.toBe<Offline>()
    expect<Workflow.Workflow.Services<typeof order>>().type.toBe<Payments | Store.MemoryStore>()
  })

  it("a catch speaks for its own state only", () => {
    const order = Workflow.make("order", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: {
          to: ["Validate"],
          run: function* () {
            yield* new Declined({ reason: "early" })
            return "Validate"
          }
        },
        Validate: { to: ["Process", "Failed"], run: charge, catch: { Declined: "Failed", Offline: "Failed" } },
        Process: { to: ["Complete"], run: () => "Complete" }
      }
    })
    expect<Workflow.Workflow.Error<typeof order>>().type.toBe<Declined>()
  })

  it("the payload of an exit, and the state that a run must be started in", () => {
    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused", "Ship"],
          run: function* (state) {
            expect(state).type.toBe<Charge>()
            if (state.cents > 100) yield* new Declined({ reason: "limit" })
            return { _tag: "Paid", cents: state.cents }
          },
          catch: { Declined: (error: Declined) => ({ _tag: "Refused", reason: error.reason }) }
        },
        Ship: { to: ["Idle"], run: (state) => (state.parcel === "" ? { _tag: "Idle" } : { _tag: "Idle" }) },
        Idle: { to: ["Paid"], run: Effect.succeed({ _tag: "Paid", cents: 1 }) }
      }
    })
    expect(payment).type.toBe<Workflow.Workflow<Payment, Paid | Refused, never, never, Charge>>()
    expect(Workflow.run(payment, { _tag: "Charge", cents: 1 })).type.toBe<Effect.Effect<Paid | Refused>>()
    // @ts-expect-error Expected 2 arguments, but got 1
    Workflow.run(payment)
    // @ts-expect-error Type '"Chrge"' is not assignable
    Workflow.run(payment, { _tag: "Chrge", cents: 1 })
  })

  it("literals and records mix", () => {
    const mixed = Workflow.make("mixed", Schema.Union([Payment, Schema.Literals(["Begin", "End"])]), {
      initial: "Begin",
      exits: ["End", "Paid", "Refused"],
      states: {
        Begin: { to: ["Charge", "End"], run: () => (Math.random() > 0.5 ? "End" : { _tag: "Charge", cents: 1 }) },
        Charge: { to: ["Paid", "Ship"], run: (state) => ({ _tag: "Paid", cents: state.cents }) },
        Ship: { to: ["Refused", "Idle"], run: (state) => Effect.succeed({ _tag: "Refused", reason: state.parcel }) },
        Idle: { to: ["End"], run: () => "End" }
      }
    })
    expect<Workflow.Workflow.Exit<typeof mixed>>().type.toBe<"End" | Paid | Refused>()
    Workflow.run(mixed)
  })
})

describe("what run accepts", () => {
  const order = <const Run>(run: Run): Run => run

  it("keeps literals without as const, and types the state, in every form", () => {
    Workflow.make("forms", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: {
          to: ["Validate", "Failed"],
          run: (state) => {
            expect(state).type.toBe<"Start">()
            return state.length > 5 ? Effect.succeed("Validate") : Effect.as(Effect.void, "Failed")
          }
        },
        Validate: {
          to: ["Process"],
          run: Task.make({
            retry: Retry.exponential(3),
            attemptTimeout: "1 second",
            run: function* (state) {
              expect(state).type.toBe<"Validate">()
              yield* Effect.void
              return "Process"
            }
          })
        },
        Process: {
          to: ["Complete", "Failed"],
          run: Node.make({
            prep: Store.get(Count),
            exec: (count) => {
              expect(count).type.toBe<number>()
              return Effect.succeed(count > 1)
            },
            post: (ok, state) => {
              expect(ok).type.toBe<boolean>()
              expect(state).type.toBe<"Process">()
              return ok ? "Complete" : "Failed"
            }
          })
        }
      }
    })
    expect(order).type.not.toBe<never>()
  })

  it("keeps the literals of bare Effects", () => {
    const order = Workflow.make("effects", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: Effect.succeed("Validate") },
        Validate: { to: ["Process"], run: Effect.as(Effect.fail(new Offline({ host: "a" })), "Process") },
        Process: { to: ["Complete", "Failed"], run: Effect.sync(() => (Math.random() > 0.5 ? "Complete" : "Failed")) }
      }
    })
    expect<Workflow.Workflow.Error<typeof order>>().type.toBe<Offline>()
    const payment = Workflow.make("effects", Payment, {
      initial: "Idle",
      exits: ["Paid", "Refused", "Charge", "Ship"],
      states: {
        Idle: {
          to: ["Paid", "Refused", "Charge", "Ship"],
          run: Effect.succeed(1).pipe(Effect.map((cents) => ({ _tag: "Paid", cents })))
        }
      }
    })
    expect(payment).type.toBeAssignableTo<Workflow.Workflow.Any>()
  })

  it("types the payload in tasks, nodes and nested workflows", () => {
    const child = Workflow.make("child", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: Effect.fail(new Offline({ host: "a" })) }
      }
    })
    const parent = Workflow.make("parent", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Ship", "Refused"],
          run: Workflow.asTask(child, (exit, state) =>
            exit === "Complete" ? { _tag: "Ship", parcel: String(state.cents) } : { _tag: "Refused", reason: "child" }
          )
        },
        Ship: {
          to: ["Idle"],
          run: Task.make({
            run: (state) => {
              expect(state.parcel).type.toBe<string>()
              return Effect.succeed({ _tag: "Idle" })
            }
          })
        },
        Idle: {
          to: ["Paid"],
          run: Node.make({
            prep: (state) => Effect.succeed(state._tag.length),
            exec: (length) => length,
            post: function* (cents) {
              yield* Store.put(Count, cents)
              return { _tag: "Paid", cents }
            }
          })
        }
      }
    })
    expect(parent).type.toBe<Workflow.Workflow<Payment, Paid | Refused, Offline, Store.MemoryStore, Charge>>()
    // @ts-expect-error Expected 3 arguments, but got 2
    Workflow.asTask(parent, () => "Done")
  })

  it("types the error of a catch function by the run beside it", () => {
    Workflow.make("catch", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: {
          to: ["Validate", "Failed"],
          run: charge.pipe(Effect.as("Validate")),
          catch: {
            Declined: (error, state) => {
              expect(error).type.toBe<Declined>()
              expect(state).type.toBe<"Start">()
              return "Failed"
            },
            Offline: "Failed"
          }
        },
        Validate: {
          to: ["Process", "Failed"],
          run: function* () {
            yield* new Offline({ host: "b" })
            return "Process"
          },
          catch: { Offline: (error) => (error.host === "" ? "Failed" : "Process") }
        },
        Process: {
          to: ["Complete"],
          run: (state) => (state === "Process" ? Effect.succeed("Complete") : Effect.fail(new Offline({ host: "c" }))),
          catch: { Offline: (error: Offline) => (error.host === "" ? "Complete" : "Complete") }
        }
      }
    })
  })
})

describe("wiring mistakes do not compile", () => {
  const make = Workflow.make

  it("a misspelt target", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        // @ts-expect-error Type '"Validte"' is not assignable to type ... Did you mean '"Validate"'?
        Start: { to: ["Validte"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a task that returns a state that does not exist", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" can return \"Validte\", which is not a state of the schema
        Start: { to: ["Validate"], run: () => Effect.succeed("Validte") },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("an edge that is not declared", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error state \"Validate\" can go to \"Failed\", which its \"to\" does not list
        Validate: { to: ["Process"], run: () => (Math.random() > 0.5 ? "Process" : "Failed") },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a task value that takes an undeclared edge", () => {
    const task = Task.make({ retry: Retry.fixed(1, 10), run: () => (Math.random() > 0.5 ? "Process" : "Failed") })
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error state \"Validate\" can go to \"Failed\", which its \"to\" does not list
        Validate: { to: ["Process"], run: task },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a state without a definition", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      // @ts-expect-error Property 'Process' is missing in type
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" }
      }
    })
  })

  it("a definition for something that is not a state", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" },
        // @ts-expect-error \"Extra\" is not a state of the schema
        Extra: { to: ["Complete"], run: () => "Complete" }
      }
    })
  })

  it("an exit with a definition", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete"], run: () => "Complete" },
        // @ts-expect-error \"Failed\" is an exit: it must not have a definition
        Failed: { to: ["Complete"], run: () => "Complete" }
      }
    })
  })

  it("an initial state or an exit that does not exist", () => {
    make("m", OrderState, {
      // @ts-expect-error Type '"Strt"' is not assignable to type ... Did you mean '"Start"'?
      initial: "Strt",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
    make("m", OrderState, {
      initial: "Start",
      // @ts-expect-error \"Compleet\" is not a state of the schema
      exits: ["Compleet", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" },
        Complete: { to: ["Failed"], run: () => "Failed" }
      }
    })
  })

  it("a catch for an error that the task cannot have", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error state \"Validate\" cannot fail with \"Decline\"
        Validate: { to: ["Process", "Failed"], run: charge, catch: { Decline: "Failed" } },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a catch to a state that is not declared, by tag and by function", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error state \"Validate\" can go to \"Failed\" by catching \"Declined\", which its \"to\" does not list
        Validate: { to: ["Process"], run: charge, catch: { Declined: "Failed" } },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error state \"Validate\" can go to \"Failed\" by catching \"Declined\", which its \"to\" does not list
        Validate: { to: ["Process"], run: charge, catch: { Declined: () => "Failed" } },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a catch to a state that carries a payload, by its tag alone", () => {
    make("m", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Refused", "Ship"],
          run: Effect.fail(new Declined({ reason: "" })),
          // @ts-expect-error \"Refused\" carries a payload: catch \"Declined\" with { to: \"Refused\", with: (error, state) => payload }
          catch: { Declined: "Refused" }
        },
        Ship: { to: ["Idle"], run: Effect.fail(new Declined({ reason: "" })), catch: { Declined: "Idle" } },
        Idle: { to: ["Paid"], run: () => ({ _tag: "Paid", cents: 1 }) }
      }
    })
  })

  it("a catch function beside an inline function needs its error annotated", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: {
          to: ["Process", "Failed"],
          run: (state) =>
            state === "Validate" ? Effect.succeed("Process") : Effect.fail(new Declined({ reason: "" })),
          // @ts-expect-error annotate the error that catches \"Declined\", as in (error: Declined) => next state
          catch: { Declined: (error) => (error === undefined ? "Failed" : "Failed") }
        },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a payload that does not fit its state", () => {
    make("m", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        // @ts-expect-error state \"Charge\" can return a \"Paid\" whose \"cents\" does not fit the schema
        Charge: { to: ["Paid"], run: (state) => ({ _tag: "Paid", cent: state.cents }) },
        Ship: { to: ["Idle", "Refused"], run: () => ({ _tag: "Idle" }) },
        Idle: { to: ["Paid"], run: () => ({ _tag: "Paid", cents: 1 }) }
      }
    })
  })

  it("a fork whose branch cannot take the state", () => {
    const needy = Task.make({ run: (state: { readonly id: number }) => String(state.id) })
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        // @ts-expect-error is not assignable to type
        Start: { to: ["Validate"], run: Task.fork({ branches: { needy }, join: () => "Validate" }) },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a catch that may be missing", () => {
    const route = {} as { readonly Declined?: "Failed" }
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error the route of \"Declined\" may be undefined
        Validate: { to: ["Process", "Failed"], run: charge, catch: route },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a key that a state does not have", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        // @ts-expect-error state \"Start\" has no \"retry\": a state has \"to\", \"run\", \"catch\" and \"compensate\"
        Start: { to: ["Validate"], retry: Retry.fixed(1, 1), run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("no list of exits", () => {
    // @ts-expect-error Property 'exits' is missing in type
    make("m", OrderState, {
      initial: "Start",
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: () => "Process" },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" },
        Complete: { to: ["Failed"], run: () => "Failed" },
        Failed: { to: ["Complete"], run: () => "Complete" }
      }
    })
  })

  it("a catch to a state that does not exist", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        // @ts-expect-error \"Faild\" is not a state of the schema
        Validate: { to: ["Process", "Failed"], run: charge, catch: { Declined: "Faild" } },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a tag in place of a record", () => {
    make("m", Payment, {
      initial: "Ship",
      exits: ["Paid", "Refused", "Charge"],
      states: {
        // @ts-expect-error state \"Ship\" returns a string, and the states are records: return { _tag: ... }
        Ship: { to: ["Idle"], run: () => "Idle" },
        Idle: { to: ["Paid"], run: () => ({ _tag: "Paid", cents: 1 }) }
      }
    })
  })

  it("an inline Effect.gen, which widens what it returns", () => {
    make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: {
          to: ["Process"],
          // @ts-expect-error state \"Validate\" returns string, not a state: write \"as const\" after the value, or return it from a generator function
          run: Effect.gen(function* () {
            yield* Effect.void
            return "Process"
          })
        },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
  })

  it("a run without the services it needs", () => {
    const order = make("m", OrderState, {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Validate"], run: () => "Validate" },
        Validate: { to: ["Process"], run: charge },
        Process: { to: ["Complete", "Failed"], run: () => "Complete" }
      }
    })
    // @ts-expect-error Type 'Payments' is not assignable to type 'never'
    Effect.runPromise(Workflow.run(order))
  })
})

describe("combinators", () => {
  const light = Workflow.make("light", Schema.Literals(["On", "Off"]), {
    initial: "On",
    exits: ["Off"],
    states: { On: { to: ["Off"], run: () => "Off" } }
  })

  it("withMaxTransitions adds its error", () => {
    expect(Workflow.withMaxTransitions(light, 3)).type.toBe<
      Workflow.Workflow<"On" | "Off", "Off", Workflow.MaxTransitionsExceeded, never, "On">
    >()
    expect(light.pipe(Workflow.withMaxTransitions(3), Workflow.run)).type.toBe<
      Effect.Effect<"Off", Workflow.MaxTransitionsExceeded>
    >()
  })

  it("withSpan keeps the types, data first and data last, and step gives any state", () => {
    expect(Workflow.withSpan(light, "x", { attributes: { a: 1 } })).type.toBe<typeof light>()
    expect(light.pipe(Workflow.withSpan("x"))).type.toBe<typeof light>()
    expect(Workflow.step(light, "On")).type.toBe<Effect.Effect<"On" | "Off">>()
    // @ts-expect-error Argument of type '"Red"' is not assignable
    Workflow.step(light, "Red")
  })
})
