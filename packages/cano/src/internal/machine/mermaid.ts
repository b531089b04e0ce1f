import * as Duration from "effect/Duration"
import * as Wait from "../../Wait.ts"
import type { Entry, Machine } from "./machine.ts"
import { labelOf } from "./policyLabel.ts"
import type { Fork, WaitFor } from "./task.ts"

/** Draws a machine as a Mermaid flowchart. Node ids are made here, so only labels contain text of the user. */
export const draw = ({ entries, exits, initial }: Machine): string => {
  const states = Array.from(entries.values()).filter((entry) => !entry.isExit)
  const ids = new Map([...states.map(({ tag }) => tag), ...exits].map((tag, index) => [tag, `s${index}`]))
  const lines = ["flowchart TD", `  start(( )) --> ${ids.get(initial)}`]
  for (const state of states) lines.push(`  ${ids.get(state.tag)}["${label(state)}"]`)
  for (const tag of exits) lines.push(`  ${ids.get(tag)}(["${escape(tag)}"])`)
  for (const { edges, errorEdges, tag, task } of states) {
    const from = task.fork === undefined ? ids.get(tag)! : drawFork(lines, ids.get(tag)!, task.fork)
    for (const target of edges.keys()) {
      const errors = Array.from(errorEdges).filter(([, edge]) => edge.to === target)
      const arrow = errors.length === 0 ? "-->" : `-. "${errors.map(([error]) => escape(error)).join(", ")}" .->`
      lines.push(`  ${errors.length === 0 ? from : ids.get(tag)} ${arrow} ${ids.get(target)}`)
    }
  }
  return [...note(lines), ...lines].join("\n") + "\n"
}

/** Mermaid draws 500 edges and refuses more. A drawing cannot lift that limit, only the page that shows it. */
const maxEdges = 500

const note = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const edges = lines.reduce((count, line) => count + (line.match(arrows)?.length ?? 0), 0)
  return edges > maxEdges ? [`%% ${edges} edges: call mermaid.initialize({ maxEdges: ${edges} })`] : []
}

const arrows = / (?:-->|==>|\.->) /g

/** Draws the branches of a fork between its state and a join, and gives the id of the join. */
const drawFork = (lines: Array<string>, id: string, { branches, wait }: Fork): string => {
  const join = `${id}join`
  for (const [index, branch] of (branches ?? ["…"]).entries()) {
    lines.push(`  ${id} ==> ${id}b${index}[["${escape(branch)}"]] ==> ${join}`)
  }
  lines.push(`  ${join}{{"${escape(Wait.format(wait))}"}}`)
  return join
}

/** The label of a state. It names the errors that a function routes: their target is unknown before the failure. */
const label = ({ compensate, errorEdges, tag, task }: Entry): string =>
  [
    escape(tag),
    ...(task.waitFor === undefined ? [] : [`⏳ ${escape(waitLabel(task.waitFor))}`]),
    ...(task.retry === undefined ? [] : [`↻ ${escape(labelOf(task.retry) ?? "retry")}`]),
    ...(task.attemptTimeout === undefined ? [] : [`⏱ ${escape(Duration.format(task.attemptTimeout))}`]),
    ...(compensate === undefined ? [] : ["↩"]),
    ...Array.from(errorEdges).flatMap(([error, edge]) => (edge.to === undefined ? [`⚠ ${escape(error)}`] : []))
  ].join("<br/>")

/** The reason of a wait, and its time if that does not depend on the state. */
const waitLabel = (waitFor: WaitFor): string => {
  const time = labelOf(waitFor) ?? "…"
  if (waitFor._tag === "Time") return time
  const signal = `signal ${waitFor.signal.name}`
  return waitFor.deadline === undefined ? signal : `${signal}, ${time}`
}

/**
 * Writes as a character code every character that could end a label, or that Mermaid or HTML could read as syntax.
 * Mermaid trims labels, so a space at an end becomes a code too.
 */
const escape = (text: string): string =>
  Array.from(text.toWellFormed(), (char) => (/[\p{L}\p{N} _.,×-]/u.test(char) ? char : `#${char.codePointAt(0)};`))
    .join("")
    .replace(/^ | $/g, "#32;")
