/** Journals of every format that was ever released are read as they were written. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { contents } from "../support/contents.ts"
import { newFile, open } from "../support/files.ts"
import { row } from "effect-cano-testing/JournalRows"

const journals = fileURLToPath(new URL("../fixtures/journals", import.meta.url))

describe("SqliteJournal, D8: golden journals", () => {
  for (const name of readdirSync(journals).filter((file) => file.endsWith(".db.gz"))) {
    it.effect(`${name} is read, and its runs go on`, () =>
      Effect.gen(function* () {
        const file = yield* newFile
        writeFileSync(file, gunzipSync(readFileSync(`${journals}/${name}`)))
        const expected: unknown = JSON.parse(readFileSync(`${journals}/${name.replace(".db.gz", ".json")}`, "utf8"))
        const journal = yield* open(file)
        // A JSON text has no `undefined`.
        assert.deepStrictEqual(JSON.parse(JSON.stringify(yield* contents(journal))), expected)

        yield* TestClock.setTime(1_800_000_100_000)
        assert.deepInclude(yield* journal.append(row("running", 13)), { isCancelRequested: true })
        const claim = {
          owner: "later",
          limit: 100,
          fingerprints: ["f1"],
          runIds: undefined,
          staleAfter: 1e6,
          maxCrashes: 3
        }
        const { runs } = yield* journal.claim(claim)
        assert.sameMembers(
          runs.map((run) => run.head.runId),
          ["ready", "retrying"]
        )
        assert.strictEqual(
          yield* journal.send({ runId: "waiting", id: "s1", name: "approve", value: "true" }),
          "Duplicate"
        )
        yield* journal.send({ runId: "waiting", id: "s3", name: "approve", value: "true" })
        assert.strictEqual(Option.getOrThrow(yield* journal.load("waiting")).head.status, "ready")
        assert.strictEqual(yield* journal.remove({ runIds: ["cancelled"] }), 1)
      })
    )
  }
})
