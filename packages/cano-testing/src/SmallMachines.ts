/**
 * All machines of three states with two edges each, and all scripts of three decisions.
 *
 * @since 0.1.0
 */
import type { Form, Machine } from "./Machines.ts"

/**
 * The edges of three states.
 *
 * @category models
 * @since 0.1.0
 */
export type Graph = Readonly<Record<"A" | "B" | "C", ReadonlyArray<string>>>

/**
 * The first decisions of a run. After them the run takes first edges.
 *
 * @category models
 * @since 0.1.0
 */
export type Script = NonNullable<Machine["choices"]>

const working = ["A", "B", "C"] as const
const targets = [...working, "X"]
const pairs = targets.flatMap((first) => targets.filter((second) => second !== first).map((second) => [first, second]))
const formOf = { A: "exit", B: "generator", C: "node" } satisfies Record<string, Form>

/**
 * Lists all graphs of the states `A`, `B` and `C`, each with two edges to these states or to the exit `X`.
 *
 * @category generators
 * @since 0.1.0
 */
export const graphs: ReadonlyArray<Graph> = pairs.flatMap((A) => pairs.flatMap((B) => pairs.map((C) => ({ A, B, C }))))
const decisions = [0, 1, "fail", "die"] as const
/**
 * Lists all scripts of three decisions: an edge, a failure or a defect.
 *
 * @category generators
 * @since 0.1.0
 */
export const scripts: ReadonlyArray<Script> = decisions.flatMap((a) =>
  decisions.flatMap((b) => decisions.map((c) => [a, b, c]))
)

/**
 * Makes a machine of a graph and a script, with or without error edges.
 *
 * @category generators
 * @since 0.1.0
 */
export const machineOf = (graph: Graph, caught: boolean, choices: Script): Machine => ({
  records: false,
  start: "A",
  exits: ["X"],
  maxTransitions: 5,
  choices,
  states: Object.fromEntries(
    working.map((tag) => [
      tag,
      {
        to: graph[tag],
        form: formOf[tag],
        script: [],
        catch: caught ? { E0: { to: graph[tag][1]!, byFunction: tag === "B" } } : {}
      }
    ])
  )
})

/** Finds the tags that can be reached from a tag, by following all edges again and again. */
const reachable = (graph: Graph, from: string): ReadonlySet<string> => {
  let found = new Set([from])
  for (let round = 0; round < targets.length; round++) {
    found = new Set([...found].flatMap((tag) => [tag, ...(graph[tag as "A"] ?? [])]))
  }
  return found
}

/**
 * Lists the faults for which `Workflow.make` must refuse a graph.
 *
 * @category generators
 * @since 0.1.0
 */
export const faults = (graph: Graph): ReadonlyArray<string> => [
  ...targets.filter((tag) => !reachable(graph, "A").has(tag)).map((tag) => `state "${tag}" cannot be reached from "A"`),
  ...working.filter((tag) => !reachable(graph, tag).has("X")).map((tag) => `no exit can be reached from state "${tag}"`)
]
