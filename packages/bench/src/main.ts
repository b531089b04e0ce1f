/** Runs benchmark suites in interleaved rounds and prints their tables. `node src/main.ts --help` lists the options. */
import { parseArgs } from "node:util"
import { describeEnvironment } from "./harness/environment.ts"
import type { Settings } from "./harness/measure.ts"
import { planOf } from "./harness/plan.ts"
import { renderTables } from "./harness/report.ts"
import { writeResults } from "./harness/results.ts"
import { runRounds } from "./harness/rounds.ts"
import type { Suite } from "./harness/suite.ts"
import { findSuite, suites } from "./suites/index.ts"

const usage = `node src/main.ts [suite...] [options]

Suites: ${suites.map((suite) => suite.name).join(", ")}. All of them when none is named.

  --rounds <n>         rounds, each of which measures every contender once (default 21, quick 3)
  --quick              short measurements: to see that everything works, not how fast it is
  --contender <name>   measure only this contender (repeatable)
  --base <folder>      measure effect-cano of another checkout of this repository beside this one's
  --write              put the tables into RESULTS.md, after each suite
  --help               show this text
`

const main = async (): Promise<void> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      contender: { type: "string", multiple: true, default: [] },
      base: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) return print(usage)

  if (values.write && (values.quick || values.contender.length > 0 || values.base !== undefined)) {
    throw new Error("--write takes whole suites at full length: leave out --quick, --contender and --base")
  }
  const chosen = positionals.length === 0 ? suites : positionals.map(suiteNamed)
  const rounds = positiveInteger(values.rounds ?? (values.quick ? "3" : "21"))
  const settings: Settings = values.quick ? { warmUp: 200, window: 200 } : { warmUp: 400, window: 500 }
  for (const suite of chosen) {
    const section = await runSuite(suite, values.contender, values.base, rounds, settings)
    print(`${section}\n`)
    if (values.write) writeResults(suite.name, section)
  }
}

const runSuite = async (
  suite: Suite,
  only: ReadonlyArray<string>,
  base: string | undefined,
  rounds: number,
  settings: Settings
): Promise<string> => {
  const contenders = suite.contenders.filter(({ name }) => only.length === 0 || only.includes(name))
  const known = suite.contenders.map(({ name }) => name).join(", ")
  if (contenders.length === 0) throw new Error(`Suite ${suite.name} has no such contender. It has: ${known}`)
  const environment = describeEnvironment()
  const plan = planOf(suite, contenders, base)
  const finished = await runRounds(plan, rounds, settings, progress)
  const times = `${rounds} rounds, ${settings.warmUp} ms of warm-up and ${settings.window} ms of measuring for each contender`
  return [
    `## ${suite.title}`,
    suite.about,
    renderTables(plan, finished),
    [`\`node src/main.ts ${suite.name} --rounds ${rounds}\``, times, ...environment]
      .map((line) => `- ${line}`)
      .join("\n")
  ].join("\n\n")
}

const suiteNamed = (name: string): Suite => {
  const suite = findSuite(name)
  if (suite !== undefined) return suite
  throw new Error(`There is no suite "${name}". There are: ${suites.map((known) => known.name).join(", ")}`)
}

const positiveInteger = (text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--rounds takes a positive whole number, not "${text}"`)
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const progress = (line: string): void => void (process.stderr.isTTY && process.stderr.write(`\u001b[2K\r${line}\r`))

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
