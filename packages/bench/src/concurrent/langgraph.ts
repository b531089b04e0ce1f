import { Annotation, END, START, StateGraph } from "@langchain/langgraph"
import { drive, Waiting } from "./drive.ts"
import type { PrepareBatch, Waits } from "./shape.ts"

/** A graph of three nodes, compiled once and invoked for each instance. */
export const graph: PrepareBatch = drive(() => {
  const waiting = new Waiting()
  const node = (index: 0 | 1 | 2) => async (state: { readonly waits: Waits }) => {
    await waiting.sleep(state.waits[index])
    return {}
  }
  const compiled = new StateGraph(Annotation.Root({ waits: Annotation<Waits> }))
    .addNode("A", node(0))
    .addNode("B", node(1))
    .addNode("C", node(2))
    .addEdge(START, "A")
    .addEdge("A", "B")
    .addEdge("B", "C")
    .addEdge("C", END)
    .compile()
  return {
    start: async (waits) => void (await compiled.invoke({ waits })),
    stop: () => waiting.giveUp()
  }
})
