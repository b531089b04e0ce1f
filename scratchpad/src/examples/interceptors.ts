/**
 * An audit and a journal around a run. The run crashes, and goes on from the journal's last row.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Interpreter from "effect-cano/Interpreter"
import * as Workflow from "effect-cano/Workflow"

const Order = Schema.TaggedUnion({
  Cart: { cents: Schema.Number },
  Charged: { cents: Schema.Number },
  Shipped: { cents: Schema.Number }
})

const order = Workflow.make("order", Order, {
  initial: "Cart",
  exits: ["Shipped"],
  states: {
    Cart: { to: ["Charged"], run: ({ cents }) => ({ _tag: "Charged", cents }) },
    Charged: { to: ["Shipped"], run: ({ cents }) => ({ _tag: "Shipped", cents }) }
  }
})

// #region audit
const audit: Interpreter.Interceptor = {
  state: (run, inner) => Effect.andThen(Console.log(`${run.transitions}: ${run.tag}`), inner)
}
// #endregion

// #region journal
class JournalDown extends Data.TaggedError("JournalDown")<{}> {}

/** What was written: the text of each state, by the transitions before it. */
const rows = new Map<number, string>()

/** The third row is lost, once: the process "crashes". */
let crashes = 1
const write = (sequence: number, state: Schema.Json): Effect.Effect<void, JournalDown> =>
  Effect.suspend(() => {
    if (sequence === 2 && crashes-- > 0) return Effect.fail(new JournalDown())
    rows.set(sequence, JSON.stringify(state))
    return Effect.void
  })

const append = (run: Interpreter.Run) =>
  Workflow.encodeState(order, run.state as typeof Order.Type).pipe(
    Effect.orDie,
    Effect.flatMap((state) => write(run.transitions, state))
  )

/** A row before each state, and one for the exit. A resumed run writes the row again that it begins with. */
const journaling: Interpreter.Interceptor<JournalDown> = {
  state: (run, inner) => Effect.andThen(append(run), inner),
  run: (run, inner) => Effect.tap(inner, () => append(run))
}
// #endregion

// #region resume
const resume = Effect.gen(function* () {
  const sequence = rows.size - 1
  const state = yield* Workflow.decodeState(order, JSON.parse(rows.get(sequence)!))
  return yield* Interpreter.run(order, { state, transitions: sequence, interceptors: [journaling, audit] })
})
// #endregion

Effect.gen(function* () {
  const start = { _tag: "Cart", cents: 4200 } as const
  const crash = yield* Effect.flip(Interpreter.run(order, { state: start, interceptors: [journaling, audit] }))
  yield* Console.log(crash._tag)
  yield* Console.log(yield* resume)
}).pipe(NodeRuntime.runMain)
