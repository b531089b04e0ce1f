import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Change } from "../../Durable.ts"
import type { Definition } from "../../Journal.ts"

/*
 * What has changed between two versions of a workflow, read from their definitions alone.
 */

interface Graph {
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  readonly edges: ReadonlySet<string>
  readonly tags: ReadonlySet<string>
}

/** Lists what has changed, states first. */
export const changesBetween = (before: Definition, after: Definition): ReadonlyArray<Change> => {
  const [from, to] = [graphOf(before.graph), graphOf(after.graph)]
  const [old, now] = [payloadsOf(before.schema), payloadsOf(after.schema)]
  const added = (one: ReadonlySet<string>, other: ReadonlySet<string>) => Array.from(other).filter((it) => !one.has(it))
  const edge = (key: string) => {
    const [from = "", to = ""] = JSON.parse(key) as ReadonlyArray<string>
    return { from, to }
  }
  return [
    ...added(from.tags, to.tags).map((state): Change => ({ _tag: "StateAdded", state })),
    ...added(to.tags, from.tags).map((state): Change => ({ _tag: "StateRemoved", state })),
    ...Array.from(old)
      .filter(([state, payload]) => now.has(state) && now.get(state) !== payload)
      .map(([state]): Change => ({ _tag: "PayloadChanged", state })),
    ...added(from.edges, to.edges).map((key): Change => ({ _tag: "EdgeAdded", ...edge(key) })),
    ...added(to.edges, from.edges).map((key): Change => ({ _tag: "EdgeRemoved", ...edge(key) })),
    ...(from.initial === to.initial ? [] : [{ _tag: "InitialChanged", from: from.initial, to: to.initial } as const]),
    ...Array.from(from.tags)
      .filter((state) => to.tags.has(state) && from.exits.includes(state) !== to.exits.includes(state))
      .map((state): Change => ({ _tag: to.exits.includes(state) ? "ExitAdded" : "ExitRemoved", state }))
  ]
}

const GraphJson = Schema.fromJsonString(
  Schema.Struct({
    initial: Schema.String,
    exits: Schema.Array(Schema.String),
    states: Schema.Record(Schema.String, Schema.Struct({ to: Schema.Array(Schema.String) }))
  })
)

const decodeGraph = Schema.decodeUnknownOption(GraphJson)

/** The edges are JSON lists of two tags, since a tag may hold any character. */
const graphOf = (text: string): Graph => {
  const { exits, initial, states } = Option.getOrElse(decodeGraph(text), () => ({ initial: "", exits: [], states: {} }))
  const edges = Object.entries(states).flatMap(([from, { to }]) => to.map((to) => JSON.stringify([from, to])))
  return { initial, exits, edges: new Set(edges), tags: new Set([...Object.keys(states), ...exits]) }
}

/** The texts of the payloads' schemas, by tag. A state without a payload has none. */
const payloadsOf = (text: string): ReadonlyMap<string, string> => {
  const { references = {}, representation } = JSON.parse(text) as { references?: any; representation: any }
  const resolved = (node: any): any =>
    node?._tag === "Reference" && references[node.$ref] !== undefined ? references[node.$ref] : node
  const payloads = new Map<string, string>()
  const visit = (given: any): void => {
    const node = resolved(given)
    if (node?._tag === "Union") for (const type of node.types) visit(type)
    const tag = node?.propertySignatures?.find((property: any) => property.name?.value === "_tag")?.type?.literal?.value
    if (typeof tag === "string") payloads.set(tag, written(node, references, []))
  }
  visit(representation)
  return payloads
}

/** Writes a schema without annotations, with what it refers to in place. */
const written = (node: unknown, references: any, within: ReadonlyArray<string>): string =>
  JSON.stringify(node, (name, value) => {
    if (name === "annotations") return undefined
    if (value?._tag !== "Reference" || within.includes(value.$ref)) return value
    return written(references[value.$ref], references, [...within, value.$ref])
  })
