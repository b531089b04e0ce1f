import type { Contender } from "./contender.ts"
import type { Round } from "./rounds.ts"
import { summarize, type Summary } from "./statistics.ts"
import type { Comparison, Goal, Suite, Unit } from "./suite.ts"

const nanoseconds: Record<Unit, number> = { ns: 1, us: 1e3, ms: 1e6 }

/** The two tables of a suite, in Markdown: what each contender costs, and how they compare. */
export const renderTables = (
  suite: Suite,
  contenders: ReadonlyArray<Contender>,
  rounds: ReadonlyArray<Round>
): string => {
  const measured = new Set(contenders.map((contender) => contender.name))
  const comparisons = suite.comparisons.filter(({ of, to }) => measured.has(of) && measured.has(to))
  const tables = [costTable(suite, contenders, rounds)]
  if (comparisons.length > 0) tables.push(comparisonTable(suite, comparisons, rounds))
  return tables.join("\n\n")
}

const costTable = (suite: Suite, contenders: ReadonlyArray<Contender>, rounds: ReadonlyArray<Round>): string => {
  const { clock, operation, unit } = suite
  const baseline = contenders.find((contender) => contender.name === suite.baseline)
  const inUnit = (nanosecondsOf: (round: Round) => number) =>
    summarize(rounds.map((round) => nanosecondsOf(round) / nanoseconds[unit]))
  const rows = contenders.map(({ label, name, operations }) => {
    const cost = inUnit((round) => costOf(round, name, suite))
    const cells = [label, formatNumber(cost.median), formatSpread(cost)]
    if (clock === "cpu") cells.push(formatNumber(inUnit((round) => round.get(name)?.wall ?? Number.NaN).median))
    if (baseline !== undefined) {
      const relative = summarize(
        rounds.map((round) => costOf(round, name, suite) / costOf(round, baseline.name, suite))
      )
      cells.push(`${formatNumber(relative.median)}x`)
    }
    return [...cells, operations.toLocaleString("en-US")]
  })
  const header = ["contender", `${unit} per ${operation}, ${clock === "cpu" ? "CPU" : "wall"}`, "middle half"]
  if (clock === "cpu") header.push("wall")
  if (baseline !== undefined) header.push(`against ${baseline.label}`)
  return table([...header, `${operation}s per run`], rows)
}

const comparisonTable = (
  suite: Suite,
  comparisons: ReadonlyArray<Comparison>,
  rounds: ReadonlyArray<Round>
): string => {
  const labelOf = (name: string) => suite.contenders.find((contender) => contender.name === name)?.label ?? name
  const rows = comparisons.map((comparison) => {
    const isRatio = comparison.kind === "ratio"
    const summary = summarize(rounds.map((round) => compare(round, comparison, suite)))
    const suffix = isRatio ? "x" : ` ${suite.unit}`
    return [
      `${labelOf(comparison.of)} ${isRatio ? "/" : "-"} ${labelOf(comparison.to)}`,
      `${formatNumber(summary.median)}${suffix}`,
      formatSpread(summary),
      ...judge(comparison.goal, summary.median, suffix)
    ]
  })
  return table(["within a round", "median", "middle half", "goal", ""], rows)
}

const judge = (goal: Goal | undefined, value: number, suffix: string): readonly [goal: string, verdict: string] => {
  if (goal === undefined) return ["", ""]
  const verdict = (reached: boolean) => (reached ? "reached" : "missed")
  return "atMost" in goal
    ? [`at most ${formatNumber(goal.atMost)}${suffix}`, verdict(value <= goal.atMost)]
    : [`at least ${formatNumber(goal.atLeast)}${suffix}`, verdict(value >= goal.atLeast)]
}

const compare = (round: Round, { kind, of, to }: Comparison, suite: Suite): number =>
  kind === "ratio"
    ? costOf(round, of, suite) / costOf(round, to, suite)
    : (costOf(round, of, suite) - costOf(round, to, suite)) / nanoseconds[suite.unit]

const costOf = (round: Round, name: string, suite: Suite): number => round.get(name)?.[suite.clock] ?? Number.NaN

const formatSpread = ({ lowerQuartile, upperQuartile }: Summary): string =>
  `${formatNumber(lowerQuartile)} to ${formatNumber(upperQuartile)}`

/** Three significant digits, thousands grouped. */
const formatNumber = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toLocaleString("en-US", { maximumSignificantDigits: 3 })

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0))
  )
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(" | ")} |`
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  return [line(header), line(rule), ...rows.map(line)].join("\n")
}
