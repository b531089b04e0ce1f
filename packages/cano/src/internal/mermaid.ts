import * as Duration from "effect/Duration"
import * as Wait from "../Wait.ts"
import * as badge from "./badge.ts"
import type { Graph } from "./graph.ts"
import type { Source } from "./program.ts"
import type { Fork } from "./work.ts"

/** Draws a machine as a Mermaid flowchart. Node ids are made here, so only labels carry what a user wrote. */
export const draw = (graph: Graph, states: ReadonlyMap<string, Source>): string => {
  const ids = new Map([...states.keys(), ...graph.exits].map((tag, index) => [tag, `s${index}`]))
  const lines = ["flowchart TD", `  start(( )) --> ${ids.get(graph.initial)}`]
  for (const [tag, source] of states) lines.push(`  ${ids.get(tag)}["${label(tag, source)}"]`)
  for (const tag of graph.exits) lines.push(`  ${ids.get(tag)}(["${escape(tag)}"])`)
  for (const [tag, source] of states) {
    const from = source.work.fork === undefined ? ids.get(tag)! : drawFork(lines, ids.get(tag)!, source.work.fork)
    for (const target of source.to) {
      const errors = Array.from(source.catch).filter(([, route]) => route === target)
      const arrow = errors.length === 0 ? "-->" : `-. "${errors.map(([error]) => escape(error)).join(", ")}" .->`
      lines.push(`  ${errors.length === 0 ? from : ids.get(tag)} ${arrow} ${ids.get(target)}`)
    }
  }
  return lines.join("\n") + "\n"
}

/** Draws the branches of a fork between its state and a join, and gives the id of the join. */
const drawFork = (lines: Array<string>, id: string, { branches, wait }: Fork): string => {
  const join = `${id}join`
  for (const [index, branch] of (branches ?? ["…"]).entries()) {
    lines.push(`  ${id} ==> ${id}b${index}[["${escape(branch)}"]] ==> ${join}`)
  }
  lines.push(`  ${join}{{"${escape(Wait.format(wait))}"}}`)
  return join
}

/** A failure that a function routes has no target before it happens, so it stands in the state's label. */
const label = (tag: string, { work, catch: routes }: Source): string =>
  [
    escape(tag),
    ...(work.retry === undefined ? [] : [`↻ ${escape(badge.get(work.retry))}`]),
    ...(work.attemptTimeout === undefined ? [] : [`⏱ ${escape(Duration.format(work.attemptTimeout))}`]),
    ...Array.from(routes).flatMap(([error, route]) => (typeof route === "string" ? [] : [`⚠ ${escape(error)}`]))
  ].join("<br/>")

/** Writes everything that could end a label, or mean something to Mermaid or HTML, as a character code. Mermaid trims labels, so spaces at the ends are written so too. */
const escape = (text: string): string =>
  Array.from(text.toWellFormed(), (char) => (/[\p{L}\p{N} _.,×-]/u.test(char) ? char : `#${char.codePointAt(0)};`))
    .join("")
    .replace(/^ | $/g, "#32;")
