import type { Measurement } from "./measure.ts"
import type { Plan } from "./plan.ts"
import type { Round } from "./rounds.ts"
import { summarize, type Summary } from "./statistics.ts"
import type { Comparison, Goal, Suite, Unit } from "./suite.ts"

const nanoseconds: Record<Unit, number> = { ns: 1, us: 1e3, ms: 1e6 }

/** What contenders cost in one round and with one start, by their names. */
type Figures = ReadonlyMap<string, Measurement>

const figures = (round: Round): Figures => round.figures
const beside = (round: Round): Figures => round.beside

/** The tables of a suite, in Markdown: what each contender costs, how they compare, and how they compare to the base. */
export const renderTables = (plan: Plan, rounds: ReadonlyArray<Round>): string => {
  const measured = new Set(plan.contenders.map((contender) => contender.name))
  const comparisons = plan.suite.comparisons.filter(({ of, to }) => measured.has(of) && measured.has(to))
  const tables = [legendOf(plan), costTable(plan, rounds)]
  if (comparisons.length > 0) tables.push(comparisonTable(plan, comparisons, rounds))
  if (plan.beside?.name === "base") tables.push(baseTable(plan, rounds))
  return tables.join("\n\n")
}

const legendOf = (plan: Plan): string => {
  const { clock, isWarm, operation, unit } = plan.suite
  const baseline = baselineOf(plan)
  const time = `${clock === "cpu" ? "CPU time" : "Time on the wall"} in ${unit} per ${operation}`
  const sentences = [isWarm === true ? `${time}, in a warm process.` : `${time}.`]
  if (baseline !== undefined) sentences.push(`Relative is against: ${baseline.label}.`)
  return sentences.join(" ")
}

const costTable = (plan: Plan, rounds: ReadonlyArray<Round>): string => {
  const { suite } = plan
  const { clock, operation, unit } = suite
  const baseline = baselineOf(plan)
  const inUnit = (nanosecondsOf: (round: Round) => number) =>
    summarize(rounds.map((round) => nanosecondsOf(round) / nanoseconds[unit]))
  const rows = plan.contenders.map(({ label, name, operations }) => {
    const cost = inUnit((round) => costOf(round.figures, name, suite))
    const cells = [label, formatNumber(cost.median), formatSpread(cost)]
    if (plan.beside !== undefined) {
      cells.push(formatNumber(inUnit((round) => costOf(round.beside, name, suite)).median))
    }
    if (clock === "cpu") cells.push(formatNumber(inUnit((round) => round.figures.get(name)?.wall ?? Number.NaN).median))
    if (baseline !== undefined) {
      const relative = (round: Round) =>
        costOf(round.figures, name, suite) / costOf(round.figures, baseline.name, suite)
      cells.push(`${formatNumber(summarize(rounds.map(relative)).median)}x`)
    }
    return [...cells, operations.toLocaleString("en-US")]
  })
  const header = ["contender", clock === "cpu" ? "CPU" : "wall", "middle half"]
  if (plan.beside !== undefined) header.push(plan.beside.name)
  if (clock === "cpu") header.push("wall")
  if (baseline !== undefined) header.push("relative")
  return table([...header, `${operation}s per run`], rows)
}

const comparisonTable = (
  { beside: other, suite }: Plan,
  comparisons: ReadonlyArray<Comparison>,
  rounds: ReadonlyArray<Round>
): string => {
  const rows = comparisons.map((comparison) => {
    const isRatio = comparison.kind === "ratio"
    const compared = (of: (round: Round) => Figures) =>
      summarize(rounds.map((round) => compare(of(round), comparison, suite)))
    const summary = compared(figures)
    const suffix = isRatio ? "x" : ` ${suite.unit}`
    return [
      `${labelOf(suite, comparison.of)} ${isRatio ? "/" : "-"} ${labelOf(suite, comparison.to)}`,
      `${formatNumber(summary.median)}${suffix}`,
      formatSpread(summary),
      ...(other === undefined ? [] : [`${formatNumber(compared(beside).median)}${suffix}`]),
      ...judge(comparison.goal, summary.median, suffix)
    ]
  })
  return table(
    ["within a round", "median", "middle half", ...(other === undefined ? [] : [other.name]), "goal", ""],
    rows
  )
}

const baseTable = ({ contenders, suite }: Plan, rounds: ReadonlyArray<Round>): string => {
  const rows = contenders.map(({ label, name }) => {
    const ratio = summarize(
      rounds.map((round) => costOf(round.figures, name, suite) / costOf(round.beside, name, suite))
    )
    return [label, `${formatNumber(ratio.median)}x`, formatSpread(ratio)]
  })
  return table(["against the base, within a round", "median", "middle half"], rows)
}

const baselineOf = ({ contenders, suite }: Plan) => contenders.find(({ name }) => name === suite.baseline)

const labelOf = (suite: Suite, name: string): string =>
  suite.contenders.find((contender) => contender.name === name)?.label ?? name

const judge = (goal: Goal | undefined, value: number, suffix: string): readonly [goal: string, verdict: string] => {
  if (goal === undefined) return ["", ""]
  const verdict = (reached: boolean) => (reached ? "reached" : "missed")
  return "atMost" in goal
    ? [`at most ${formatNumber(goal.atMost)}${suffix}`, verdict(value <= goal.atMost)]
    : [`at least ${formatNumber(goal.atLeast)}${suffix}`, verdict(value >= goal.atLeast)]
}

const compare = (of: Figures, comparison: Comparison, suite: Suite): number => {
  const cost = costOf(of, comparison.of, suite)
  const other = costOf(of, comparison.to, suite)
  return comparison.kind === "ratio" ? cost / other : (cost - other) / nanoseconds[suite.unit]
}

const costOf = (of: Figures, name: string, suite: Suite): number => of.get(name)?.[suite.clock] ?? Number.NaN

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
