/** A text in LangGraph.js: drafted, read by two critics at once, and revised until both are content. */
// #region program
import { Annotation, END, START, StateGraph } from "@langchain/langgraph"

/** Stands for a language model. */
const write = async (topic: string, round: number): Promise<string> => `${topic}, ${"better ".repeat(round)}told`
const criticise = async (text: string, wanted: string): Promise<Array<string>> =>
  text.includes(wanted) ? [] : [`not ${wanted} yet`]

const Article = Annotation.Root({
  topic: Annotation<string>,
  text: Annotation<string>,
  round: Annotation<number>,
  // both critics write into it at once, so it needs a reducer; an empty list starts a new round
  complaints: Annotation<Array<string>>({
    default: () => [],
    reducer: (all, more) => (more.length === 1 && more[0] === "reset" ? [] : [...all, ...more])
  })
})
type Article = typeof Article.State

const article = new StateGraph(Article)
  .addNode("draft", async ({ round, topic }: Article) => ({
    text: await write(topic, round),
    round: round + 1,
    complaints: ["reset"]
  }))
  .addNode("style", async ({ text }: Article) => ({ complaints: await criticise(text, "better") }))
  .addNode("facts", async ({ text }: Article) => ({ complaints: await criticise(text, "told") }))
  .addNode("judge", ({ complaints, round }: Article) => {
    console.log(`round ${round}: ${complaints.join(", ") || "both are content"}`)
    return {}
  })
  .addEdge(START, "draft")
  .addEdge("draft", "style")
  .addEdge("draft", "facts")
  .addEdge(["style", "facts"], "judge")
  .addConditionalEdges(
    "judge",
    ({ complaints, round }: Article): "again" | "done" => (complaints.length > 0 && round < 3 ? "again" : "done"),
    { again: "draft", done: END }
  )
  .compile()

const { text } = await article.invoke({ topic: "Otters", round: 0 })
console.log(text)
// #endregion
