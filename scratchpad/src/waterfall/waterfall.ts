/**
 * Draws spans as a waterfall: the tree of their names on the left, a bar for each on a time axis on the right.
 *
 * 1. It is a pure function of the spans and the width: no terminal, no clock.
 * 2. No line is wider than asked for, whatever the names are made of; it is made for 60 columns and more.
 * 3. Nothing in a name or an attribute reaches the terminal as a control character.
 * 4. Without color it says the same: what failed or was interrupted has a mark and a bar of its own.
 */
import { styleText } from "node:util"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { errorTypeOf, type Outcome, outcomeOf } from "./spans.ts"
import { clean, duration, fit, widthOf } from "./text.ts"

export interface Options {
  /** In cells. Default: 100. */
  readonly width?: number | undefined
  /** Default: no. */
  readonly color?: boolean | undefined
}

/** One span, as it is drawn. */
interface Row {
  readonly span: Tracer.NativeSpan
  /** The lines of the tree before its name. */
  readonly branch: string
  readonly label: string
  readonly outcome: Outcome
  readonly start: bigint
  readonly end: bigint
}

/** The time that the bars share. */
interface Axis {
  readonly start: bigint
  readonly length: number
  readonly cells: number
}

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

const bars = { success: "█", failure: "▓", interrupted: "▒", running: "░" } as const
const marks = { success: "", failure: "✗ ", interrupted: "⊘ ", running: "… " } as const
const colors = { success: "blue", failure: "red", interrupted: "yellow", running: "cyan" } as const
const events: Readonly<Record<string, string>> = { retry: "↻", failure: "✗" }
const otherEvent = "◆"
const counted = { completed: "✓", failed: "✗", cancelled: "⊘" } as const
const durationCells = 7

/** Draws a waterfall, one string a line. */
export const render = (spans: ReadonlyArray<Tracer.NativeSpan>, options?: Options): ReadonlyArray<string> => {
  const rows = rowsOf(spans)
  if (rows.length === 0) return ["no spans"]
  const width = Math.max(40, options?.width ?? 100)
  const paint: Paint =
    options?.color === true ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text
  const wanted = Math.max(...rows.map(({ branch, label }) => widthOf(branch + label)))
  const names = Math.min(wanted, Math.floor(width * 0.45))
  const start = min(rows.map((row) => row.start))
  const length = Number(max(rows.map((row) => row.end)) - start)
  const axis: Axis = { start, length, cells: width - names - durationCells - 2 }
  const ticks = ticksOf(axis)
  return [
    ...header(axis, ticks).map((line) => paint("dim", " ".repeat(names + durationCells + 2) + line)),
    ...rows.map((row) => draw(row, names, axis, ticks, paint)),
    "",
    ...legend(rows, width)
  ].map((line) => line.trimEnd())
}

// -----------------------------------------------------------------------------
// rows
// -----------------------------------------------------------------------------

/** The spans in the order of the tree. A span whose parent is not among them is a root. */
const rowsOf = (spans: ReadonlyArray<Tracer.NativeSpan>): ReadonlyArray<Row> => {
  const known = new Set<Tracer.AnySpan>(spans)
  const children = new Map<Tracer.AnySpan | undefined, Array<Tracer.NativeSpan>>()
  for (const span of spans) {
    const parent = Option.getOrUndefined(Option.filter(span.parent, (parent) => known.has(parent)))
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [span])
    else siblings.push(span)
  }
  const last = max(spans.flatMap(timesOf))
  const rows: Array<Row> = []
  const visit = (parent: Tracer.AnySpan | undefined, indent: string) => {
    const siblings = (children.get(parent) ?? []).toSorted((a, b) => Number(a.startTime - b.startTime))
    for (const [index, span] of siblings.entries()) {
      const isLast = index === siblings.length - 1
      const branch = parent === undefined ? "" : `${indent}${isLast ? "└ " : "├ "}`
      const outcome = outcomeOf(span)
      const end = span.status._tag === "Ended" ? span.status.endTime : last
      rows.push({ span, branch, label: marks[outcome] + labelOf(span), outcome, start: span.startTime, end })
      visit(span, parent === undefined ? "" : `${indent}${isLast ? "  " : "│ "}`)
    }
  }
  visit(undefined, "")
  return rows
}

const timesOf = ({ events, startTime, status }: Tracer.NativeSpan): ReadonlyArray<bigint> => [
  startTime,
  ...events.map(([, time]) => time),
  ...(status._tag === "Ended" ? [status.endTime] : [])
]

