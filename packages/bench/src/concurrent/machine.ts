import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Waits = Schema.Tuple([Schema.Number, Schema.Number, Schema.Number])

const State = Schema.TaggedUnion({ A: { waits: Waits }, B: { waits: Waits }, C: { waits: Waits }, Done: {} })

/** Three states that wait. */
export const machine = Workflow.make("waiting", State, {
  initial: "A",
  exits: ["Done"],
  states: {
    A: { to: ["B"], run: ({ waits }) => Effect.as(Effect.sleep(waits[0]), { _tag: "B" as const, waits }) },
    B: { to: ["C"], run: ({ waits }) => Effect.as(Effect.sleep(waits[1]), { _tag: "C" as const, waits }) },
    C: { to: ["Done"], run: ({ waits }) => Effect.as(Effect.sleep(waits[2]), { _tag: "Done" as const }) }
  }
})
