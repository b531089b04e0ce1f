import * as Schema from "effect/Schema"
import { makeUnchecked } from "effect-cano-testing/Runs"

export const Letters = Schema.Literals(["A", "B", "Done", "Failed"])

/** A machine of one working state. */
export const single = (run: unknown, more: object = {}) =>
  makeUnchecked("w", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: { A: { to: ["Done", "Failed"], run, ...more } }
  })
