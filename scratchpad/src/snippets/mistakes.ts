/**
 * Mistakes that do not compile. The docs show them with the compiler's words, which `pnpm docs:update` writes into
 * `mistakes.txt`.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Node, Store, Task, Workflow } from "effect-cano"

class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}
declare const charge: Effect.Effect<void, Declined>

const Order = Schema.Literals(["Start", "Charge", "Paid", "Refused"])
const Payload = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: {}, Refused: { why: Schema.String } })
const Total = Store.key("total", Schema.Number)
declare const order: Workflow.Workflow<"Start" | "Paid", "Paid", Declined, Store.MemoryStore>

// #region misspelt
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    // @ts-expect-error
    Start: { to: ["Chrage"], run: () => "Charge" },
    Charge: { to: ["Paid", "Refused"], run: () => "Paid" }
  }
})
// #endregion

// #region undeclared
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: () => "Charge" },
    // @ts-expect-error
    Charge: { to: ["Paid"], run: () => (Math.random() < 0.5 ? "Paid" : "Refused") }
  }
})
// #endregion

// #region missing
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  // @ts-expect-error
  states: { Start: { to: ["Charge"], run: () => "Charge" } }
})
// #endregion

// #region not-a-state
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: () => "Charge" },
    // @ts-expect-error
    Charge: { to: ["Paid", "Refused"], run: () => "Done" }
  }
})
// #endregion

// #region exit-defined
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: () => "Charge" },
    Charge: { to: ["Paid", "Refused"], run: () => "Paid" },
    // @ts-expect-error
    Paid: { to: ["Refused"], run: () => "Refused" }
  }
})
// #endregion

// #region impossible-error
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: () => "Charge" },
    Charge: {
      to: ["Paid", "Refused"],
      run: Effect.as(charge, "Paid"),
      // @ts-expect-error
      catch: { Refused: "Refused" }
    }
  }
})
// #endregion

// #region undeclared-catch
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge", "Refused"], run: () => "Charge" },
    Charge: {
      to: ["Paid"],
      run: Effect.as(charge, "Paid"),
      // @ts-expect-error
      catch: { Declined: "Refused" }
    }
  }
})
// #endregion

// #region payload-target
Workflow.make("order", Payload, {
  initial: "Charge",
  exits: ["Paid", "Refused"],
  states: {
    Charge: {
      to: ["Paid", "Refused"],
      run: Effect.as(charge, { _tag: "Paid" }),
      // @ts-expect-error
      catch: { Declined: "Refused" }
    }
  }
})
// #endregion

// #region not-annotated
Workflow.make("order", Payload, {
  initial: "Charge",
  exits: ["Paid", "Refused"],
  states: {
    Charge: {
      to: ["Paid", "Refused"],
      run: function* ({ cents }) {
        if (cents > 0) yield* charge
        return { _tag: "Paid" }
      },
      // @ts-expect-error
      catch: { Declined: (error) => ({ _tag: "Refused", why: error.why }) }
    }
  }
})
// #endregion

// #region gen
Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: () => "Charge" },
    Charge: {
      to: ["Paid", "Refused"],
      // @ts-expect-error
      run: Effect.gen(function* () {
        yield* charge
        return "Paid"
      })
    }
  }
})
// #endregion

// #region widened
const load = Task.make({ run: Effect.as(charge, "Charge") })

Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    // @ts-expect-error
    Start: { to: ["Charge"], run: load },
    Charge: { to: ["Paid", "Refused"], run: () => "Paid" }
  }
})
// #endregion

// #region exec-store
Node.make({
  prep: Store.get(Total),
  // @ts-expect-error
  exec: (total) => Store.put(Total, total + 1),
  post: () => "Paid"
})
// #endregion

// #region services
// @ts-expect-error
void Effect.runPromise(Workflow.run(order))
// #endregion

// #region error
// @ts-expect-error
export const run: Effect.Effect<"Paid", never, Store.MemoryStore> = Workflow.run(order)
// #endregion

// #region gen-literal
// @ts-expect-error
export const next: Effect.Effect<"A"> = Effect.gen(function* () {
  return "A"
})
// #endregion

const WithPayload = Workflow.make("order", Payload, {
  initial: "Charge",
  exits: ["Paid", "Refused"],
  states: {
    Charge: {
      to: ["Paid", "Refused"],
      run: ({ cents }) => (cents > 0 ? { _tag: "Paid" } : { _tag: "Refused", why: "nothing to pay" })
    }
  }
})

// #region start-state
// @ts-expect-error
export const start = Workflow.run(WithPayload)
// #endregion
