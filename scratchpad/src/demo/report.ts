/**
 * What the demo shows: progress while it works, then a table of where the films ended and why, and the way of three.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Concurrent from "effect-cano/Concurrent"
import { createLogUpdate } from "log-update"
import type { Change } from "./records.ts"
import type { Outcome } from "./workflow.ts"

// -----------------------------------------------------------------------------
// progress
// -----------------------------------------------------------------------------

/** What a batch calls as it gets on: it moves a bar on a terminal, and writes four lines elsewhere. */
export const progress = (total: number): Effect.Effect<(progress: Concurrent.Progress) => void, never, Scope.Scope> =>
  globalThis.process.stderr.isTTY ? bar : Effect.map(Console.Console, (console) => lines(total, console))

const width = 40

const bar = Effect.acquireRelease(
  Effect.sync(() => createLogUpdate(globalThis.process.stderr)),
  (update) => Effect.sync(() => update.done())
).pipe(
  Effect.map((update) => {
    let shown = -1
    return ({ completed, failed, total }: Concurrent.Progress) => {
      const percent = Math.floor((100 * (completed + failed)) / total)
      if (percent === shown) return
      shown = percent
      const full = Math.round((width * percent) / 100)
      update(`  ${"█".repeat(full)}${"░".repeat(width - full)} ${percent} %  ${completed + failed} of ${total} films`)
    }
  })
)

const lines = (total: number, console: Console.Console) => {
  const quarters = [0.25, 0.5, 0.75, 1].map((share) => Math.ceil(total * share))
  return ({ completed, failed }: Concurrent.Progress): void => {
    const done = completed + failed
    if (quarters.includes(done)) console.error(`  ${grouped(done)} of ${grouped(total)} films`)
  }
}

// -----------------------------------------------------------------------------
// where the films ended
// -----------------------------------------------------------------------------

/** The exit, the state before it, and why. */
type Ending = readonly [exit: string, via: string, why: string]

const endingOf = ({ exit, wasSanitized, repairs }: Outcome): Ending => {
  const repair = repairs.at(-1)
  switch (exit._tag) {
    case "Complete": {
      const why = repair === undefined ? (wasSanitized ? "sanitized" : "valid as it came") : `retried: ${repair}`
      return [exit._tag, exit.quality === "high" ? "Enrich" : "BasicProcess", why]
    }
    case "Failed":
      return [
        exit._tag,
        exit.score === null ? "Cleanup" : "QualityCheck",
        repair === undefined ? exit.why : `${exit.why}, also when retried`
      ]
  }
}

export const grouped = (n: number): string => n.toLocaleString("en-US")

/** Endings in the order of the diagram, the most frequent reason first; the last line is the sum. */
export const endings = (outcomes: ReadonlyArray<Outcome>): string => {
  const counts = new Map<string, number>()
  for (const outcome of outcomes) {
    const key = endingOf(outcome).join("\t")
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const states = ["Enrich", "BasicProcess", "QualityCheck", "Cleanup"]
  const rows = Array.from(counts, ([key, count]) => ({ ending: key.split("\t"), count })).sort(
    (a, b) => states.indexOf(a.ending[1]!) - states.indexOf(b.ending[1]!) || b.count - a.count
  )
  return table(
    ["exit", "by way of", "why", "films"],
    rows.map(({ ending, count }) => [...ending, grouped(count)]),
    ["total", "", "", grouped(outcomes.length)]
  )
}

/** Pads all columns to the same width; the last one holds numbers and is aligned to the right. */
const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  foot: ReadonlyArray<string>
) => {
  const widths = head.map((_, column) => Math.max(...[head, ...rows, foot].map((row) => row[column]!.length)))
  const rule = widths.map((width) => "─".repeat(width)).join("──")
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
      )
      .join("  ")
  return [line(head), rule, ...rows.map(line), rule, line(foot)].join("\n")
}

// -----------------------------------------------------------------------------
// samples
// -----------------------------------------------------------------------------

/** Up to three runs, one for each of the most telling routes that occurred. */
export const samples = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<Outcome> => {
  const completed = outcomes.filter(({ exit }) => exit._tag === "Complete")
  const failed = outcomes.filter(({ exit }) => exit._tag === "Failed")
  const mostRetried = completed.reduce<Outcome | undefined>(
    (most, next) => (next.repairs.length > (most?.repairs.length ?? 0) ? next : most),
    undefined
  )
  const sanitized = completed.filter(({ wasSanitized, repairs }) => wasSanitized && repairs.length === 0)
  const enriched = sanitized.find(({ exit }) => exit._tag === "Complete" && exit.quality === "high")
  const unusable = failed.find(({ exit }) => exit._tag === "Failed" && exit.score === null)
  const telling = [enriched ?? sanitized[0], mostRetried, unusable, ...failed, ...completed]
  return Array.from(new Set(telling.filter((outcome) => outcome !== undefined))).slice(0, 3)
}

export const sample = (outcome: Outcome, path: ReadonlyArray<string>): string => {
  const changes = Option.match(outcome.cleaned, { onNone: () => [], onSome: ({ changes }) => changes })
  return [
    `${outcome.title} (row ${grouped(outcome.number)})`,
    ...wrapped(path).map((line) => `  ${line}`),
    ...(outcome.exit._tag === "Failed" ? [`  why: ${outcome.exit.why}`] : []),
    ...changes.map(({ step, field, from, to }) => `  ${field}: ${shown(from)} became ${shown(to)} (${step})`)
  ].join("\n")
}

const shown = (cell: Change["from"]): string => (cell === null ? "unknown" : JSON.stringify(cell))

/** A path on as many lines as it needs. */
const wrapped = (path: ReadonlyArray<string>): ReadonlyArray<string> =>
  path.slice(1).reduce(
    (lines, state) => {
      const last = `${lines.at(-1)} → ${state}`
      return last.length <= 96 ? [...lines.slice(0, -1), last] : [...lines, `→ ${state}`]
    },
    [path[0]!]
  )
