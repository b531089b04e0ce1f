/** An order in effect/workflow: charged with retries, shipped, and refunded where it cannot be shipped. */
// #region program
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"

class BankBusy extends Schema.TaggedError<BankBusy>()("BankBusy", {}) {}
class NoCarrier extends Schema.TaggedError<NoCarrier>()("NoCarrier", {}) {}

let calls = 0
const bank = Effect.suspend(() => (++calls < 3 ? Effect.fail(new BankBusy()) : Effect.succeed("r-1")))
const carrier = (weight: number) => (weight > 30 ? Effect.fail(new NoCarrier()) : Effect.succeed("t-1"))

const Order = Workflow.make("order", {
  payload: { id: Schema.String, weight: Schema.Number },
  success: Schema.Struct({ tracking: Schema.String }),
  error: Schema.Union([BankBusy, NoCarrier]),
  idempotencyKey: ({ id }) => id
})

const OrderLayer = Order.toLayer(
  Effect.fnUntraced(function* ({ weight }) {
    yield* Activity.make({ name: "charge", success: Schema.String, error: BankBusy, execute: bank }).pipe(
      Activity.retry({ times: 2 }),
      Order.withCompensation((receipt) => Console.log(`refund ${receipt}`))
    )
    const tracking = yield* Activity.make({
      name: "ship",
      success: Schema.String,
      error: NoCarrier,
      execute: carrier(weight)
    })
    return { tracking }
  })
)

const place = (id: string, weight: number) =>
  Effect.matchEffect(Order.execute({ id, weight }), {
    onSuccess: ({ tracking }) => Console.log(`${id}: shipped as ${tracking}`),
    onFailure: (error) => Console.log(`${id}: ${error._tag}`)
  })

const program = Effect.andThen(place("tea", 1), place("piano", 400))
const live = Layer.provideMerge(OrderLayer, WorkflowEngine.layerMemory)
await Effect.runPromise(Effect.provide(program, live))
// #endregion
