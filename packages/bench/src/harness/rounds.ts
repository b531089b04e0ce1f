import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Contender } from "./contender.ts"
import type { Measurement, Settings } from "./measure.ts"
import type { Plan, Start } from "./plan.ts"
import type { Suite } from "./suite.ts"

/** The measurements of one round by contender name. */
export interface Round {
  /** What quotients and goals are set against. */
  readonly figures: ReadonlyMap<string, Measurement>
  /** What stands beside them: the same contenders in processes with another start. */
  readonly beside: ReadonlyMap<string, Measurement>
}

/**
 * Measures every contender once a round with each start, always in a process of its own, so that what the machine does in
 * the meantime hits all of them. Each round begins with another contender, and every second one runs backwards.
 */
export const runRounds = async (
  plan: Plan,
  rounds: number,
  settings: Settings,
  report: (line: string) => void
): Promise<ReadonlyArray<Round>> => {
  const finished: Array<Round> = []
  for (let round = 0; round < rounds; round++) {
    const figures = new Map<string, Measurement>()
    const beside = new Map<string, Measurement>()
    const all = plan.contenders.flatMap((contender) => [
      { contender, start: plan.start, into: figures },
      ...(plan.beside === undefined ? [] : [{ contender, start: plan.beside, into: beside }])
    ])
    for (const { contender, into, start } of orderOf(all, round)) {
      report(`${plan.suite.name}: round ${round + 1} of ${rounds}, ${contender.label}, ${start.name}`)
      into.set(contender.name, await spawnWorker(plan.suite, contender, settings, start))
    }
    finished.push({ figures, beside })
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

const spawnWorker = async (
  suite: Suite,
  contender: Contender,
  { warmUp, window }: Settings,
  { checkout, isWarm }: Start
): Promise<Measurement> => {
  const args = ["--expose-gc", worker, suite.name, contender.name, `${warmUp}`, `${window}`, isWarm ? "warm" : "cold"]
  if (checkout !== undefined) args.push(checkout)
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment })
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
}
