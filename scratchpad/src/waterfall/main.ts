/**
 * Runs an order and draws where its time went: `pnpm waterfall`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Workflow from "effect-cano/Workflow"
import { order } from "../shop/order.ts"
import { record } from "./spans.ts"
import { render } from "./waterfall.ts"

const { stdout } = process
const width = stdout.columns || 100
// Node knows NO_COLOR, FORCE_COLOR and the terminals without color.
const color = stdout.isTTY && stdout.hasColors()

NodeRuntime.runMain(
  Effect.gen(function* () {
    const run = Workflow.run(order, { _tag: "Cart", items: ["teapot", "cups"], card: "expired" })
    const { exit, spans } = yield* record(run)
    yield* Console.log(render(spans, { width, color }).join("\n"))
    return yield* exit
  })
)
