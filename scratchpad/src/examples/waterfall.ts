/**
 * The waterfall of a workflow of one's own. It runs in virtual time, so the bars are the same each time.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { record } from "../waterfall/spans.ts"
import { render } from "../waterfall/waterfall.ts"

class Offline extends Data.TaggedError("Offline")<{}> {}

const download = Task.make({
  name: "download",
  retry: Retry.exponentialCustom({ retries: 3, base: "100 millis", jitter: 0 }),
  run: function* () {
    yield* Effect.sleep("150 millis")
    const { attempt } = yield* Schedule.CurrentMetadata
    if (attempt < 2) return yield* new Offline()
    return "Unpack"
  }
})

const update = Workflow.make("update", Schema.Literals(["Download", "Unpack", "Done"]), {
  initial: "Download",
  exits: ["Done"],
  states: {
    Download: { to: ["Unpack"], run: download },
    Unpack: {
      to: ["Done"],
      run: () =>
        Effect.sleep("200 millis").pipe(Effect.withSpan("unzip", { attributes: { files: 12 } }), Effect.as("Done"))
    }
  }
})

// #region waterfall
const waterfall = Effect.gen(function* () {
  const { spans } = yield* record(Workflow.run(update))
  yield* Console.log(render(spans, { width: 80 }).join("\n"))
})
// #endregion

const program = Effect.gen(function* () {
  const run = yield* Effect.forkChild(waterfall)
  yield* TestClock.adjust("1 minute")
  yield* Fiber.join(run)
})

NodeRuntime.runMain(Effect.provide(program, TestClock.layer()))
