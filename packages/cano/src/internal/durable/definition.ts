import * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import type { Definition } from "../../Journal.ts"
import type { Machine } from "../machine/machine.ts"

/*
 * What a machine means, as text. Two builds of one workflow mean the same, whatever bundler or minifier made them:
 * states, edges and schemas count, code does not.
 */

/** A definition, and the hash of its schema alone. The fingerprint begins with that hash. */
export interface Fingerprinted extends Definition {
  readonly schemaHash: string
}

const definitions = new WeakMap<Machine, Fingerprinted>()

export const definitionOf = (machine: Machine): Fingerprinted => {
  const known = definitions.get(machine)
  if (known !== undefined) return known
  const definition = make(machine)
  definitions.set(machine, definition)
  return definition
}

const make = (machine: Machine): Fingerprinted => {
  const schema = schemaJson(machine.schema)
  const schemaHash = hashOf(meaningOf(schema))
  const graph = stable(graphOf(machine))
  return {
    workflow: machine.name,
    // Workflows of different names may look the same, and run other code.
    fingerprint: `${schemaHash}-${hashOf(stable([machine.name, graph]))}`,
    schemaHash,
    graph,
    schema: stable(schema)
  }
}

export const schemaHashOf = (schema: Schema.Codec<any, any, any, any>): string => hashOf(meaningOf(schemaJson(schema)))

const graphOf = (machine: Machine): Schema.Json => ({
  initial: machine.initial,
  exits: [...machine.exits].sort(),
  states: Object.fromEntries(
    Array.from(machine.entries.values(), (entry) => [
      entry.tag,
      {
        to: Array.from(entry.edges.keys()).sort(),
        catch: Object.fromEntries(Array.from(entry.errorEdges, ([error, edge]) => [error, edge.to ?? null]))
      }
    ])
  )
})

const schemaJson = (schema: Schema.Codec<any, any, any, any>): Schema.Json =>
  SchemaRepresentation.toJson(SchemaRepresentation.toRepresentation(Schema.toCodecJson(schema).ast))

/** The text of a schema without its annotations: a new description is no new version. */
const meaningOf = (schema: Schema.Json): string => stable(withoutAnnotations(schema))

const withoutAnnotations = (json: Schema.Json): Schema.Json => {
  if (Array.isArray(json)) return json.map(withoutAnnotations)
  if (typeof json !== "object" || json === null) return json
  const entries = Object.entries(json).filter(([name]) => name !== "annotations")
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutAnnotations(value as Schema.Json)]))
}

/** JSON with sorted keys. */
export const stable = (json: Schema.Json): string =>
  JSON.stringify(json, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value
  )

/** FNV-1a of 64 bits over UTF-16, in hex. Nobody gains from a collision, so the hash need not be hard to invert. */
const hashOf = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (let at = 0; at < text.length; at++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n)
  return hash.toString(16).padStart(16, "0")
}
