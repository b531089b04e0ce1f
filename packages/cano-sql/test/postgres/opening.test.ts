/** How a journal finds, creates or refuses its tables. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import { JournalFailure } from "effect-cano/DurableError"
import { dialectOf } from "../../src/internal/names.ts"
import * as SqlJournal from "../../src/SqlJournal.ts"
import { clientOf, execute, live, missing, newDatabase, open } from "../support/journals.ts"
import { ownedRun as newRun, row } from "effect-cano-testing/JournalRows"

const failure = <A, R>(effect: Effect.Effect<A, JournalFailure, R>) =>
  Effect.map(Effect.exit(effect), (exit) =>
    Option.getOrElse(Exit.findErrorOption(exit), () => assert.fail("the journal was opened"))
  )

describe("options", () => {
  const wrong: Record<string, SqlJournal.Options> = {
    "a prefix with a capital": { prefix: "Cano" },
    "a prefix that begins with a digit": { prefix: "1cano" },
    "a prefix with a quote": { prefix: `a"; drop table b; --` },
    "a prefix that is too long": { prefix: "a".repeat(42) },
    "a batch of nothing": { maxBatch: 0 },
    "a fraction of a byte": { maxPayload: 1.5 },
    "an unknown option": { table: "runs" } as SqlJournal.Options,
    "an unknown way to migrate": { migrate: "never" as "auto" }
  }
  for (const [name, options] of Object.entries(wrong)) {
    it(`${name} is refused`, () => {
      assert.throws(() => SqlJournal.layer(options), ConfigurationError)
    })
  }
})

describe.skipIf(missing !== undefined)("the tables", { timeout: 60_000 }, () => {
  it.effect("journals with different prefixes share a database", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const sql = yield* clientOf(url)
      const one = yield* open(sql, { dialect: dialectOf("one") })
      const other = yield* open(sql, { dialect: dialectOf("a".repeat(41)) })
      yield* one.create(newRun("r"))
      assert.strictEqual((yield* other.list({})).runs.length, 0)
      assert.isTrue((yield* other.create(newRun("r"))).isCreated)
    })
  )

  it.effect("twelve processes that start together on an empty database all open it", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const clients = yield* Effect.forEach(Array.from({ length: 12 }), () => clientOf(url, { maxConnections: 4 }), {
        concurrency: "unbounded"
      })
      const journals = yield* Effect.forEach(clients, (sql) => open(sql), { concurrency: "unbounded" })
      const answers = yield* Effect.forEach(journals, (journal) => journal.create(newRun("r")), {
        concurrency: "unbounded"
      })
      assert.strictEqual(answers.filter((answer) => answer.isCreated).length, 1)
      const epochs = yield* execute("select count(*)::int as n from cano_meta", yield* nameOf(url))
      assert.deepStrictEqual(epochs, [{ n: 4 }])
    })
  )

  const nameOf = (url: string) => Effect.succeed(new URL(url).pathname.slice(1))

  it.effect("a role that may not create tables is told the statements, and works after them", () =>
    Effect.gen(function* () {
      const { name, url } = yield* newDatabase
      const role = `role_${name}`
      yield* execute(`create role ${role} login`)
      yield* Effect.addFinalizer(() => Effect.ignore(execute(`drop owned by ${role}; drop role ${role}`, name)))
      const theirs = new URL(url)
      theirs.username = role
      const sql = yield* clientOf(theirs.toString())
      const refused = yield* failure(open(sql))
      assert.strictEqual(refused.reason, "ReadOnly")
      assert.include(String(refused.cause), "create table cano_run (")
      const checked = yield* failure(open(sql, { migrate: "check" }))
      assert.strictEqual(checked.reason, "Damaged")
      for (const statement of SqlJournal.schema().split(";\n").slice(1, -2)) yield* execute(statement, name)
      for (const grant of ["all tables", "all sequences"])
        yield* execute(`grant all on ${grant} in schema public to ${role}`, name)
      const journal = yield* open(sql, { migrate: "check" })
      yield* journal.create(newRun("r"))
      yield* journal.append(row("r", 1))
      assert.isTrue(Option.isSome(yield* journal.load("r")))
    })
  )

  it.effect("a format of a later version is refused, and one that this version can read is not", () =>
    Effect.gen(function* () {
      const { name, url } = yield* newDatabase
      const sql = yield* clientOf(url)
      yield* Effect.scoped(open(sql))
      yield* execute("update cano_meta set value = '2' where key = 'format'", name)
      yield* Effect.scoped(open(sql))
      yield* execute("update cano_meta set value = '2' where key = 'minimum_reader'", name)
      const refused = yield* failure(Effect.scoped(open(sql)))
      assert.strictEqual(refused.reason, "Newer")
      yield* execute("delete from cano_meta", name)
      assert.strictEqual((yield* failure(Effect.scoped(open(sql)))).reason, "Damaged")
    })
  )

  it.effect("a database that is not there is Unavailable", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const away = new URL(url)
      away.port = "1"
      const result = yield* Effect.result(Effect.flatMap(clientOf(away.toString()), (sql) => open(sql)))
      assert.isTrue(Result.isFailure(result))
    }).pipe(live)
  )

  for (const level of ["repeatable read", "serializable"]) {
    it.effect(`a default of ${level} changes nothing`, () =>
      Effect.gen(function* () {
        const { name, url } = yield* newDatabase
        yield* execute(`alter database ${name} set default_transaction_isolation = '${level}'`)
        const [one, other] = yield* Effect.all([
          Effect.flatMap(clientOf(url), (sql) => open(sql)),
          Effect.flatMap(clientOf(url), (sql) => open(sql))
        ])
        yield* one.create(newRun("parent"))
        const runIds = Array.from({ length: 20 }, (_, n) => `r${n}`)
        for (const runId of runIds) yield* one.create(newRun(runId, { parent: { runId: "parent", slot: runId } }))
        // All of them meet at the row of the parent.
        yield* Effect.forEach(
          runIds,
          (runId, n) => (n % 2 === 0 ? one : other).append(row(runId, 1, { status: "done" })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual((yield* one.heads(["parent"]))[0]!.inbox, 20)
      })
    )
  }
})
