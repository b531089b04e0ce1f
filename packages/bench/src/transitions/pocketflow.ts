import { Flow, Node } from "pocketflow"
import type { Prepare } from "../harness/contender.ts"
import { makeRing, type State } from "./ring.ts"

class Hop extends Node {
  readonly target: () => State
  constructor(target: () => State) {
    super()
    this.target = target
  }
  override async post() {
    return this.target()
  }
}

/** Nodes whose `post` returns the action, the last of them a node without successors. */
export const flow: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const done = new Node()
  const targets = ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S0"] as const
  const nodes = targets.map((target) => new Hop(hop(target)).on("Done", done))
  for (const [index, target] of targets.entries()) {
    nodes[index]!.on(target, nodes[(index + 1) % nodes.length]!)
  }
  const ring = new Flow(nodes[0]!)
  return async () => {
    start()
    await ring.run({})
    return taken()
  }
}
