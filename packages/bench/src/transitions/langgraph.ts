import { Annotation, END, START, StateGraph } from "@langchain/langgraph"
import type { Prepare } from "../harness/contender.ts"
import { makeRing } from "./ring.ts"

/** Nodes that change nothing, conditional edges between them, no checkpointer. */
export const graph: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const node = () => ({})
  const compiled = new StateGraph(Annotation.Root({ value: Annotation<string> }))
    .addNode("S0", node)
    .addNode("S1", node)
    .addNode("S2", node)
    .addNode("S3", node)
    .addNode("S4", node)
    .addNode("S5", node)
    .addNode("S6", node)
    .addNode("S7", node)
    .addEdge(START, "S0")
    .addConditionalEdges("S0", hop("S1"), { S1: "S1", Done: END })
    .addConditionalEdges("S1", hop("S2"), { S2: "S2", Done: END })
    .addConditionalEdges("S2", hop("S3"), { S3: "S3", Done: END })
    .addConditionalEdges("S3", hop("S4"), { S4: "S4", Done: END })
    .addConditionalEdges("S4", hop("S5"), { S5: "S5", Done: END })
    .addConditionalEdges("S5", hop("S6"), { S6: "S6", Done: END })
    .addConditionalEdges("S6", hop("S7"), { S7: "S7", Done: END })
    .addConditionalEdges("S7", hop("S0"), { S0: "S0", Done: END })
    .compile()
  return async () => {
    start()
    await compiled.invoke({ value: "" }, { recursionLimit: transitions + 1 })
    return taken()
  }
}
