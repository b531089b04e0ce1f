/**
 * What a run tells about itself: names for spans, metrics as Prometheus reads them, log annotations and events.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { PrometheusMetrics } from "effect/observability"
import * as Schema from "effect/Schema"
import * as Concurrent from "effect-cano/Concurrent"
import * as Metrics from "effect-cano/Metrics"
import * as Observer from "effect-cano/Observer"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"

class Unreachable extends Data.TaggedError("Unreachable")<{ readonly url: string }> {}

const Page = Schema.Literals(["Fetch", "Store", "Stored", "GivenUp"])

let calls = 0
const fetchPage = Effect.suspend(() =>
  ++calls === 1 ? Effect.fail(new Unreachable({ url: "https://user:secret@example.org" })) : Effect.void
)

// #region logs
const page = Workflow.make("page", Page, {
  initial: "Fetch",
  exits: ["Stored", "GivenUp"],
  states: {
    Fetch: {
      to: ["Store", "GivenUp"],
      run: Task.make({
        retry: Retry.fixed(2, "10 millis"),
        run: function* () {
          yield* Effect.log("fetching") // cano.workflow.name=page cano.state.name=Fetch cano.attempt=1
          yield* fetchPage
          return "Store"
        }
      }),
      catch: { Unreachable: "GivenUp" }
    },
    Store: { to: ["Stored"], run: () => "Stored" }
  }
})
// #endregion

// #region spans
const imported = page.pipe(Workflow.withSpan("import page", { attributes: { tenant: "acme" } }))

const batch = Concurrent.workflow(imported, {
  instances: [{ id: "a" }, { id: "b" }],
  concurrency: 1,
  span: { name: "nightly import", attributes: { tenant: "acme" } }
})
// #endregion

// #region observer
const printed = Observer.layer((event) => {
  switch (event._tag) {
    case "StateLeft":
      return Console.log(`${event.workflow} ${event.run}: ${event.state} -> ${event.next}`)
    case "AttemptFailed":
      return Console.log(`${event.workflow} ${event.run}: ${event.error} in attempt ${event.attempt}`)
    default:
      return Effect.void
  }
})
// #endregion

const logs = Logger.layer([
  Logger.map(Logger.formatStructured, ({ annotations, message }) => console.log(message, JSON.stringify(annotations)))
])

// #region metrics
const counted = Effect.gen(function* () {
  yield* batch
  return yield* PrometheusMetrics.format()
}).pipe(Effect.provide(Metrics.layer()))
// #endregion

NodeRuntime.runMain(
  Effect.gen(function* () {
    const text = yield* counted.pipe(Effect.provide(Layer.mergeAll(printed, logs)))
    const ours = text.split("\n").filter((line) => /^cano_(workflow_(runs|attempts)|concurrent)/.test(line))
    yield* Console.log(ours.join("\n"))
  })
)
