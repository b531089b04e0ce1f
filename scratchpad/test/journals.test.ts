/** A journal that was written from the promises alone keeps them. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Journal from "effect-cano/Journal"
import { journalSuite } from "effect-cano-testing/JournalSuite"
import { layer } from "../src/journals/lines.ts"

const newFile = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cano-lines-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
).pipe(Effect.map((path) => join(path, "runs.jsonl")))

const open = (file: string) => Effect.map(Layer.build(layer(file)), (context) => Context.get(context, Journal.Journal))

// #region suite
journalSuite("lines of JSON", Layer.effect(Journal.Journal, Effect.flatMap(newFile, open)), { runs: 20 })
// #endregion

it.effect("lines of JSON: a file that was cut in its last line has all answers before it", () =>
  Effect.gen(function* () {
    const file = yield* newFile
    const flow = {
      flowId: "f",
      version: 0,
      anchor: 0,
      lastRun: undefined,
      trigger: "",
      lastFire: undefined,
      isPaused: false,
      runs: 0,
      failures: 0,
      isTripped: false
    }
    const write = (runs: number) =>
      Effect.scoped(Effect.flatMap(open(file), (journal) => journal.saveFlow({ ...flow, runs, version: runs - 1 })))
    yield* write(1)
    const size = readFileSync(file).length
    yield* write(2)
    truncateSync(file, size + 10)
    const journal = yield* open(file)
    assert.strictEqual(JSON.stringify(yield* journal.flow("f")).includes(`"runs":1`), true)
    appendFileSync(file, "")
    yield* journal.saveFlow({ ...flow, runs: 3, version: 1 })
  })
)
