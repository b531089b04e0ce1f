/** The same page here. */
// #region program
import { Node, Retry, Store, Workflow } from "effect-cano"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

class ModelBusy extends Data.TaggedError("ModelBusy")<{}> {}

const Page = Store.key("page", Schema.String)
const Summary = Store.key("summary", Schema.String)

let calls = 0
const summarise = (text: string) =>
  Effect.suspend(() => {
    calls++
    return calls < 3 ? Effect.fail(new ModelBusy()) : Effect.succeed(text.split(".")[0]!)
  })

const load = Node.make({
  prep: Store.get(Page),
  exec: (page) => page.trim().length > 0,
  post: (isReadable) => (isReadable ? "Summarise" : "Empty")
})

const summary = Node.make({
  prep: Store.get(Page),
  exec: (page) =>
    summarise(page).pipe(
      Effect.retry(Retry.fixed(2, "10 millis")), // 2 retries, so 3 attempts
      Effect.catchTag("ModelBusy", () => Effect.succeed("no summary"))
    ),
  post: function* (text) {
    yield* Store.put(Summary, text)
    return "Done"
  }
})

const flow = Workflow.make("summary", Schema.Literals(["Load", "Summarise", "Empty", "Done"]), {
  initial: "Load",
  exits: ["Empty", "Done"],
  states: {
    Load: { to: ["Summarise", "Empty"], run: load },
    Summarise: { to: ["Done"], run: summary }
  }
})

/** Each call has a store of its own. */
const summaryOf = (page: string) =>
  Effect.gen(function* () {
    yield* Store.put(Page, page)
    yield* Workflow.run(flow)
    return yield* Store.getOption(Summary)
  }).pipe(Effect.provide(Store.MemoryStore.layer))

const program = Effect.gen(function* () {
  const otters = yield* summaryOf("Otters hold hands. They sleep afloat.")
  yield* Console.log(`${Option.getOrUndefined(otters)} (${calls} calls)`)
  const blank = yield* summaryOf(" ")
  yield* Console.log(Option.getOrElse(blank, () => "nothing to summarise"))
})

await Effect.runPromise(program)
// #endregion
