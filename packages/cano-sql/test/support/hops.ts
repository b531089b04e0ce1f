import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"

const Hops = Schema.TaggedUnion({ Hop: { left: Schema.Number }, Done: {} })

/** The hops of a run: each is a state that takes a moment. */
export const hopCount = 6

/** A run that hops a number of times. */
export const hops = Workflow.make("hops", Hops, {
  initial: "Hop",
  exits: ["Done"],
  states: {
    Hop: {
      to: ["Hop", "Done"],
      run: ({ left }) =>
        Effect.as(Effect.sleep(700), left > 1 ? { _tag: "Hop" as const, left: left - 1 } : { _tag: "Done" as const })
    }
  }
})
