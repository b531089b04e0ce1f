/** What a process that runs a scheduler does with signals. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const program = fileURLToPath(new URL("../fixtures/scheduling-process.ts", import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  /** From the first signal to the end. */
  readonly millis: number
}

/** Runs the program, and sends it signals, each so many milliseconds after it was ready. */
const run = (
  args: ReadonlyArray<string>,
  signals: ReadonlyArray<readonly [after: number, signal: NodeJS.Signals]>
): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args])
    let output = ""
    let first = NaN
    const take = (chunk: Buffer) => {
      const wasReady = output.includes("ready\n")
      output += chunk.toString()
      if (wasReady || !output.includes("ready\n")) return
      for (const [after, signal] of signals) {
        setTimeout(() => {
          if (Number.isNaN(first)) first = performance.now()
          child.kill(signal)
        }, after)
      }
    }
    child.stdout.on("data", take)
    child.stderr.on("data", take)
    child.on("close", (code, signal) => resolve({ code, signal, output, millis: performance.now() - first }))
  })

describe("a process with a scheduler", { timeout: 20_000 }, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.concurrent(`lets the runs in flight end after ${signal}, and ends with 0`, async () => {
      const { code, millis, output } = await run(["quick", "30000"], [[0, signal]])
      assert.strictEqual(code, 0, output)
      assert.include(output, "quick done")
      assert.include(output, 'Scheduler is stopping; up to 30s are left for "quick" (run 1)')
      assert.notInclude(output, "interrupted")
      assert.isBelow(millis, 10_000)
    })
  }

  it.concurrent("interrupts what takes longer than the grace, names it, and ends with 0 within a second more", async () => {
    const { code, millis, output } = await run(["stuck", "1000"], [[0, "SIGTERM"]])
    assert.strictEqual(code, 0, output)
    assert.include(output, "quick done")
    assert.include(output, "stuck cleaned up")
    assert.include(output, 'Scheduler has interrupted "stuck" (run 1)')
    assert.isAtLeast(millis, 1000 - 5)
    assert.isBelow(millis, 2000)
  })

  it.concurrent("ends at once on a second signal", async () => {
    const { code, millis, output } = await run(
      ["stuck", "60000"],
      [
        [0, "SIGTERM"],
        [200, "SIGTERM"]
      ]
    )
    assert.strictEqual(code, 143, output)
    assert.notInclude(output, "stuck cleaned up")
    assert.include(output, '"stuck" (run 1)')
    assert.isBelow(millis, 5000)
  })

  it.concurrent("ends at once on a second signal of the other kind, with that one's number", async () => {
    const { code, millis, output } = await run(
      ["stuck", "60000"],
      [
        [0, "SIGTERM"],
        [200, "SIGINT"]
      ]
    )
    assert.strictEqual(code, 130, output)
    assert.notInclude(output, "stuck cleaned up")
    assert.isBelow(millis, 5000)
  })

  it.concurrent("ends at once if nothing is in flight", async () => {
    const { code, millis, output } = await run(["idle", "60000"], [[0, "SIGTERM"]])
    assert.strictEqual(code, 0, output)
    assert.isBelow(millis, 5000)
  })

  it.concurrent("does not start with a flow that makes no sense", async () => {
    const { code, output } = await run(["failing"], [])
    assert.strictEqual(code, 1)
    assert.include(output, "the id is empty")
  })
})
