/**
 * A store of your own: the request context of Cano's README as a service. Its fields are typed, and a workflow that uses it
 * says so in its type.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Workflow from "effect-cano/Workflow"

// #region service
interface Request {
  readonly requestId: string
  readonly customerId: string
  readonly revenue: Ref.Ref<number>
}

class RequestCtx extends Context.Service<RequestCtx, Request>()("examples/RequestCtx") {}
// #endregion

const ProcessingState = Schema.Literals(["Price", "Metrics", "Complete"])

// #region node
const metricsNode = Node.make({
  name: "metrics",
  prep: RequestCtx.useSync(({ requestId }) => requestId),
  exec: (requestId) => Effect.as(Console.log(`Processing request: ${requestId}`), "ok"),
  post: function* (result) {
    const { customerId, revenue } = yield* RequestCtx
    yield* Console.log(`Revenue from ${customerId}: ${yield* Ref.get(revenue)} (${result})`)
    return "Complete"
  }
})
// #endregion

// #region workflow
const workflow = Workflow.make("request", ProcessingState, {
  initial: "Price",
  exits: ["Complete"],
  states: {
    Price: {
      to: ["Metrics"],
      run: function* () {
        const { revenue } = yield* RequestCtx
        yield* Ref.update(revenue, (sum) => sum + 49.5)
        return "Metrics"
      }
    },
    Metrics: { to: ["Complete"], run: metricsNode }
  }
})

const run: Effect.Effect<"Complete", never, RequestCtx> = Workflow.run(workflow)
// #endregion

// #region requests
const handle = (requestId: string, customerId: string) =>
  Effect.provideServiceEffect(
    run,
    RequestCtx,
    Effect.map(Ref.make(0), (revenue) => ({ requestId, customerId, revenue }))
  )

const program = Effect.gen(function* () {
  yield* handle("req-1", "ada")
  yield* handle("req-2", "grace")
})
// #endregion

NodeRuntime.runMain(program)
