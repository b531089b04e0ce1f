/** Files that cannot be used, or not any more: each gives a typed failure, and loses nothing. */
import { chmodSync, copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { JournalFailure } from "effect-cano/DurableError"
import { random, replay } from "effect-cano-testing/Seed"
import { Database } from "../../src/internal/sqlite/database.ts"
import { make } from "../../src/internal/sqlite/journal.ts"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import { directory, newFile, open } from "../support/files.ts"
import { ownedRun as newRun, row, workerOf } from "effect-cano-testing/JournalRows"

/** The failure of an effect that must have one. */
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => {
    const failure = Option.getOrThrow(Exit.findErrorOption(exit))
    assert.instanceOf(failure, JournalFailure)
    return failure as unknown as JournalFailure
  })

const failsWith = <A, E, R>(effect: Effect.Effect<A, E, R>, reason: JournalFailure["reason"]) =>
  Effect.map(failureOf(effect), (failure) => assert.strictEqual(failure.reason, reason, String(failure.cause)))

/** Writes a file with some runs, and closes it. */
const written = (file: string, runs = 20) =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(file)
      for (let n = 0; n < runs; n++) {
        yield* journal.create(newRun(`r${n}`, { labels: { n: `${n}` } }))
        for (let sequence = 1; sequence <= 20; sequence++) yield* journal.append(row(`r${n}`, sequence))
      }
    })
  )

