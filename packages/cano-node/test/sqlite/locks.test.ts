/** Several connections on one file. */
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { newFile, open } from "../support/files.ts"
import { ownedRun as newRun, row } from "effect-cano-testing/JournalRows"

/** Takes the lock of a file, as another process would. */
const lock = (file: string) => {
  const db = new DatabaseSync(file)
  db.exec("begin immediate")
  return db
}

describe("SqliteJournal, J1: the lock of another", () => {
  it.effect("calls wait for the lock, without blocking the process, and all are written", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journal = yield* open(file)
      yield* Effect.forEach([0, 1, 2, 3], (n) => journal.create(newRun(`r${n}`)))
      const other = lock(file)
      const fibers = yield* Effect.forEach([0, 1, 2], (n) => Effect.forkChild(journal.append(row(`r${n}`, 1))))
      yield* TestClock.adjust(1000)
      const late = yield* Effect.forkChild(journal.append(row("r3", 1)))
      yield* TestClock.adjust(1000)
      for (const fiber of fibers) assert.isUndefined(fiber.pollUnsafe())
      // Reading goes on.
      assert.strictEqual(Option.getOrThrow(yield* journal.load("r0")).head.sequence, 0)
      other.exec("rollback")
      yield* TestClock.adjust(100)
      for (const fiber of [...fibers, late]) assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(
        (yield* journal.heads(["r0", "r1", "r2", "r3"])).map((head) => head.sequence),
        [1, 1, 1, 1]
      )
      other.close()
    })
  )

  it.effect("a lock that stays is Unavailable after the time-out, and nothing is written later", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journal = yield* open(file, { busyTimeout: "2 seconds" })
      yield* journal.create(newRun("r"))
      const other = lock(file)
      const fiber = yield* Effect.forkChild(journal.append(row("r", 1)))
      yield* TestClock.adjust("1900 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      assert.include(JSON.stringify(yield* Fiber.await(fiber)), `"reason":"Unavailable"`)
      other.exec("rollback")
      other.close()
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(Option.getOrThrow(yield* journal.load("r")).head.sequence, 0)
      yield* journal.append(row("r", 1))
    })
  )

  it.effect("an append that is interrupted while it waits is written, or not at all", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journal = yield* open(file)
      yield* journal.create(newRun("r"))
      const other = lock(file)
      const fiber = yield* Effect.forkChild(journal.append(row("r", 1)))
      yield* TestClock.adjust(100)
      const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust(100)
      assert.isUndefined(interruption.pollUnsafe())
      other.exec("rollback")
      other.close()
      yield* TestClock.adjust(100)
      yield* Fiber.await(fiber)
      assert.strictEqual(Option.getOrThrow(yield* journal.load("r")).head.sequence, 1)
    })
  )

  it.effect("journals that open a new file at once agree on its tables", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journals = yield* Effect.forEach(Array.from({ length: 8 }), () => open(file), { concurrency: "unbounded" })
      yield* journals[0]!.create(newRun("r"))
      for (const journal of journals) assert.isTrue(Option.isSome(yield* journal.load("r")))
    })
  )
})
