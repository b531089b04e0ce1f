import { hasProperty } from "effect/Predicate"
import { described, isFunction, isGiven, nameProblems, optional } from "../faults.ts"

/** The definition of a machine, as a user gives it to `Workflow.make`. */
export interface Definition {
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  readonly states: ReadonlyMap<string, StateDefinition>
  /** For the failures that the states leave. */
  readonly catch?: Routes | undefined
  /** The exits at which a run is compensated. */
  readonly compensateOn?: ReadonlyArray<string> | undefined
}

export interface StateDefinition {
  readonly to: ReadonlyArray<string>
  readonly run: unknown
  readonly catch?: Routes | undefined
  readonly compensate?: unknown
}

/** Where failures lead, by their tags; `"*"` stands for all others. */
export type Routes = Readonly<Record<string, Route>>

/** A tag, a function to the next state, or a tag and a function to the payload. */
export type Route =
  | string
  | ((error: any, state: any) => unknown)
  | { readonly to: string; readonly with: (error: any, state: any) => object }

/** The tag to which a route leads, if it does not depend on the failure. */
export const targetOf = (route: Route): string | undefined => {
  if (typeof route === "string") return route
  return typeof route === "function" ? undefined : route.to
}

/** Lists the faults of a definition: those that types cannot express, and the mistakes of untyped callers. */
export const problems = ({
  catch: routes,
  compensateOn = [],
  exits,
  initial,
  states
}: Definition): ReadonlyArray<string> => [
  ...Array.from(states).flatMap(([tag, state]) => stateProblems(tag, state)),
  ...routesProblems("the workflow", routes, Array.from(states.values()).flatMap(edgesOf), `no state's "to" lists`),
  ...compensateOn
    .filter((tag) => !exits.includes(tag))
    .map((tag) => `compensateOn lists ${described(tag)}, which is not an exit`),
  ...graphProblems({ initial, exits, edges: new Map(Array.from(states, ([tag, state]) => [tag, edgesOf(state)])) })
]

const edgesOf = (state: StateDefinition | undefined): ReadonlyArray<string> =>
  Array.isArray(state?.to) ? state.to : []

const keys = ["to", "run", "catch", "compensate"]

const stateProblems = (tag: string, state: StateDefinition | undefined): ReadonlyArray<string> => {
  if (!Array.isArray(state?.to)) return [`state "${tag}" has no list of edges under "to"`]
  return [
    ...Object.keys(state)
      .filter((key) => !keys.includes(key))
      .map((key) => `state "${tag}" has no "${key}": a state has "to", "run", "catch" and "compensate"`),
    ...isRun(`"run" of state "${tag}"`, state.run),
    ...optional(isFunction)(`"compensate" of state "${tag}"`, state.compensate),
    ...routesProblems(`state "${tag}"`, state.catch, state.to, `its "to" does not list`)
  ]
}

const routesProblems = (who: string, routes: unknown, to: ReadonlyArray<string>, list: string): ReadonlyArray<string> =>
  Object.entries(routes ?? {}).flatMap(([error, route]) => {
    if (!isRoute(route)) {
      return [`${who} catches "${error}" with ${described(route)}, expected a tag, a function or { to, with }`]
    }
    const target = targetOf(route)
    return target === undefined || to.includes(target)
      ? []
      : [`${who} catches "${error}" with ${described(target)}, which ${list}`]
  })

const isRoute = (route: unknown): route is Route =>
  typeof route === "string" ||
  typeof route === "function" ||
  (hasProperty(route, "to") &&
    typeof route.to === "string" &&
    hasProperty(route, "with") &&
    typeof route.with === "function")

const isRun = isGiven("an Effect, a task or a function")

/** A definition as a graph of tags. */
interface Graph {
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  readonly edges: ReadonlyMap<string, ReadonlyArray<string>>
}

const graphProblems = (graph: Graph): ReadonlyArray<string> => {
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
