/** How SQLite finds rows: by an index, however many runs there are. */
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { open } from "../support/files.ts"
import { ownedRun as newRun, row, workerOf } from "effect-cano-testing/JournalRows"

/** Notes the text of each statement that is prepared. */
const noted = Effect.acquireRelease(
  Effect.sync(() => {
    const statements = new Map<string, StatementSync>()
    const connections = new Set<DatabaseSync>()
    const prepare = DatabaseSync.prototype.prepare
    DatabaseSync.prototype.prepare = function (sql, ...rest) {
      connections.add(this)
      const statement = prepare.call(this, sql, ...rest)
      statements.set(sql, statement)
      return statement
    }
    const explain = (sql: string) => {
      const [connection] = connections
      const parameters = Array.from(sql.matchAll(/\?/g), () => null)
      return prepare
        .call(connection!, `explain query plan ${sql}`)
        .all(...parameters)
        .map((line) => String(line["detail"]))
    }
    return { statements, explain, restore: () => void (DatabaseSync.prototype.prepare = prepare) }
  }),
  ({ restore }) => Effect.sync(restore)
)

describe("SqliteJournal, J15: plans", () => {
  it.effect("a list is read in the order of an index, without a payload", () =>
    Effect.gen(function* () {
      const { explain, statements } = yield* noted
      const journal = yield* open(":memory:")
      for (const query of [
        {},
        { workflow: "order" },
        { status: ["done"] as const },
        { workflow: "order", tag: "Next" }
      ]) {
        statements.clear()
        yield* journal.list(query)
        for (const sql of statements.keys()) {
          assert.notInclude(sql, "cano_payload")
          assert.notInclude(sql, "cano_step")
          const plan = explain(sql)
          assert.match(plan.join("\n"), /USING INDEX/, sql)
          assert.notInclude(plan.join("\n"), "TEMP B-TREE", sql)
        }
      }
    })
  )

  it.effect("a claim, a row and a signal use indexes only", () =>
    Effect.gen(function* () {
      const { explain, statements } = yield* noted
      const journal = yield* open(":memory:")
      statements.clear()
      yield* journal.create(newRun("r"))
      yield* journal.append(row("r", 1))
      yield* journal.append(row("r", 2, { status: "waiting", waitsFor: "go", wake: { in: 10 } }))
      yield* journal.send({ runId: "r", id: "1", name: "go", value: "1" })
      yield* journal.signals("r", "go")
      yield* journal.beat(workerOf("a"))
      const claim = { owner: "b", limit: 10, fingerprints: ["f1"], runIds: undefined, staleAfter: 1, maxCrashes: 1 }
      yield* journal.claim(claim)
      yield* journal.claim({ ...claim, owner: "c" })
      yield* journal.release({ runId: "r", owner: "c", fence: 3 })
      yield* journal.cancel({ runId: "r" })
      yield* journal.remove({ status: ["cancelled"], endedFor: 0, limit: 10 })
      yield* journal.load("r")
      yield* journal.heads(["r"])
      assert.isAbove(statements.size, 20)
      for (const sql of statements.keys()) {
        if (!/^\s*(select|update|delete|insert|with)/.test(sql)) continue
        for (const line of explain(sql))
          assert.notMatch(line, /^SCAN (cano_\w+|r|c|p)\b(?!.* USING (COVERING )?INDEX)/, sql)
      }
    })
  )
})