/** The name of a span and what matters of its attributes: where it led, which attempt or instance it is, what it failed with. */
const labelOf = (span: Tracer.NativeSpan): string => {
  const read = (key: string): string | undefined => {
    const value = span.attributes.get(key)
    return value === undefined ? undefined : String(value)
  }
  const next = read("cano.state.next") ?? (read("cano.run.outcome") === "success" ? read("cano.state.name") : undefined)
  const caught = read("cano.state.caught")
  const counts = (Object.keys(counted) as Array<keyof typeof counted>).flatMap((what) => {
    const count = read(`cano.batch.${what}`)
    return count === undefined || count === "0" ? [] : [count + counted[what]]
  })
  const isAttempt = span.name === "attempt"
  const own = Array.from(span.attributes).filter(([key]) => !key.startsWith("cano.") && key !== "error.type")
  const parts = [
    isAttempt ? read("cano.attempt") : undefined,
    span.name === "instance" ? read("cano.instance.id") : undefined,
    read("cano.branch.id") ?? read("cano.flow.id"),
    counts.length === 0 ? undefined : counts.join(" "),
    errorTypeOf(span),
    next === undefined ? undefined : `→ ${next}`,
    caught === undefined ? undefined : `(${caught})`,
    ...own.map(([key, value]) => `${key}=${String(value)}`)
  ]
  return clean([span.name, ...parts.filter((part) => part !== undefined)].join(" "))
}

// -----------------------------------------------------------------------------
// lines
// -----------------------------------------------------------------------------

const draw = (row: Row, names: number, axis: Axis, ticks: ReadonlyArray<Tick>, paint: Paint): string => {
  const branch = cutLeft(row.branch, Math.floor(names / 2))
  const label = fit(row.label, names - widthOf(branch))
  const length = duration(row.end - row.start).padStart(durationCells)
  const isPlain = row.outcome === "success"
  return [
    paint("dim", branch) + (isPlain ? label : paint(colors[row.outcome], label)),
    paint("dim", length),
    bar(row, axis, ticks, paint)
  ].join(" ")
}

/** The bar of a span, with the marks of its events on it and the ticks of the axis around it. */
const bar = ({ end, outcome, span, start }: Row, axis: Axis, ticks: ReadonlyArray<Tick>, paint: Paint): string => {
  const cells = Array.from({ length: axis.cells }, () => " ")
  for (const { cell } of ticks) cells[cell] = paint("dim", "┊")
  const from = cellOf(start, axis)
  const to = Math.max(from, Math.round((Number(end - axis.start) / (axis.length || 1)) * axis.cells) - 1)
  const isShort = Number(end - start) * axis.cells < axis.length / 4
  cells.fill(paint(colors[outcome], isShort ? "▏" : bars[outcome]), from, to + 1)
  for (const [name, time] of span.events) {
    const mark = events[name] ?? otherEvent
    cells[Math.min(to, cellOf(time, axis))] = paint(name === "failure" ? "red" : "yellow", mark)
  }
  return cells.join("")
}

const cellOf = (time: bigint, { cells, length, start }: Axis): number =>
  Math.min(cells - 1, Math.floor((Number(time - start) / (length || 1)) * cells))

/** Keeps the end of the lines of a tree that is deeper than there is room for. */
const cutLeft = (branch: string, cells: number): string =>
  branch.length <= cells ? branch : `…${branch.slice(-(cells - 1))}`

interface Tick {
  readonly cell: number
  readonly label: string
}

/** Round times, at least ten cells apart. */
const ticksOf = (axis: Axis): ReadonlyArray<Tick> => {
  const least = (axis.length * 10) / axis.cells
  const scale = 10 ** Math.floor(Math.log10(least || 1))
  const step = [1, 2, 5, 10].map((factor) => factor * scale).find((step) => step >= least) ?? 1
  const count = Math.floor(axis.length / step) + 1
  return Array.from({ length: count }, (_, index) => {
    const time = BigInt(Math.round(index * step))
    return { cell: cellOf(axis.start + time, axis), label: duration(time) }
  }).filter(({ cell, label }) => cell + label.length <= axis.cells)
}

const header = ({ cells }: Axis, ticks: ReadonlyArray<Tick>): ReadonlyArray<string> => [
  ticks.reduce((line, { cell, label }) => line.padEnd(cell) + label, ""),
  Array.from({ length: cells }, (_, cell) => (ticks.some((tick) => tick.cell === cell) ? "┬" : "─")).join("")
]

/** Explains the marks that were drawn. */
const legend = (rows: ReadonlyArray<Row>, width: number): ReadonlyArray<string> => {
  const names = new Set(rows.flatMap(({ span }) => span.events.map(([name]) => name)))
  const outcomes = new Set(rows.map(({ outcome }) => outcome))
  const parts = [
    ...(names.has("retry") ? ["↻ retry"] : []),
    ...(names.has("failure") || outcomes.has("failure") ? [`✗ ${bars.failure} failure`] : []),
    ...(outcomes.has("interrupted") ? [`⊘ ${bars.interrupted} interrupted`] : []),
    ...(outcomes.has("running") ? [`… ${bars.running} still running`] : []),
    ...(Array.from(names).some((name) => events[name] === undefined) ? [`${otherEvent} event`] : [])
  ]
  return parts.length === 0 ? [] : [fit(parts.join("   "), width)]
}

const min = (values: ReadonlyArray<bigint>): bigint => values.reduce((a, b) => (b < a ? b : a), values[0] ?? 0n)
const max = (values: ReadonlyArray<bigint>): bigint => values.reduce((a, b) => (b > a ? b : a), values[0] ?? 0n)
