import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import type { Working } from "./ring.ts"

const Lap = Schema.TaggedUnion({
  S0: { count: Schema.Number },
  S1: { count: Schema.Number },
  S2: { count: Schema.Number },
  S3: { count: Schema.Number },
  S4: { count: Schema.Number },
  S5: { count: Schema.Number },
  S6: { count: Schema.Number },
  S7: { count: Schema.Number },
  Done: { count: Schema.Number }
})

type Counted = { readonly count: number }

/** Pure functions from record to record; the payload carries the count. */
export const recordRoutes: Prepare = (transitions) => {
  const hop =
    <const Target extends Working>(target: Target) =>
    (state: Counted) => {
      const count = state.count + 1
      return count < transitions ? { _tag: target, count } : { _tag: "Done" as const, count }
    }
  const ring = Workflow.make("ring", Lap, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: hop("S1") },
      S1: { to: ["S2", "Done"], run: hop("S2") },
      S2: { to: ["S3", "Done"], run: hop("S3") },
      S3: { to: ["S4", "Done"], run: hop("S4") },
      S4: { to: ["S5", "Done"], run: hop("S5") },
      S5: { to: ["S6", "Done"], run: hop("S6") },
      S6: { to: ["S7", "Done"], run: hop("S7") },
      S7: { to: ["S0", "Done"], run: hop("S0") }
    }
  })
  const run = Workflow.run(ring, { _tag: "S0", count: 0 })
  return () => Effect.runPromise(run).then((exit) => exit.count)
}

/** Functions from a record to an `Effect.sync` of the next record. */
export const recordFunctions: Prepare = (transitions) => {
  const hop =
    <const Target extends Working>(target: Target) =>
    (state: Counted) =>
      Effect.sync(() => {
        const count = state.count + 1
        return count < transitions ? { _tag: target, count } : { _tag: "Done" as const, count }
      })
  const ring = Workflow.make("ring", Lap, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: hop("S1") },
      S1: { to: ["S2", "Done"], run: hop("S2") },
      S2: { to: ["S3", "Done"], run: hop("S3") },
      S3: { to: ["S4", "Done"], run: hop("S4") },
      S4: { to: ["S5", "Done"], run: hop("S5") },
      S5: { to: ["S6", "Done"], run: hop("S6") },
      S6: { to: ["S7", "Done"], run: hop("S7") },
      S7: { to: ["S0", "Done"], run: hop("S0") }
    }
  })
  const run = Workflow.run(ring, { _tag: "S0", count: 0 })
  return () => Effect.runPromise(run).then((exit) => exit.count)
}
