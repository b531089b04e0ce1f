/** The code of the guide to observability that is not an example of its own. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Concurrent from "effect-cano/Concurrent"
import * as Metrics from "effect-cano/Metrics"
import * as Observer from "effect-cano/Observer"
import * as Workflow from "effect-cano/Workflow"

declare const layerTracer: Layer.Layer<never>

const order = Workflow.make("order", Schema.Literals(["Start", "Done"]), {
  initial: "Start",
  exits: ["Done"],
  states: { Start: { to: ["Done"], run: () => "Done" } }
})

const program = Workflow.run(order)

const ids = ["o-1", "o-2"]

// #region start
const watched = Layer.mergeAll(
  layerTracer, // such as Otlp.layerJson({ ... })
  Metrics.layer(),
  Observer.layer((event) => Console.log(event._tag)),
  Logger.layer([Logger.consoleJson]) // one line each, with all annotations
)

export const main = Effect.provide(program, watched)
// #endregion

// #region attributes
export const batch = Concurrent.run(
  ids.map((id) => Effect.annotateSpans(Workflow.run(order), { "order.id": id })),
  { ids }
)
// #endregion
