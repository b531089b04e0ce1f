/** The same text here. */
// #region program
import { Task, Workflow } from "effect-cano"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Stands for a language model. */
const write = (topic: string, round: number) => Effect.succeed(`${topic}, ${"better ".repeat(round)}told`)
const criticise = (text: string, wanted: string): Effect.Effect<Array<string>> =>
  Effect.succeed(text.includes(wanted) ? [] : [`not ${wanted} yet`])

const Article = Schema.TaggedUnion({
  Draft: { topic: Schema.String, round: Schema.Number },
  Judge: { topic: Schema.String, round: Schema.Number, text: Schema.String },
  Done: { text: Schema.String }
})
type Judge = typeof Article.cases.Judge.Type

const article = Workflow.make("article", Article, {
  initial: "Draft",
  exits: ["Done"],
  states: {
    Draft: {
      to: ["Judge"],
      run: function* ({ round, topic }) {
        return { _tag: "Judge", topic, round: round + 1, text: yield* write(topic, round) }
      }
    },
    Judge: {
      to: ["Draft", "Done"],
      run: Task.fork({
        branches: ({ text }: Judge) => ({ style: criticise(text, "better"), facts: criticise(text, "told") }),
        join: function* ({ facts, style }, { round, text, topic }: Judge) {
          const complaints = [...style, ...facts]
          yield* Console.log(`round ${round}: ${complaints.join(", ") || "both are content"}`)
          return complaints.length > 0 && round < 3 ? { _tag: "Draft", topic, round } : { _tag: "Done", text }
        }
      })
    }
  }
})

const { text } = await Effect.runPromise(Workflow.run(article, { _tag: "Draft", topic: "Otters", round: 0 }))
console.log(text)
// #endregion
