import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Contender } from "./contender.ts"
import type { Measurement, Settings } from "./measure.ts"
import type { Suite } from "./suite.ts"

/** The measurements of one round by contender name. */
export type Round = ReadonlyMap<string, Measurement>

/**
 * Measures every contender once a round, each in a process of its own, so that what the machine does in the meantime
 * hits all of them. Each round starts with another contender, and every second one runs backwards.
 */
export const runRounds = async (
  suite: Suite,
  contenders: ReadonlyArray<Contender>,
  rounds: number,
  settings: Settings,
  report: (line: string) => void
): Promise<ReadonlyArray<Round>> => {
  const finished: Array<Round> = []
  for (let round = 0; round < rounds; round++) {
    const measurements = new Map<string, Measurement>()
    for (const contender of orderOf(contenders, round)) {
      report(`${suite.name}: round ${round + 1} of ${rounds}, ${contender.label}`)
      measurements.set(contender.name, await spawnWorker(suite, contender, settings))
    }
    finished.push(measurements)
  }
  return finished
}

const orderOf = <A>(items: ReadonlyArray<A>, round: number): ReadonlyArray<A> => {
  const start = round % items.length
  const rotated = [...items.slice(start), ...items.slice(0, start)]
  return round % 2 === 0 ? rotated : rotated.reverse()
}

const worker = fileURLToPath(new URL("../worker.ts", import.meta.url))
const environment = {
  ...process.env,
  NODE_ENV: "production",
  LANGSMITH_TRACING: "false",
  LANGCHAIN_TRACING_V2: "false"
}

const spawnWorker = async (suite: Suite, contender: Contender, settings: Settings): Promise<Measurement> => {
  const args = ["--expose-gc", worker, suite.name, contender.name, `${settings.warmUp}`, `${settings.window}`]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment })
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
}
