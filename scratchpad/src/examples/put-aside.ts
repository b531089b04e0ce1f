/**
 * A run that stops after a state and goes on another day: the state is put aside as JSON in between.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"

const Claim = Schema.TaggedUnion({
  Filed: { cents: Schema.Number, at: Schema.Date },
  Checked: { cents: Schema.Number, days: Schema.Number },
  Paid: { cents: Schema.Number }
})

const claim = Workflow.make("claim", Claim, {
  initial: "Filed",
  exits: ["Paid"],
  states: {
    Filed: { to: ["Checked"], run: ({ at, cents }) => ({ _tag: "Checked", cents, days: at.getUTCDate() }) },
    Checked: { to: ["Paid"], run: ({ cents, days }) => ({ _tag: "Paid", cents: cents - days }) }
  }
})

const filed = { _tag: "Filed", cents: 5000, at: new Date("2026-03-07T12:00:00Z") } as const

// #region aside
/** Runs one state, and gives the next one as text: for a file, a column or a message. */
const putAside = Workflow.step(claim, filed).pipe(
  Effect.flatMap((next) => Workflow.encodeState(claim, next)),
  Effect.map((json) => JSON.stringify(json))
)

/** Goes on from such a text. What is no state of the workflow fails with a `SchemaError`. */
const goOn = (text: string) =>
  Workflow.decodeState(claim, JSON.parse(text)).pipe(Effect.flatMap((state) => Workflow.run(claim, state)))
// #endregion

Effect.gen(function* () {
  const text = yield* putAside
  yield* Console.log(text)
  yield* Console.log(yield* goOn(text))
  const error = yield* Effect.flip(goOn('{"_tag":"Checked","cents":"many"}'))
  yield* Console.log(error._tag)
}).pipe(NodeRuntime.runMain)
