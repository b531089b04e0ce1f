import type * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeRing, states } from "../transitions/ring.ts"

/** The ring that all watch, made by the library or by a copy of it. */
export const makeWatchable = (library: typeof Workflow, transitions: number) => {
  const { hop, start, taken } = makeRing(transitions)
  const ring = library.make("ring", Schema.Literals(states), {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: Effect.sync(hop("S1")) },
      S1: { to: ["S2", "Done"], run: Effect.sync(hop("S2")) },
      S2: { to: ["S3", "Done"], run: Effect.sync(hop("S3")) },
      S3: { to: ["S4", "Done"], run: Effect.sync(hop("S4")) },
      S4: { to: ["S5", "Done"], run: Effect.sync(hop("S5")) },
      S5: { to: ["S6", "Done"], run: Effect.sync(hop("S6")) },
      S6: { to: ["S7", "Done"], run: Effect.sync(hop("S7")) },
      S7: { to: ["S0", "Done"], run: Effect.sync(hop("S0")) }
    }
  })
  return { ring, start, taken }
}
