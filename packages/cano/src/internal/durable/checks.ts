import { nameProblems } from "../faults.ts"

/*
 * The checks of what comes from outside with a call: ids, labels and the names of options.
 */

/** The values of these options may come from outside, so wrong ones are failures. Wrong names are mistakes in a program. */
const any = () => []
export const startOptions = { runId: any, state: any, labels: any, delay: any }
export const restartOptions = { from: any, sequence: any, runId: any, labels: any }

export const storableProblems = (what: string, text: unknown): ReadonlyArray<string> => {
  const problems = nameProblems(what, text)
  if (problems.length > 0) return problems
  return (text as string).isWellFormed() && !(text as string).includes("\0")
    ? []
    : [`${what} holds a character that cannot be stored`]
}

/** What is wrong with the id and the labels of a run. */
export const startProblems = (runId: unknown, labels: unknown): ReadonlyArray<string> => [
  ...runIdProblems(runId),
  ...labelProblems(labels)
]

/** `~` stands in the ids of children. */
const runIdProblems = (runId: unknown): ReadonlyArray<string> => {
  const problems = nameProblems("the run id", runId)
  if (problems.length > 0) return problems
  const id = runId as string
  if (!id.isWellFormed()) return ["the run id holds half of a surrogate pair"]
  if (id.includes("~")) return ['the run id holds "~", which stands in the ids of child runs']
  return hasControl(id) ? ["the run id holds a control character"] : []
}

const hasControl = (text: string): boolean => Array.from(text).some((char) => char < " " || char === "\x7f")

const maxLabels = 16

const labelProblems = (labels: unknown): ReadonlyArray<string> => {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return ["labels is not an object"]
  const entries = Object.entries(labels)
  if (entries.length > maxLabels) return [`there are ${entries.length} labels, at most ${maxLabels} are allowed`]
  return entries.flatMap(([name, value]) => {
    const label = `label "${name.slice(0, 40)}"`
    return [...storableProblems("the name of a label", name), ...storableProblems(label, value)]
  })
}
