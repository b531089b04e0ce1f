/**
 * Processes that are killed, stopped and continued while they take a durable run on SQLite to its end. `CANO_RUNS=50`
 * kills at every place, and as often at random.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { random, replay } from "effect-cano-testing/Seed"
import { open } from "../support/files.ts"

const program = fileURLToPath(new URL("../fixtures/durable-process.ts", import.meta.url))

interface Site {
  readonly file: string
  readonly ledger: string
}

interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<NodeJS.Signals | number | null>
  /** Waits until the process has printed a text. */
  readonly printed: (text: string) => Promise<void>
}

const start = ({ file, ledger }: Site, place = "", millis = 0): Running => {
  const child = spawn(process.execPath, [program, file, ledger, place, String(millis)])
  let output = ""
  const waiting = new Set<() => void>()
  const take = (chunk: Buffer) => {
    output += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout.on("data", take)
  child.stderr.on("data", take)
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? code))
  })
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!output.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      void ended.then(() => reject(new Error(`ended without "${text}": ${output}`)))
      look()
    })
  return { child, output: () => output, ended, printed }
}

/** Runs a test with files of its own. */
const inDirectory = async (test: (site: Site) => Promise<void>): Promise<void> => {
  const path = mkdtempSync(join(tmpdir(), "cano-kill-"))
  try {
    await test({ file: join(path, "runs.db"), ledger: join(path, "ledger") })
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

/** How often each step has had its effect. */
const effects = ({ ledger }: Site): ReadonlyArray<number> => {
  const counts = Array.from({ length: 12 }, () => 0)
  if (existsSync(ledger))
    for (const line of readFileSync(ledger, "utf8").split("\n")) if (line !== "") counts[Number(line)]!++
  return counts
}

/** Looks at the run and its rows after all processes. */
const rows = ({ file }: Site) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* open(file)
        const loaded = Option.getOrThrow(yield* journal.load("r"))
        const steps = yield* journal.steps({ runId: "r", after: -1, limit: 100, payloads: true })
        assert.strictEqual(loaded.head.status, "done")
        assert.deepStrictEqual(loaded.store, [["steps", `{"v":1,"value":[${counted.join(",")}]}`]])
        assert.deepStrictEqual(
          steps.map(({ sequence, state }) => [sequence, state]),
          [
            ...counted.map((n) => [n, `{"v":1,"value":{"_tag":"Step","n":${n}}}`]),
            [12, `{"v":1,"value":{"_tag":"Done"}}`]
          ]
        )
        return steps
      })
    )
  )

const counted = Array.from({ length: 12 }, (_, n) => n)

const { runs, seed } = replay(2)
const isWhole = runs >= 50

describe("a process that is killed", { timeout: 600_000 }, () => {
  // Each process of a chain resumes the run of the one before, and dies a few steps later.
  const kinds = { "before-row": 2, "after-row": 1, "in-task": 2, "after-task": 2 }
  for (const [kind, times] of Object.entries(kinds)) {
    const steps = isWhole ? counted : [4, 11]
    it.concurrent(`D3, D5: ${kind} of ${steps.length} steps: the run goes on from its last row`, () =>
      inDirectory(async (site) => {
        for (const n of steps) assert.strictEqual(await start(site, `${kind} ${n}`).ended, "SIGKILL", `${kind} ${n}`)
        const last = start(site)
        assert.strictEqual(await last.ended, 0, last.output())
        assert.include(last.output(), "Done")
        assert.deepStrictEqual(
          effects(site),
          counted.map((n) => (steps.includes(n) ? times : 1))
        )
        await rows(site)
      }))
  }

  it.concurrent(`D3, D5: ${runs} times at random, from seed ${seed}: no step is left out, no row is lost`, () =>
    inDirectory(async (site) => {
      const rng = random(seed)
      let kills = 0
      for (let i = 0; i < runs; i++) {
        const running = start(site, "", 100)
        await Promise.race([running.printed("step"), running.ended])
        const timer = setTimeout(() => running.child.kill("SIGKILL"), rng.int(isWhole ? 40 : 400))
        if ((await running.ended) === "SIGKILL") kills++
        clearTimeout(timer)
      }
      const last = start(site)
      assert.strictEqual(await last.ended, 0, last.output())
      const made = effects(site)
      assert.isTrue(
        made.every((count) => count >= 1),
        String(made)
      )
      assert.isAtMost(
        made.reduce((sum, count) => sum + count),
        12 + kills
      )
      await rows(site)
    }))
})

describe("two processes", { timeout: 120_000 }, () => {
  it.concurrent("D6: that start one run at the same time run it once, and both get its exit", () =>
    inDirectory(async (site) => {
      const both = [start(site, "", 20), start(site, "", 20)]
      for (const { ended, output } of both) assert.strictEqual(await ended, 0, output())
      for (const { output } of both) assert.include(output(), "Done")
      assert.deepStrictEqual(
        effects(site),
        counted.map(() => 1)
      )
      await rows(site)
    }))

  it.concurrent("D3: one that is stopped, taken over, and continued writes nothing any more, and gets the exit", () =>
    inDirectory(async (site) => {
      const first = start(site, "", 200)
      await first.printed("step 4")
      first.child.kill("SIGSTOP")
      const second = start(site, "", 20)
      assert.strictEqual(await second.ended, 0, second.output())
      first.child.kill("SIGCONT")
      assert.strictEqual(await first.ended, 0, first.output())
      assert.include(first.output(), "Done")
      const made = effects(site)
      assert.deepStrictEqual(
        made.map((count) => count - 1).filter((again) => again > 0),
        [1],
        String(made)
      )
      const fences = (await rows(site)).map(({ fence }) => fence)
      assert.deepStrictEqual([...new Set(fences)], [1, 2])
      assert.deepStrictEqual(
        fences,
        [...fences].sort((one, other) => one - other)
      )
    }))
})
