import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const main = join(import.meta.dirname, "../src/demo/main.ts")

/** Runs the demo on the first 400 films. `stop` looks at what the demo tells of its progress, and may kill it. */
const demo = (folder: string, flags: ReadonlyArray<string>, stop: (progress: string) => boolean = () => false) =>
  Effect.callback<{ readonly out: string; readonly code: number | null }>((resume) => {
    const child = spawn(process.execPath, [main, "--limit", "400", "--output", folder, ...flags])
    let out = ""
    child.stdout.on("data", (text) => (out += String(text)))
    child.stderr.on("data", (text) => void (stop(String(text)) && child.kill("SIGKILL")))
    child.on("close", (code) => resume(Effect.succeed({ out, code })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cano-demo-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const tableOf = (out: string) => out.slice(out.indexOf("exit "), out.indexOf("\nFor example"))

describe("the demo on a journal", () => {
  it.live(
    "killed in the middle, it goes on and ends with the same table; then all is done",
    () =>
      Effect.gen(function* () {
        const [plain, kept] = [yield* folder, yield* folder]
        const expected = yield* demo(plain, [])
        const killed = yield* demo(kept, ["--durable"], (progress) => progress.includes("100 of 400"))
        assert.strictEqual(killed.code, null)
        const second = yield* demo(kept, ["--durable"])
        assert.match(second.out, /^The journal has \d+ runs that are done, and \d+ that go on where they were\.$/m)
        assert.include(second.out, "Ledger: 400 records, 400 runs, 400 of them ended once and none twice;")
        assert.strictEqual(tableOf(second.out), tableOf(expected.out))
        for (const file of ["films.json", "failed.json"])
          assert.strictEqual(readFileSync(join(kept, file), "utf8"), readFileSync(join(plain, file), "utf8"))
        const third = yield* demo(kept, ["--durable"])
        assert.match(third.out, /^All runs of this journal are done: nothing runs again\.$/m)
        assert.strictEqual(tableOf(third.out), tableOf(expected.out))
      }),
    120_000
  )
})
