import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"
import { DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Retry from "effect-cano/Retry"
import * as EffectScheduler from "effect/Scheduler"
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

  /** A workflow of one transactional state. */
  const one = <E>(run: Effect.Effect<"Done", E, SqliteJournal.Sql>) =>
    Workflow.make("one", State, {
      initial: "Withdraw",
      exits: ["Done", "Refused"],
      states: {
        Withdraw: { to: ["Done", "Refused"], run: SqliteJournal.transactional(Task.make({ run: () => run })) }
      }
    })

  it.live("a statement that ends the transaction is refused, or ends the run, and nothing is written apart", () =>
    Effect.gen(function* () {
      const twice = "insert into once values (1)"
      const takes = sql.use((sql) => sql.run("update account set balance = balance - 1"))
      for (const ends of [
        // SQLite rolls back by itself, and the task does not care
        sql.use((sql) => Effect.andThen(sql.run(twice), Effect.ignore(sql.run(twice)))),
        sql.use((sql) => Effect.ignore(sql.run("insert into once values (null)"))),
        sql.use((sql) => sql.run(" -- now\n/* and */ CoMMit")),
        sql.use((sql) => sql.run("rollback"))
      ]) {
        const file = yield* newFile
        accountIn(file)
        const db = new DatabaseSync(file)
        db.exec("create table once (n integer not null on conflict rollback unique on conflict rollback)")
        db.close()
        const workflow = one(
          Effect.andThen(takes, Effect.andThen(ends, Effect.andThen(takes, Effect.succeed("Done" as const))))
        )
        const worker = Durable.register(workflow).pipe(
          Layer.provideMerge(Durable.layer()),
          Layer.provideMerge(SqliteJournal.layer({ file, synchronous: "normal" }))
        )
        const failure = yield* Effect.flip(Durable.run(workflow, { runId: "r" })).pipe(Effect.provide(worker))
        assert.strictEqual(failure._tag, "RunFailed")
        assert.strictEqual(balanceIn(file), 10)
      }
    })
  )

  it.live("an Sql that outlives its transaction does nothing", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      let kept: SqliteJournal.Sql["Service"] | undefined
      const workflow = one(sql.use((sql) => Effect.sync(() => ((kept = sql), "Done" as const))))
      yield* Effect.gen(function* () {
        yield* Workflow.run(workflow)
        const error = yield* Effect.flip(kept!.run("update account set balance = 0"))
        assert.include(error.message, "the transaction has ended")
      }).pipe(Effect.provide(SqliteJournal.layer({ file })))
      assert.strictEqual(balanceIn(file), 10)
    })
  )

  it.live("interrupted at any operation, it leaves neither its turn nor its transaction behind", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      accountIn(file)
      const workflow = withdrawal(0)
      yield* Effect.gen(function* () {
        for (let budget = 2; budget < 40; budget++) {
          const fibers = yield* Effect.forEach([1, 2, 3], () =>
            Effect.forkChild(
              Workflow.run(workflow).pipe(Effect.provideService(EffectScheduler.MaxOpsBeforeYield, budget))
            )
          )
          for (let turns = budget % 7; turns > 0; turns--) yield* Effect.yieldNow
          yield* Fiber.interruptAll(fibers)
        }
        yield* Workflow.run(workflow)
      }).pipe(Effect.provide(SqliteJournal.layer({ file, synchronous: "normal" })))
      const db = new DatabaseSync(file)
      db.exec("begin immediate; commit")
      db.close()
    })
  )

  it("a task that waits, nests or forks is refused", () => {
    assert.throws(() => SqliteJournal.transactional(Task.sleep("1 day", "Done")), /waits/)
    assert.throws(() => SqliteJournal.transactional(Workflow.asTask(withdrawal(0), () => "Done")), /nests/)
    assert.throws(
      () => SqliteJournal.transactional(Task.fork({ branches: { a: Effect.void }, join: () => "Done" })),
      /fork/
    )
  })
})
