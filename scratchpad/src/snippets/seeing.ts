/** The code of the guide to seeing runs. */
import { writeFileSync } from "node:fs"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Observer, Workflow } from "effect-cano"
import { page } from "../timeline/page.ts"
import { record } from "../waterfall/spans.ts"
import { render } from "../waterfall/waterfall.ts"

const State = Schema.Literals(["Start", "Done"])

const mine = Workflow.make("mine", State, {
  initial: "Start",
  exits: ["Done"],
  states: { Start: { to: ["Done"], run: () => "Done" } }
})

// #region waterfall
export const waterfall = Effect.gen(function* () {
  const { exit, spans } = yield* record(Workflow.run(mine))
  yield* Console.log(render(spans, { width: process.stdout.columns || 100, color: process.stdout.isTTY }).join("\n"))
  return yield* exit
})
// #endregion

// #region timeline
export const timeline = Effect.gen(function* () {
  const { events, exit } = yield* Observer.record(Workflow.run(mine))
  writeFileSync("timeline.html", page([mine], events))
  return yield* exit
})
// #endregion
