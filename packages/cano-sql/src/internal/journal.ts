import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { JournalFailure, TooLarge } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import { Batches } from "./batches.ts"
import * as Claims from "./claims.ts"
import { Database, type Fork } from "./database.ts"
import { failureOf } from "./failure.ts"
import { Hints } from "./hints.ts"
import * as Housekeeping from "./housekeeping.ts"
import { migrate } from "./migrations.ts"
import type { Dialect } from "./names.ts"
import * as Reads from "./reads.ts"
import * as Rows from "./rows.ts"
import * as Runs from "./runs.ts"

/** The hints that a slow reader may be behind; it misses older ones. */
const maxHints = 1024

/** The longest wait for the connections of the journal when it opens, in milliseconds. */
const opening = 15_000

export interface Settings {
  readonly dialect: Dialect
  readonly hasHistory: boolean
  readonly maxBatch: number
  readonly maxPayload: number
  readonly migrate: "auto" | "check"
}

/** Makes the journal of a database. What is under way is written before the scope ends. */
export const make = Effect.fnUntraced(function* (
  settings: Settings
): Effect.fn.Return<Journal.Shape, JournalFailure, Scope.Scope | SqlClient.SqlClient> {
  const { dialect, hasHistory, maxBatch, maxPayload } = settings
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const fork = (yield* FiberSet.makeRuntime()) as Fork
  const database = new Database(sql, yield* Clock.Clock, fork)
  yield* migrate(sql, dialect, settings.migrate)
  yield* Effect.addFinalizer(() => database.close)
  yield* Effect.timeoutOrElse(
    Effect.mapError(database.persist(database.open), (error) => failureOf("open the journal", error)),
    { duration: opening, orElse: () => Effect.fail(crowded) }
  )
  const hints = new Hints(database, sql, fork, dialect.text("cano_hints"), yield* PubSub.sliding<string>(maxHints))
  fork(hints.listen)
  const appends = new Batches(database, fork, {
    operation: "append",
    most: maxBatch,
    keyOf: (entry: Journal.Entry) => entry.runId,
    sizeOf: sizeOfEntry,
    send: Rows.appendAll(database, dialect, hasHistory, hints.note)
  })
  const creations = new Batches(database, fork, {
    operation: "create a run",
    most: maxBatch,
    keyOf: (run: Journal.NewRun) => run.runId,
    sizeOf: sizeOfRun,
    send: Rows.createAll(database, dialect, hasHistory)
  })
  yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.andThen(appends.close, creations.close), 5000))
  const statistics = new Statistics(database, dialect, fork)
  const runs = Runs.make(database, dialect, hasHistory, hints.note)
  const whole = sizeLimit(maxPayload)
  const journal: Journal.Shape = {
    create: (run) =>
      whole(run.runId, sizeOfRun(run)) ??
      Effect.tap(creations.add(run), ({ isCreated }) =>
        Effect.sync(() => {
          if (!isCreated) return
          hints.note(run.runId)
          statistics.count()
        })
      ),
    append: (entry) =>
      whole(entry.runId, sizeOfEntry(entry)) ??
      Effect.flatMap(appends.add(entry), (answer) => ("_tag" in answer ? Effect.fail(answer) : Effect.succeed(answer))),
    claim: Claims.claim(database, dialect, runs),
    release: runs.release,
    beat: Claims.beat(database, dialect),
    leave: runs.leave,
    workers: Claims.workers(database, dialect),
    send: runs.send,
    cancel: ({ runId }) => runs.cancel(runId),
    ...Reads.make(database, dialect),
    remove: Housekeeping.remove(database, dialect),
    ...Housekeeping.definitions(database, dialect),
    ...Housekeeping.flows(database, dialect, hasHistory, hints.note),
    hints: Stream.fromPubSub(hints.published)
  }
  return Journal.checked(journal, maxPayload)
})

// -----------------------------------------------------------------------------
// statistics
// -----------------------------------------------------------------------------

/**
 * Lets Postgres look at the tables while they grow from nothing. Its own look comes after a minute; until then it reads
 * all of a table that it takes for small, and sessions keep such plans.
 */
class Statistics {
  private readonly database: Database
  private readonly text: string
  private readonly fork: Fork
  private created = 0
  private next = 100

  constructor(database: Database, dialect: Dialect, fork: Fork) {
    this.database = database
    this.text = dialect.text("analyze cano_run, cano_payload, cano_store, cano_undo, cano_signal")
    this.fork = fork
  }

  count(): void {
    this.created++
    if (this.created < this.next || this.next > 100_000) return
    this.next *= 5
    // A role that does not own the tables may not, and waits for Postgres.
    this.fork(Effect.ignore(this.database.send("pool", this.text, [])))
  }
}

const crowded = new JournalFailure({
  operation: "open the journal",
  reason: "Unavailable",
  cause: "the pool has no connection left: a journal keeps three, so let maxConnections be 5 or more"
})

// -----------------------------------------------------------------------------
// sizes
// -----------------------------------------------------------------------------

const sizeOfStore = (store: ReadonlyArray<Journal.StoreChange>): number => {
  let size = 0
  for (const [key, value] of store) size += key.length + (value?.length ?? 0)
  return size
}

const sizeOfUndo = (undo: ReadonlyArray<Journal.Undo>): number => {
  let size = 0
  for (const { entered, next } of undo) size += entered.length + (next?.length ?? 0)
  return size
}

const sizeOfEntry = (entry: Journal.Entry): number =>
  (entry.state?.length ?? 0) +
  (entry.progress?.length ?? 0) +
  (entry.outcome?.length ?? 0) +
  (entry.store.length === 0 ? 0 : sizeOfStore(entry.store)) +
  (entry.undo.length === 0 ? 0 : sizeOfUndo(entry.undo))

const sizeOfRun = (run: Journal.NewRun): number => run.state.length + sizeOfStore(run.store) + sizeOfUndo(run.undo)

/** Refuses what is small enough in its parts, and too large together: a driver could not read the row back. */
const sizeLimit = (maxPayload: number) => {
  const limit = 2 * maxPayload
  return (runId: string, bytes: number): Effect.Effect<never, TooLarge> | undefined =>
    bytes <= limit ? undefined : Effect.fail(new TooLarge({ runId, what: "whole row", bytes, limit }))
}
