/** Pieces of code for the guide to workflows. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Workflow } from "effect-cano"

// #region literals
const Light = Schema.Literals(["Green", "Yellow", "Red", "Off"])
// #endregion

// #region payloads
const Order = Schema.TaggedUnion({
  Start: { raw: Schema.String },
  Process: { id: Schema.Number },
  Complete: { total: Schema.Number },
  Failed: { why: Schema.String }
})
// #endregion

// #region mixed
const Mixed = Schema.Union([
  Schema.Literals(["Start", "Validate"]),
  Schema.TaggedUnion({ Complete: { total: Schema.Number }, Failed: { why: Schema.String } })
])
// #endregion

// #region light
const light = Workflow.make("light", Light, {
  initial: "Green",
  exits: ["Off"],
  states: {
    Green: { to: ["Yellow"], run: Effect.as(Effect.sleep("30 seconds"), "Yellow") },
    Yellow: { to: ["Red"], run: () => "Red" },
    Red: { to: ["Green", "Off"], run: () => "Off" }
  }
})
// #endregion

// #region run
const fromGreen = Workflow.run(light) // Effect<"Off">
const fromRed = Workflow.run(light, "Red")
// #endregion

// #region step
const pathOf = Effect.fnUntraced(function* (start: typeof Light.Type) {
  const path = [start]
  let state = start
  while (light.edges.has(state)) {
    state = yield* Workflow.step(light, state)
    path.push(state)
  }
  return path
})
// #endregion

// #region types
type States = Workflow.Workflow.State<typeof light> // "Green" | "Yellow" | "Red" | "Off"
type Ends = Workflow.Workflow.Exit<typeof light> // "Off"
type Errors = Workflow.Workflow.Error<typeof light> // never
type Needs = Workflow.Workflow.Services<typeof light> // never
// #endregion
export type Types = [States, Ends, Errors, Needs]

class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}
class Timeout extends Data.TaggedError("Timeout")<{}> {}
declare const charge: (id: number) => Effect.Effect<number, Declined | Timeout>

// #region error-edges
const order = Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Complete", "Failed"],
  states: {
    Start: { to: ["Process"], run: ({ raw }) => ({ _tag: "Process", id: Number(raw) }) },
    Process: {
      to: ["Complete", "Failed"],
      run: function* ({ id }) {
        return { _tag: "Complete", total: yield* charge(id) }
      },
      catch: { Declined: (error: Declined) => ({ _tag: "Failed", why: error.why }) }
    }
  }
})

const exit = Workflow.run(order, { _tag: "Start", raw: "7" })
// Effect<{ _tag: "Complete", total: number } | { _tag: "Failed", why: string }, Timeout>
// #endregion

class NoStock extends Data.TaggedError("NoStock")<{ readonly item: string }> {}
declare const reserve: Effect.Effect<{ readonly _tag: "Process"; readonly id: number }, NoStock | Timeout>
declare const pay: Effect.Effect<{ readonly _tag: "Complete"; readonly total: number }, Declined | Timeout>

// #region all-others
const checked = Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Complete", "Failed"],
  states: {
    Start: {
      to: ["Process", "Failed"],
      run: reserve,
      catch: { NoStock: { to: "Failed", with: ({ item }) => ({ why: `no ${item}` }) } }
    },
    Process: { to: ["Complete", "Failed"], run: pay }
  },
  catch: {
    Declined: { to: "Failed", with: ({ why }) => ({ why }) },
    "*": { to: "Failed", with: (error: Timeout, state) => ({ why: `${error._tag} in ${state._tag}` }) }
  }
})
// checked: Workflow<..., never>: no failure is left
// #endregion

export { checked, exit, fromGreen, fromRed, Mixed, pathOf }
