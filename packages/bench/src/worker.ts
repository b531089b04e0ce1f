/** Measures one contender in this process and prints the measurement as a line of JSON. */
import { useEngineOf } from "./harness/engine.ts"
import { measure } from "./harness/measure.ts"
import { findSuite } from "./suites/index.ts"

const [suiteName, contenderName, warmUp, window, start, checkout] = process.argv.slice(2)
const contender = findSuite(suiteName ?? "")?.contenders.find((candidate) => candidate.name === contenderName)
if (contender === undefined) throw new Error(`no contender ${contenderName} in suite ${suiteName}`)

if (checkout !== undefined) useEngineOf(checkout)
if (start === "warm") await (await import("./harness/mix.ts")).runMix()
const prepare = await contender.load()
const run = await prepare(contender.operations)
const measurement = await measure(run, contender.operations, { warmUp: Number(warmUp), window: Number(window) })
// Timers that a contender left running would keep the process alive.
process.stdout.write(`${JSON.stringify(measurement)}\n`, () => process.exit())
