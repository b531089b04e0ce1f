/** The first program in docs/durable.md: a worker in a process of its own. */
// #region program
import { Durable, Workflow } from "effect-cano"
import { Main, SqliteJournal } from "effect-cano-node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Greeting = Schema.TaggedUnion({
  Greet: { name: Schema.String },
  Greeted: {}
})

const greeting = Workflow.make("greeting", Greeting, {
  initial: "Greet",
  exits: ["Greeted"],
  states: {
    Greet: { to: ["Greeted"], run: ({ name }) => Effect.as(Console.log(`hello ${name}`), { _tag: "Greeted" }) }
  }
})

const worker = Durable.register(greeting).pipe(
  Layer.provideMerge(Durable.layer()),
  Layer.provide(SqliteJournal.layer({ file: "runs.db" }))
)

// what the process does besides: it starts a run, and never the same one twice
const start = Layer.effectDiscard(
  Durable.start(greeting, { runId: "greeting-1", state: { _tag: "Greet", name: "Ada" } })
)

Main.run(Layer.launch(start.pipe(Layer.provide(worker))))
// #endregion
