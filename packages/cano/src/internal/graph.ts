import { nameProblems } from "./configuration.ts"

/** A machine as a graph of tags; what definition-time checks and diagrams look at. */
export interface Graph {
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  readonly edges: ReadonlyMap<string, ReadonlyArray<string>>
}

/** Everything that is wrong with a machine and that types cannot say, or that untyped callers got wrong. */
export const problems = (graph: Graph): ReadonlyArray<string> => {
  const { edges, exits, initial } = graph
  const known = new Set([...exits, ...edges.keys()])
  const found: Array<string> = []
  for (const tag of known) found.push(...nameProblems("a state's name", tag))
  if (exits.length === 0) found.push("there is no exit")
  for (const tag of duplicates(exits)) found.push(`exit "${tag}" is listed twice`)
  for (const tag of new Set(exits)) if (edges.has(tag)) found.push(`exit "${tag}" has a definition`)
  if (!known.has(initial)) found.push(`initial state "${initial}" is not defined`)
  for (const [tag, to] of edges) {
    for (const target of duplicates(to)) found.push(`state "${tag}" lists "${target}" twice`)
    for (const target of new Set(to)) {
      if (!known.has(target)) found.push(`state "${tag}" can go to "${target}", which is not defined`)
    }
  }
  return found.length > 0 ? found : [...unreachable(graph), ...stuck(graph)]
}

const unreachable = ({ edges, exits, initial }: Graph): ReadonlyArray<string> => {
  const reached = closure([initial], (tag) => edges.get(tag) ?? [])
  return [...edges.keys(), ...exits]
    .filter((tag) => !reached.has(tag))
    .map((tag) => `state "${tag}" cannot be reached from "${initial}"`)
}

const stuck = ({ edges, exits }: Graph): ReadonlyArray<string> => {
  const sources = new Map<string, Array<string>>()
  for (const [tag, to] of edges) {
    for (const target of to) {
      const from = sources.get(target)
      if (from === undefined) sources.set(target, [tag])
      else from.push(tag)
    }
  }
  const ending = closure(exits, (tag) => sources.get(tag) ?? [])
  return [...edges.keys()].filter((tag) => !ending.has(tag)).map((tag) => `no exit can be reached from state "${tag}"`)
}

const closure = (start: ReadonlyArray<string>, next: (tag: string) => ReadonlyArray<string>): ReadonlySet<string> => {
  const seen = new Set(start)
  for (const tag of seen) for (const target of next(tag)) seen.add(target)
  return seen
}

const duplicates = (tags: ReadonlyArray<string>): ReadonlySet<string> => {
  const seen = new Set<string>()
  return new Set(tags.filter((tag) => seen.size === seen.add(tag).size))
}
