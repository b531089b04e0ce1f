import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const main = fileURLToPath(new URL("../src/live-scheduler/main.ts", import.meta.url))

const run = (args: ReadonlyArray<string>, stopAfterFirstLine: boolean) =>
  new Promise<{ readonly code: number | null; readonly output: string }>((resolve) => {
    const child = spawn(process.execPath, [main, ...args])
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      if (stopAfterFirstLine && output === "") child.kill("SIGTERM")
      output += chunk.toString()
    })
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.on("close", (code) => resolve({ code, output }))
  })

describe("the live scheduler", { timeout: 30_000 }, () => {
  it.concurrent("fetches and transforms each data set, and ends after so many runs", async () => {
    const { code, output } = await run(["--every", "0.2", "--ticks", "6"], false)
    assert.strictEqual(code, 0, output)
    const summaries = [
      "weather run 1: success, 1461 days in Seattle, 623 of them wet, 16.4 °C at most on average",
      "stocks run 1: success, 5 stocks, the best is AAPL at 8.6 times its first price",
      "earthquakes run 1: success, 1707 earthquakes, the strongest 6.4 22km NNE of Hualian, Taiwan"
    ]
    const expected = [...summaries, ...summaries.map((line) => line.replace("run 1", "run 2"))]
    assert.sameMembers(output.trim().split("\n"), expected)
  })

  it.concurrent("ends with 0 when it is told to stop", async () => {
    const { code, output } = await run(["--every", "0.2"], true)
    assert.strictEqual(code, 0, output)
    assert.include(output, "run 1: success")
  })
})