describe("SqliteJournal, J7: files", () => {
  it.effect("a directory that is not there is named", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const failure = yield* failureOf(open(`${path}/none/runs.db`))
      assert.strictEqual(failure.reason, "Unavailable")
      assert.include(failure.message, `open the file "${path}/none/runs.db"`)
      assert.include(String(failure.cause), "there is no directory")
      yield* failsWith(open(path), "Unavailable")
    })
  )

  it.effect("a file that may not be written is ReadOnly", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* written(file, 1)
      chmodSync(dirname(file), 0o755)
      chmodSync(file, 0o444)
      const isRoot = process.geteuid?.() === 0
      // The superuser may write any file.
      yield* Effect.acquireUseRelease(
        Effect.sync(() => void (isRoot && process.seteuid!(65_534))),
        () => failsWith(open(file), "ReadOnly"),
        () => Effect.sync(() => void (isRoot && process.seteuid!(0)))
      )
    })
  )

  it.effect("a file of a later version is Newer, and one that only says so is read", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* written(file, 1)
      const db = new DatabaseSync(file)
      db.exec("update cano_meta set value = 2 where key = 'format'")
      yield* Effect.scoped(open(file))
      db.exec("update cano_meta set value = 2 where key = 'minimum_reader'")
      const failure = yield* failureOf(open(file))
      assert.strictEqual(failure.reason, "Newer")
      assert.strictEqual(failure.cause, "its format is 2, this version reads up to 1")
      db.exec("delete from cano_meta")
      yield* failsWith(open(file), "Damaged")
      db.close()
    })
  )

  it.effect("what is no database is Damaged, and stays as it is", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const text = "this is a letter, and no database. ".repeat(100)
      writeFileSync(file, text)
      yield* failsWith(open(file), "Damaged")
      assert.strictEqual(readFileSync(file, "utf8"), text)
    })
  )

  it.effect("a database with other tables keeps them", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const db = new DatabaseSync(file)
      db.exec("create table users (name text); insert into users values ('a')")
      yield* written(file, 1)
      assert.deepEqual({ ...db.prepare("select * from users").get() }, { name: "a" })
      db.close()
    })
  )

  it.effect(
    "bytes that were changed, and files that were cut, give an answer or a typed failure",
    () =>
      Effect.gen(function* () {
        const file = yield* newFile
        yield* written(file)
        const { runs, seed } = replay(60)
        for (let n = seed; n < seed + runs; n++) {
          const choices = random(n)
          const copy = `${file}-${n}`
          copyFileSync(file, copy)
          const size = statSync(copy).size
          if (choices.chance(0.2)) truncateSync(copy, choices.int(size))
          else {
            const bytes = readFileSync(copy)
            for (let k = 0; k < 40; k++) bytes[choices.int(size)] = choices.int(256)
            writeFileSync(copy, bytes)
          }
          const use = Effect.gen(function* () {
            const journal = yield* open(copy)
            yield* Effect.exit(journal.list({}))
            for (let r = 0; r < 20; r++) {
              yield* Effect.exit(journal.load(`r${r}`))
              yield* Effect.exit(journal.steps({ runId: `r${r}`, after: -1, limit: 100, payloads: true }))
              const exit = yield* Effect.exit(journal.append(row(`r${r}`, 21)))
              if (Exit.isFailure(exit)) assert.isTrue(Option.isSome(Exit.findErrorOption(exit)), `seed ${n}`)
            }
          })
          const exit = yield* Effect.exit(Effect.scoped(use))
          if (Exit.isFailure(exit))
            assert.isTrue(Option.isSome(Exit.findErrorOption(exit)), `seed ${n}: ${String(exit)}`)
        }
      }),
    60_000
  )

  it.effect("J6: a damaged run holds up no other: neither claims nor lists fail for it", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* written(file, 4)
      const db = new DatabaseSync(file)
      db.exec("update cano_run set labels = 'x', owner = null, status = 'ready', wake_at = 0")
      db.exec("delete from cano_payload where run = (select id from cano_run where run_id = 'r1')")
      db.close()
      const journal = yield* open(file)
      yield* journal.beat(workerOf("w"))
      const { runs } = yield* journal.claim({
        owner: "w",
        limit: 10,
        fingerprints: [(yield* journal.list({})).runs[0]!.fingerprint],
        runIds: undefined,
        staleAfter: 1000,
        maxCrashes: 3
      })
      assert.deepStrictEqual(runs.map(({ head }) => head.runId).sort(), ["r0", "r1", "r2", "r3"])
      assert.isTrue(runs.every(({ head }) => Object.keys(head.labels).length === 0))
      // no state at all is no JSON either: the run ends as Corrupt
      assert.strictEqual(runs.find(({ head }) => head.runId === "r1")?.state, "")
    })
  )

  it.effect("a full disk is Full, and what was answered is there", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const db = yield* Effect.acquireRelease(
        Effect.sync(() => new Database(file, "full", 0)),
        (opened) => Effect.sync(() => opened.close())
      )
      const { journal } = yield* make(db, {
        patience: 0,
        hasHistory: true,
        maxPayload: 1 << 20,
        reopen: Effect.never
      })
      yield* journal.create(newRun("r"))
      db.get("pragma max_page_count = 120")
      let last = 0
      let failure: unknown
      while (failure === undefined) {
        const exit = yield* Effect.exit(
          journal.append(row("r", last + 1, { state: JSON.stringify("x".repeat(10_000)) }))
        )
        if (Exit.isSuccess(exit)) last++
        else failure = Option.getOrThrow(Exit.findErrorOption(exit))
      }
      assert.strictEqual((failure as JournalFailure).reason, "Full")
      assert.isAbove(last, 3)
      assert.strictEqual(Option.getOrThrow(yield* journal.load("r")).head.sequence, last)
      db.get("pragma max_page_count = 1000000")
      yield* journal.append(row("r", last + 1))
    })
  )

  for (const [what, change] of [
    ["deleted", (file: string) => rmSync(file)],
    ["replaced", (file: string) => (rmSync(file), writeFileSync(file, ""))]
  ] as const)
    it.effect(`a file that was ${what} is noticed with the next beat`, () =>
      Effect.gen(function* () {
        const file = yield* newFile
        const journal = yield* open(file)
        yield* journal.beat(workerOf("a"))
        change(file)
        const failure = yield* failureOf(journal.beat(workerOf("a")))
        assert.strictEqual(failure.reason, "Damaged")
        assert.include(String(failure.cause), "was deleted or replaced while it was open")
        // From then on nothing is written into the file that is lost.
        yield* failsWith(journal.create(newRun("r")), "Damaged")
      })
    )

  it.effect("a closed journal is Unavailable", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journal = yield* Effect.scoped(open(file))
      yield* failsWith(journal.load("r"), "Unavailable")
      yield* failsWith(journal.create(newRun("r")), "Unavailable")
    })
  )

  it.effect("an open reader lets the log grow, and its end lets it shrink", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const journal = yield* open(file, { synchronous: "normal" })
      yield* journal.create(newRun("r"))
      const size = () => statSync(`${file}-wal`).size
      const reader = new DatabaseSync(file)
      const rows = reader.prepare("select * from cano_step").iterate()
      rows.next()
      const state = JSON.stringify("x".repeat(100_000))
      let sequence = 0
      const write = (count: number) =>
        Effect.gen(function* () {
          for (let n = 0; n < count; n++) yield* journal.append(row("r", ++sequence, { state }))
        })
      yield* write(300)
      const grown = size()
      assert.isAbove(grown, 25_000_000)
      rows.return?.()
      reader.close()
      yield* write(100)
      // The log starts again from its beginning, so it grows no more.
      assert.isAtMost(size(), grown + 10_000_000)
      assert.strictEqual(Option.getOrThrow(yield* journal.load("r")).head.sequence, 400)
    })
  )
})

describe("SqliteJournal.layer", () => {
  const problems: ReadonlyArray<readonly [unknown, string]> = [
    [undefined, "the options are not an object"],
    [{}, "file is undefined, expected the name of a file"],
    [{ file: "" }, `file is "", expected the name of a file`],
    [{ file: "a", synchronous: "off" }, `synchronous is "off", expected "full" or "normal"`],
    [{ file: "a", history: 3 }, `history is 3, expected "full" or "none"`],
    [{ file: "a", busyTimeout: -1 }, "busyTimeout is -1, expected a finite duration from 0"],
    [{ file: "a", maxPayload: 0.5 }, "maxPayload is 0.5, expected a whole number from 1"],
    [{ file: "a", path: "b" }, `there is no option "path", only file, synchronous, history, busyTimeout, maxPayload`]
  ]
  for (const [options, problem] of problems)
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => SqliteJournal.layer(options as SqliteJournal.Options), problem)
    })
})
