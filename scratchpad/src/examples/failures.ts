/**
 * What becomes of a failure: an edge, an error of the run, or a defect; and where a failed run stood.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"

class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}
class BankDown extends Data.TaggedError("BankDown")<{}> {}

const Payment = Schema.TaggedUnion({
  Start: { cents: Schema.Number },
  Charge: { cents: Schema.Number },
  Paid: {},
  Refused: { why: Schema.String }
})

// #region task
const charge = Task.make({
  name: "charge",
  retry: Retry.fixed(2, "1 millis"),
  run: function* ({ cents }: { readonly cents: number }) {
    if (cents > 50_000) return yield* new Declined({ why: "over the limit" })
    if (cents === 13) return yield* new BankDown()
    if (cents === 0) throw new Error("a mistake in the program")
    return { _tag: "Paid" }
  }
})
// #endregion

// #region workflow
const payment = Workflow.make("payment", Payment, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: ({ cents }) => ({ _tag: "Charge", cents }) },
    Charge: {
      to: ["Paid", "Refused"],
      run: charge,
      catch: { Declined: ({ why }) => ({ _tag: "Refused", why }) }
    }
  }
})

const pay = (cents: number): Effect.Effect<Workflow.Workflow.Exit<typeof payment>, BankDown> =>
  Workflow.run(payment, { _tag: "Start", cents })
// #endregion

// #region failedAt
const show = (cents: number) =>
  Effect.matchCauseEffect(pay(cents), {
    onSuccess: (exit) => Console.log(`${cents}: ended in ${exit._tag}`),
    onFailure: (cause) =>
      Console.log(
        `${cents}: ${Cause.hasDies(cause) ? "died" : "failed"} with ${Cause.squash(cause)}\n  at`,
        Option.getOrUndefined(Workflow.failedAt(cause))
      )
  })
// #endregion

// #region max-transitions
const Ring = Schema.Literals(["Ping", "Pong", "Over"])

const ring = Workflow.make("ring", Ring, {
  initial: "Ping",
  exits: ["Over"],
  states: {
    Ping: { to: ["Pong", "Over"], run: () => "Pong" },
    Pong: { to: ["Ping"], run: () => "Ping" }
  }
})

const bounded = ring.pipe(Workflow.withMaxTransitions(1000), Workflow.run, Effect.flip)
// #endregion

NodeRuntime.runMain(
  Effect.gen(function* () {
    yield* Effect.forEach([499, 99_900, 13, 0], show)
    yield* Console.log((yield* bounded).message)
  })
)
