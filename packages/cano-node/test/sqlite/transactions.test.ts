import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"
import { DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Retry from "effect-cano/Retry"
import * as Schema from "effect/Schema"
import { newFile } from "../support/files.ts"

const State = Schema.Literals(["Withdraw", "Done", "Refused"])

const sql = SqliteJournal.Sql

/** Takes one from the account, and fails the first `failures` times, after it has taken it. */
const withdrawal = (failures: number) => {
  let attempts = 0
  const withdraw = SqliteJournal.transactional(
    Task.make({
      retry: Retry.fixed(5, "1 millis"),
      run: () =>
        sql.use((sql) =>
          Effect.gen(function* () {
            yield* sql.run("update account set balance = balance - 1")
            const [row] = yield* sql.all("select balance from account")
            if (++attempts <= failures) return yield* Effect.fail("down" as const)
            return (row?.["balance"] as number) < 0 ? ("Refused" as const) : ("Done" as const)
          })
        )
    })
  )
  return Workflow.make("withdrawal", State, {
    initial: "Withdraw",
    exits: ["Done", "Refused"],
    states: { Withdraw: { to: ["Done", "Refused"], run: withdraw } }
  })
}

const accountIn = (file: string) => {
  const db = new DatabaseSync(file)
  db.exec("create table account (balance integer); insert into account values (10)")
  db.close()
}

const balanceIn = (file: string) => {
  const db = new DatabaseSync(file)
  const row = db.prepare("select balance from account").get() as { readonly balance: number }
  db.close()
  return row.balance
}

const workerOn = (file: string, workflow: ReturnType<typeof withdrawal>) =>
  Durable.register(workflow).pipe(
    Layer.provideMerge(Durable.layer()),
    Layer.provideMerge(SqliteJournal.layer({ file, synchronous: "normal" }))
  )

describe("SqliteJournal.transactional", () => {
  it.live("commits the task's SQL with the row of the run, and rolls failed attempts back", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      const workflow = withdrawal(3)
      const exit = yield* Durable.run(workflow, { runId: "w" }).pipe(Effect.provide(workerOn(file, workflow)))
      assert.strictEqual(exit, "Done")
      assert.strictEqual(balanceIn(file), 9)
    })
  )

  it.live("a row that is refused takes the SQL back with it", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      const workflow = withdrawal(0)
      yield* Effect.gen(function* () {
        // another worker takes the run over while its transaction is open: here, by hand
        const db = new DatabaseSync(file)
        yield* Durable.start(workflow, { runId: "w", delay: "1 hour" })
        db.exec("create trigger lost after update of tag on cano_run begin select raise(abort, 'lost'); end")
        db.exec("update cano_run set wake_at = 0 where run_id = 'w'")
        yield* Effect.sleep("300 millis")
        assert.strictEqual(balanceIn(file), 10)
        db.exec("drop trigger lost")
        db.close()
      }).pipe(Effect.provide(workerOn(file, workflow)))
    })
  )

  it.live("100 runs take one each", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      const workflow = withdrawal(0)
      const exits = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, n) => n),
        (n) => Durable.run(workflow, { runId: `w${n}` }),
        { concurrency: "unbounded" }
      ).pipe(Effect.provide(workerOn(file, workflow)))
      assert.strictEqual(exits.filter((exit) => exit === "Done").length, 10)
      assert.strictEqual(balanceIn(file), -90)
    })
  )

  it.live("a bare run commits when the task has ended", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      const exit = yield* Workflow.run(withdrawal(2)).pipe(Effect.provide(SqliteJournal.layer({ file })))
      assert.strictEqual(exit, "Done")
      assert.strictEqual(balanceIn(file), 9)
    })
  )
})
