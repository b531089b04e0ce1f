/** What a file holds after the death of the process that wrote it. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { random, replay } from "effect-cano-testing/Seed"
import { newFile, open } from "../support/files.ts"

const program = fileURLToPath(new URL("../fixtures/journal-process.ts", import.meta.url))

/** Runs a writer until it has written for some time, kills it, and gives the lines that it printed. */
const killed = (args: ReadonlyArray<string>, millis: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [program, ...args])
    let output = ""
    const take = (chunk: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), millis)
      output += chunk.toString()
    }
    child.stdout.on("data", take)
    child.stderr.on("data", take)
    // The last line may be cut: the journal may have answered it, or not.
    child.on("close", () => resume(Effect.succeed(output.split("\n").slice(0, -1))))
  })

/** The last row of each run that its writer had an answer for. */
const acknowledged = (lines: ReadonlyArray<string>): Map<string, number> => {
  const last = new Map<string, number>()
  for (const line of lines) {
    const match = /^(\S+) \d+ (\d+)$/.exec(line)
    if (match !== null) last.set(match[1]!, Math.max(last.get(match[1]!) ?? 0, Number(match[2])))
    else assert.strictEqual(line, "conflict")
  }
  return last
}

const { runs: kills, seed } = replay(8)
const choices = random(seed)

describe("a journal in a file", { timeout: 120_000 }, () => {
  it.live(`J1: ${kills} processes, each killed at a random moment, lose no row that was answered`, () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const runIds = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"]
      let rows = 0
      for (let n = 0; n < kills; n++) {
        const lines = yield* killed([file, `w${n}`, ...runIds], choices.int(150))
        rows += lines.length
        const journal = yield* open(file)
        for (const [runId, sequence] of acknowledged(lines)) {
          const { head, state, store } = Option.getOrThrow(yield* journal.load(runId))
          assert.isAtLeast(head.sequence, sequence, `seed ${seed}, kill ${n}`)
          assert.strictEqual(state, `{"n":${head.sequence}}`)
          assert.deepStrictEqual(store, [["n", `${head.sequence}`]])
          const steps = yield* journal.steps({ runId, after: head.sequence - 50, limit: 100, payloads: false })
          assert.strictEqual(steps.at(-1)!.sequence, head.sequence)
        }
      }
      assert.isAbove(rows, kills)
    }).pipe(Effect.scoped)
  )

  it.live("J2: processes that take the runs from each other leave one chain of rows", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const runIds = ["r0", "r1", "r2", "r3"]
      // Each takes over what the others run, and they find out with their next row.
      const outputs = yield* Effect.forEach(
        [0, 1, 2],
        (n) => Effect.delay(killed([file, `w${n}`, ...runIds], 400), n * 250),
        { concurrency: "unbounded" }
      )
      const journal = yield* open(file)
      for (const runId of runIds) {
        const head = Option.getOrThrow(yield* journal.load(runId)).head
        let fence = 0
        let count = 0
        for (let after = -1; ;) {
          const steps = yield* journal.steps({ runId, after, limit: 1000, payloads: false })
          if (steps.length === 0) break
          for (const step of steps) {
            assert.strictEqual(step.sequence, count++)
            assert.isAtLeast(step.fence, fence)
            fence = step.fence
          }
          after = steps.at(-1)!.sequence
        }
        assert.strictEqual(count, head.sequence + 1)
        const claimed = outputs.flat().filter((line) => line.startsWith(`${runId} `))
        // No row was answered to two processes.
        assert.strictEqual(new Set(claimed.map((line) => line.split(" ")[2])).size, claimed.length)
      }
    }).pipe(Effect.scoped)
  )
})
