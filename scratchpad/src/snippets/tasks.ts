/** Pieces of code for the guide to tasks and nodes. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Node, Retry, Signal, Store, Task, Workflow } from "effect-cano"

class Api extends Context.Service<Api, { readonly call: (id: number) => Effect.Effect<boolean, ApiDown> }>()(
  "snippets/Api"
) {}
class ApiDown extends Data.TaggedError("ApiDown")<{}> {}

const Step = Schema.TaggedUnion({
  Route: { id: Schema.Number },
  Effect: { id: Schema.Number },
  Function: { id: Schema.Number },
  Generator: { id: Schema.Number },
  Task: { id: Schema.Number },
  Done: {}
})

// #region make
const call = Task.make({
  name: "call the api",
  retry: Retry.exponential(3),
  attemptTimeout: "5 seconds",
  run: function* ({ id }: { readonly id: number }) {
    const api = yield* Api
    yield* api.call(id)
    return { _tag: "Done" }
  }
})
// call: Task<{ id: number }, { _tag: "Done" }, ApiDown | AttemptTimeout, Api>
// #endregion

// #region forms
export const forms = Workflow.make("forms", Step, {
  initial: "Route",
  exits: ["Done"],
  states: {
    // a pure function of the state: a route, which costs no fiber work
    Route: { to: ["Effect", "Done"], run: ({ id }) => (id > 0 ? { _tag: "Effect", id } : { _tag: "Done" }) },
    // an Effect
    Effect: { to: ["Function"], run: Effect.as(Effect.sleep("1 second"), { _tag: "Function", id: 1 }) },
    // a function of the state that returns an Effect
    Function: {
      to: ["Generator"],
      run: ({ id }) => Effect.as(Effect.log(`at ${id}`), { _tag: "Generator", id })
    },
    // a generator function of the state
    Generator: {
      to: ["Task", "Done"],
      run: function* ({ id }) {
        const api = yield* Api
        return (yield* api.call(id)) ? { _tag: "Task", id } : { _tag: "Done" }
      }
    },
    // a task or a node
    Task: { to: ["Done"], run: call }
  }
})
// forms: Workflow<..., { _tag: "Done" }, ApiDown | AttemptTimeout, Api>
// #endregion

const Total = Store.key("total", Schema.Number)
declare const rate: (total: number) => Effect.Effect<number, ApiDown>

// #region exec-retry
export const priced = Node.make({
  name: "price",
  prep: Store.get(Total),
  exec: (total) => Effect.retry(rate(total), Retry.fixed(3, "1 second")),
  post: function* (price) {
    yield* Store.put(Total, price)
    return "Priced"
  }
})
// #endregion

// #region alone
export const once: Effect.Effect<{ readonly _tag: "Done" }, ApiDown | Task.AttemptTimeout, Api> = Task.run(call, {
  id: 7
})
// #endregion

// #region keep-literal
const load = Task.make({
  run: function* () {
    yield* Effect.log("loading")
    return "Validate"
  }
})
// load: Task<unknown, "Validate">

const loadAsEffect = Task.make({ run: Effect.as(Effect.log("loading"), "Validate" as const) })
// without "as const" the type is Task<unknown, string>, which no workflow accepts
// #endregion
export const loads = [load, loadAsEffect]

const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String, isGranted: Schema.Boolean }))

const Request = Schema.TaggedUnion({
  Ask: { days: Schema.Number },
  CoolDown: { by: Schema.String },
  Paid: { by: Schema.String },
  Refused: {},
  Expired: {}
})

// #region waits
const request = Workflow.make("request", Request, {
  initial: "Ask",
  exits: ["Paid", "Refused", "Expired"],
  states: {
    Ask: {
      to: ["CoolDown", "Refused", "Expired"],
      run: Task.awaitSignal(
        Approval,
        ({ by, isGranted }) => (isGranted ? { _tag: "CoolDown", by } : { _tag: "Refused" }),
        {
          timeout: ({ days }) => `${days} days`,
          onTimeout: { _tag: "Expired" }
        }
      )
    },
    CoolDown: {
      to: ["Paid"],
      run: Task.sleep("1 day", ({ by }) => ({ _tag: "Paid", by }))
    }
  }
})
// request: Workflow<..., never, Signals>
// #endregion

// #region send
export const asked = Effect.gen(function* () {
  const signals = yield* Signal.Signals
  const run = yield* Effect.forkChild(Workflow.run(request, { _tag: "Ask", days: 3 }))
  yield* signals.send(Approval, { by: "ops", isGranted: true }, { id: "click-1" }) // "Accepted"
  return yield* Fiber.join(run)
}).pipe(Effect.provide(Signal.Signals.layer))
// #endregion
