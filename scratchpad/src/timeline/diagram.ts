/**
 * The diagram of a machine as SVG. Graphviz places the states and draws the edges; it gets neither a name nor a label,
 * only sizes, so nothing that a user wrote can mean something to it.
 */
import { instance } from "@viz-js/viz"
import * as Schema from "effect/Schema"
import stringWidth from "string-width"
import { escape } from "./html.ts"
import type { Machine } from "./model.ts"

const viz = await instance()

const Points = Schema.Array(Schema.Tuple([Schema.Number, Schema.Number]))

/** What is read of the JSON of Graphviz. */
const Layout = Schema.Struct({
  bb: Schema.String,
  objects: Schema.Array(Schema.Struct({ name: Schema.String, pos: Schema.String })),
  edges: Schema.optional(
    Schema.Array(
      Schema.Struct({
        id: Schema.String,
        lp: Schema.optional(Schema.String),
        _draw_: Schema.Array(Schema.Struct({ op: Schema.String, points: Schema.optional(Points) })),
        _hdraw_: Schema.Array(Schema.Struct({ op: Schema.String, points: Schema.optional(Points) }))
      })
    )
  )
})
type Layout = typeof Layout.Type
type Edge = NonNullable<Layout["edges"]>[number]

const height = 50
const widthOf = (machine: Machine, state: number): number =>
  Math.max(132, Math.ceil(stringWidth(short(machine.states[state]!.name)) * 7.6) + 30)
const labelOf = (errors: ReadonlyArray<string>): string => short(errors.join(", "))

/** Draws a machine; `data-state` and `data-edge` hold the indexes that the script of the page knows them by. */
export const draw = (machine: Machine): string => {
  const layout = layoutOf(machine)
  // The corners, from the lower left to the upper right; y grows downwards.
  const [, depth = 0, width = 0] = numbers(layout.bb)
  const margin = 6
  const box = [-margin, -margin, width + 2 * margin, depth + 2 * margin].join(" ")
  const [start, ...states] = layout.objects
  const [sx = 0, sy = 0] = numbers(start!.pos)
  return [
    `<svg class="machine" viewBox="${box}" width="${width + 2 * margin}" height="${depth + 2 * margin}" role="group" aria-label="Diagram of ${escape(machine.name)}">`,
    `<desc>${escape(describe(machine))}</desc>`,
    `<circle class="start" cx="${sx}" cy="${sy}" r="6"/>`,
    ...(layout.edges ?? []).map((edge) => edgeOf(machine, edge)),
    ...states.map(({ pos }, state) => stateOf(machine, state, numbers(pos))),
    "</svg>"
  ].join("\n")
}

const layoutOf = (machine: Machine): Layout =>
  Schema.decodeUnknownSync(Layout)(
    viz.renderJSON(
      {
        directed: true,
        graphAttributes: { rankdir: "TB", nodesep: 0.35, ranksep: 0.4 },
        nodeAttributes: { shape: "box", fixedsize: true, label: "" },
        edgeAttributes: { arrowsize: 0.8 },
        nodes: [
          { name: "start", attributes: { shape: "circle", width: 12 / 72, height: 12 / 72 } },
          ...machine.states.map((_, state) => ({
            name: `s${state}`,
            attributes: { width: widthOf(machine, state) / 72, height: height / 72 }
          }))
        ],
        edges: [
          { tail: "start", head: `s${machine.initial}`, attributes: { id: "start" } },
          ...machine.edges.map(({ errors, from, to }, index, edges) => ({
            tail: `s${from}`,
            head: `s${to}`,
            attributes: {
              id: String(index),
              // What is listed first is the usual way, and gets the straight line.
              weight: edges[index - 1]?.from === from ? 1 : 8,
              ...(errors.length === 0 ? {} : { label: { html: room(labelOf(errors)) } })
            }
          }))
        ]
      },
      { yInvert: true }
    )
  )

/** A label that is as large as a text and holds none. */
const room = (text: string): string =>
  `<table border="0" fixedsize="true" width="${stringWidth(text) * 7 + 14}" height="20"><tr><td></td></tr></table>`

const stateOf = (machine: Machine, state: number, [x = 0, y = 0]: ReadonlyArray<number>): string => {
  const { isExit, name } = machine.states[state]!
  const width = widthOf(machine, state)
  const rect = (inset: number, kind: string) =>
    `<rect class="${kind}" x="${x - width / 2 + inset}" y="${y - height / 2 + inset}" width="${width - 2 * inset}" height="${height - 2 * inset}" rx="${(isExit ? height / 2 : 8) - inset}"/>`
  return [
    `<g class="state${isExit ? " exit" : ""}" data-state="${state}" role="img" aria-label="${escape(name)}">`,
    `<title>${escape(name)}</title>`,
    rect(0, "outline"),
    ...(isExit ? [rect(4, "inner")] : []),
    `<text class="name" x="${x}" y="${y + 5}">${escape(short(name))}</text>`,
    `<text class="count" x="${x}" y="${y + 14}"></text>`,
    "</g>"
  ].join("")
}

const edgeOf = (machine: Machine, { _draw_, _hdraw_, id, lp }: Edge): string => {
  const curve = pointsOf(_draw_, "b").map((point) => point.join(","))
  const head = pointsOf(_hdraw_, "P").map((point) => point.join(","))
  const shape = `<path d="M${curve[0]} C${curve.slice(1).join(" ")}"/><polygon points="${head.join(" ")}"/>`
  if (id === "start") return `<g class="edge first" aria-hidden="true">${shape}</g>`
  const { errors } = machine.edges[Number(id)]!
  const [x = 0, y = 0] = lp === undefined ? [] : numbers(lp)
  const label = errors.length === 0 ? "" : `<text x="${x}" y="${y + 4}">${escape(labelOf(errors))}</text>`
  return `<g class="edge${errors.length === 0 ? "" : " error"}" data-edge="${id}" aria-hidden="true">${shape}${label}</g>`
}

const pointsOf = (operations: Edge["_draw_"], op: string) =>
  operations.find((operation) => operation.op === op)?.points ?? []

const describe = ({ edges, initial, states }: Machine): string =>
  [
    `It starts in ${states[initial]!.name}`,
    ...edges.map(({ errors, from, to }) => {
      const why = errors.length === 0 ? "" : ` on ${errors.join(", ")}`
      return `${states[from]!.name} can lead to ${states[to]!.name}${why}`
    })
  ].join(". ")

const numbers = (text: string): ReadonlyArray<number> => text.split(",").map(Number)

const short = (name: string): string => {
  const characters = Array.from(name.toWellFormed())
  return characters.length <= 28 ? name : `${characters.slice(0, 27).join("")}…`
}
