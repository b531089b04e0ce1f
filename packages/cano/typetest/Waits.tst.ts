import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Signal from "../src/Signal.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Offline extends Data.TaggedError("Offline")<{ readonly host: string }> {}

const Order = Schema.Literals(["Start", "Paid", "Failed"])
const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number, due: Schema.DateTimeUtc },
  Paid: { cents: Schema.Number },
  Refused: {}
})
const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String, granted: Schema.Boolean }))

declare const charge: Effect.Effect<"Paid", Offline>
declare const due: DateTime.Utc

const exits = ["Paid", "Failed"] as const

describe("a wait for a time", () => {
  it("keeps the literal of its next state, and its failures", () => {
    expect(Task.sleep("1 day", "Paid")).type.toBe<Task.Task<unknown, "Paid">>()
    expect(Task.sleepUntil(due, "Paid")).type.toBe<Task.Task<unknown, "Paid">>()
    expect(Task.sleep("1 day", () => "Paid")).type.toBe<Task.Task<unknown, "Paid">>()
    expect(Task.sleep("1 day", charge)).type.toBe<Task.Task<unknown, "Paid", Offline>>()
    const generated = Task.sleep("1 day", function* () {
      yield* new Offline({ host: "" })
      return "Paid"
    })
    expect(generated).type.toBe<Task.Task<unknown, "Paid", Offline>>()
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: { Start: { to: ["Paid", "Failed"], run: Task.sleep("1 day", "Paid") } }
    })
    expect(order).type.toBe<Workflow.Workflow<"Start" | "Paid" | "Failed", "Paid" | "Failed", never, never, "Start">>()
  })

  it("knows the payload of its state", () => {
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: Task.sleepUntil(
            ({ due }) => due,
            ({ cents }) => {
              expect(cents).type.toBe<number>()
              return { _tag: "Paid", cents }
            }
          )
        }
      }
    })
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: { to: ["Paid", "Refused"], run: Task.sleep((state) => state.cents, { _tag: "Refused" }) }
      }
    })
    expect(Task.sleep((state: { readonly seconds: number }) => `${state.seconds} seconds`, "Paid")).type.toBe<
      Task.Task<{ readonly seconds: number }, "Paid">
    >()
  })

  it("names a wrong target", () => {
    const misspelt = Task.sleep("1 day", "Payd")
    Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: {
        // @ts-expect-error state \"Start\" can return \"Payd\", which is not a state of the schema
        Start: { to: ["Paid", "Failed"], run: misspelt }
      }
    })
    Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: {
        // @ts-expect-error state \"Start\" can go to \"Paid\", which its \"to\" does not list
        Start: { to: ["Failed"], run: Task.sleep("1 day", "Paid") }
      }
    })
    const incomplete = Task.sleep("1 day", { _tag: "Paid" })
    Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        // @ts-expect-error state \"Charge\" can return a \"Paid\" whose \"cents\" does not fit the schema
        Charge: { to: ["Paid", "Refused"], run: incomplete }
      }
    })
  })

  it("refuses what is no duration, and no instant", () => {
    // @ts-expect-error No overload matches this call
    Task.sleep("soon", "Paid")
    // @ts-expect-error No overload matches this call
    Task.sleepUntil("2026-01-01", "Paid")
  })

  it("keeps its type under another name, and takes no retry policy", () => {
    expect(Task.make({ name: "cool down", run: Task.sleep("1 day", "Paid") })).type.toBe<Task.Task<unknown, "Paid">>()
    Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: { Start: { to: ["Paid", "Failed"], run: Task.make({ name: "rest", run: Task.sleep("1 day", "Paid") }) } }
    })
    // @ts-expect-error No overload matches this call
    Task.make({ attemptTimeout: "1 second", run: Task.sleep("1 day", "Paid") })
  })
})

describe("a wait for a signal", () => {
  it("fails with SignalTimeout exactly if it has a timeout and no state for it", () => {
    expect(Task.awaitSignal(Approval, ({ granted }) => (granted ? "Paid" : "Failed"))).type.toBe<
      Task.Task<unknown, "Paid" | "Failed", never, Signal.Signals>
    >()
    expect(Task.awaitSignal(Approval, () => "Paid", { timeout: "1 day" })).type.toBe<
      Task.Task<unknown, "Paid", Signal.SignalTimeout, Signal.Signals>
    >()
    expect(Task.awaitSignal(Approval, () => "Paid", { timeout: "1 day", onTimeout: "Failed" })).type.toBe<
      Task.Task<unknown, "Paid" | "Failed", never, Signal.Signals>
    >()
    expect(Task.awaitSignal(Approval, () => "Failed", { timeout: "1 day", onTimeout: () => charge })).type.toBe<
      Task.Task<unknown, "Paid" | "Failed", Offline, Signal.Signals>
    >()
  })

  it("keeps the failures of onValue, and types the value and the state", () => {
    const task = Task.awaitSignal(
      Approval,
      function* ({ by }) {
        expect(by).type.toBe<string>()
        yield* new Offline({ host: by })
        return "Paid"
      },
      { timeout: (state: { readonly days: number }) => `${state.days} days` }
    )
    expect(task).type.toBe<
      Task.Task<{ readonly days: number }, "Paid", Offline | Signal.SignalTimeout, Signal.Signals>
    >()
    const payment = Workflow.make("payment", Payment, {
      initial: "Charge",
      exits: ["Paid", "Refused"],
      states: {
        Charge: {
          to: ["Paid", "Refused"],
          run: Task.awaitSignal(
            Approval,
            ({ by }, { cents }) => {
              expect(by).type.toBe<string>()
              expect(cents).type.toBe<number>()
              return { _tag: "Paid", cents }
            },
            { timeout: ({ cents }) => cents, onTimeout: { _tag: "Refused" } }
          )
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof payment>>().type.toBe<never>()
    expect<Workflow.Workflow.Services<typeof payment>>().type.toBe<Signal.Signals>()
  })

  it("has a timeout that a catch can route", () => {
    const order = Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: {
        Start: {
          to: ["Paid", "Failed"],
          run: Task.make({ name: "approval", run: Task.awaitSignal(Approval, () => "Paid", { timeout: "1 day" }) }),
          catch: { SignalTimeout: "Failed" }
        }
      }
    })
    expect<Workflow.Workflow.Error<typeof order>>().type.toBe<never>()
  })

  it("names a state after the timeout that is no edge", () => {
    Workflow.make("order", Order, {
      initial: "Start",
      exits,
      states: {
        Start: {
          // @ts-expect-error state \"Start\" can go to \"Failed\", which its \"to\" does not list
          to: ["Paid"],
          run: Task.awaitSignal(Approval, () => "Paid", { timeout: "1 day", onTimeout: "Failed" })
        }
      }
    })
  })

  it("has a value of its own type only", () => {
    const signals = {} as Signal.SignalsShape
    // @ts-expect-error Property 'granted' is missing in type
    signals.send(Approval, { by: "ops" })
    expect(signals.take(Approval)).type.toBe<
      Effect.Effect<{ readonly by: string; readonly granted: boolean }, Signal.SignalMismatch>
    >()
    const widened = (signal: Signal.Signal<string | number>) => signals.send(signal, 5)
    // @ts-expect-error is not assignable to parameter of type 'Signal<string | number>'
    widened(Signal.make("name", Schema.String))
    // @ts-expect-error No overload matches this call
    Task.awaitSignal(Approval, () => "Paid", { onTimeout: "Failed" })
  })
})
