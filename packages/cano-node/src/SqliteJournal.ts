/**
 * The journal of durable runs in a file, on the SQLite that is part of Node.
 *
 * **When to use**
 *
 * Use it for durable runs of one machine: one process, or several processes on one file. It needs no server and no
 * other package.
 *
 * **Details**
 *
 * The file is created, and brought to the present format, when the layer is built. Rows that come together share a
 * commit; a run that goes on alone does not wait for others. With `synchronous: "full"`, the default, an answered row
 * survives the crash of the process and the loss of power. With `"normal"` it survives the crash of the process; a loss
 * of power may cost the latest rows, of all runs alike, and never leaves a broken file.
 *
 * **Gotchas**
 *
 * - The file must be on a local disk: the write-ahead log does not work over a network.
 * - SQLite blocks the process while it writes. A large commit delays everything else, so let `staleAfter` of workers be
 *   15 seconds or more.
 * - Copy the file with the `backup` of SQLite, not by hand: the latest rows stand in the file that ends in `-wal`.
 *
 * @example
 * ```ts
 * import { SqliteJournal } from "effect-cano-node"
 *
 * const journal = SqliteJournal.layer({ file: "runs.db" })
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import type { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Claims from "./internal/sqlite/claims.ts"
import { Commits } from "./internal/sqlite/commits.ts"
import { Database } from "./internal/sqlite/database.ts"
import { failureOf, isBusy } from "./internal/sqlite/failure.ts"
import * as Housekeeping from "./internal/sqlite/housekeeping.ts"
import { problemsOf } from "./internal/sqlite/options.ts"
import * as Reads from "./internal/sqlite/reads.ts"
import * as Runs from "./internal/sqlite/runs.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The file, in a directory that exists; `":memory:"` for a journal that ends with the layer. */
  readonly file: string
  /** What an answered row survives: with `"full"` the loss of power, with `"normal"` the crash of the process. Default: `"full"`. */
  readonly synchronous?: "full" | "normal" | undefined
  /** With `"none"` the rows of a run are not kept, only its present state. Default: `"full"`. */
  readonly history?: "full" | "none" | undefined
  /** The longest that a call waits for another process that writes. Then it fails as `Unavailable`. Default: 5 seconds. */
  readonly busyTimeout?: Duration.Input | undefined
  /** The largest payload, in bytes. Default: 4 MiB. */
  readonly maxPayload?: number | undefined
}

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Opens the file as the journal of durable runs, and closes it with the scope of the layer.
 *
 * **Details**
 *
 * Throws a `ConfigurationError` for options that make no sense. The layer fails with a `JournalFailure`: `Unavailable`
 * if the directory is not there or the file system has no write-ahead log, `ReadOnly`, `Damaged` if the file is no
 * journal, `Newer` if a later version of the library has written it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Journal.Journal, JournalFailure> => {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new ConfigurationError({ subject: "SqliteJournal.layer", problems })
  return Layer.effect(Journal.Journal, make(options))
}

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

/** The hints that a slow reader may be behind; it misses older ones. */
const maxHints = 1024

const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Journal.Shape, JournalFailure, Scope.Scope> {
  const { file, history = "full", maxPayload = 4 * 1024 * 1024, synchronous = "full" } = options
  const patience = Duration.toMillis(options.busyTimeout ?? Duration.seconds(5))
  const clock = yield* Clock.Clock
  const db = yield* Effect.acquireRelease(open(file, synchronous, patience), (db) => Effect.sync(() => db.close()))
  const hints = yield* PubSub.sliding<string>(maxHints)
  const noted: Array<string> = []
  const commits = new Commits(db, clock, patience, yield* FiberSet.makeRuntime(), (isWritten) => {
    const runIds = noted.splice(0)
    if (isWritten) for (const runId of runIds) PubSub.publishUnsafe(hints, runId)
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => commits.end()))
  const tables: Runs.Tables = { db, hasHistory: history === "full", hint: (runId) => void noted.push(runId) }
  return Journal.checked({ ...operations(tables, commits), hints: Stream.fromPubSub(hints) }, maxPayload)
})

/** Opens the file, and waits if another process is creating it. */
const open = (
  file: string,
  synchronous: "full" | "normal",
  patience: number
): Effect.Effect<Database, JournalFailure> =>
  Effect.clockWith((clock) => {
    const startedAt = clock.currentTimeMillisUnsafe()
    const attempt: Effect.Effect<Database, JournalFailure> = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      try {
        return Effect.succeed(new Database(file, synchronous, Math.floor(now)))
      } catch (error) {
        if (isBusy(error) && now - startedAt < patience) return Effect.andThen(Effect.sleep(10), attempt)
        return Effect.fail(failureOf(`open the file ${JSON.stringify(file)}`, error))
      }
    })
    return attempt
  })

const operations = (tables: Runs.Tables, commits: Commits): Omit<Journal.Shape, "hints"> => {
  const { db } = tables
  /** A write that always has an answer. */
  const write = <A>(operation: string, body: (now: number) => A) =>
    commits.write<A, never>(operation, (now) => Exit.succeed(body(now)))
  return {
    create: (run) => write("create a run", (now) => Runs.create(tables, run, now)),
    append: (entry) => commits.write("append", (now) => Runs.append(tables, entry, now)),
    claim: (claim) => write("claim runs", (now) => Claims.claim(tables, claim, now)),
    release: (run) => write("release a run", (now) => Runs.release(tables, run, now)),
    beat: (worker) =>
      write("beat", (now) => {
        db.checkIdentity()
        return Claims.beat(tables, worker, now)
      }),
    leave: (owner) => write("leave", (now) => Claims.leave(tables, owner, now)),
    workers: commits.read("list workers", () => Claims.workers(db)),
    send: (signal) => write("send a signal", (now) => Runs.send(tables, signal, now)),
    signals: (runId, name) => commits.read("read signals", () => Reads.signals(db, runId, name)),
    cancel: ({ runId }) => write("cancel a run", (now) => Runs.cancel(tables, runId, now)),
    heads: (runIds) => commits.read("read runs", () => Reads.heads(db, runIds)),
    load: (runId) => commits.read("load a run", () => Option.fromNullishOr(Reads.load(db, runId))),
    steps: (page) => commits.read("read a history", () => Reads.steps(db, page)),
    list: (query) => commits.read("list runs", () => Reads.list(db, query)),
    remove: (removal) => write("remove runs", (now) => Housekeeping.remove(tables, removal, now)),
    define: (definition) => write("define a workflow", (now) => Housekeeping.define(tables, definition, now)),
    definitions: (workflow) => commits.read("read definitions", () => Housekeeping.definitions(db, workflow)),
    flow: (flowId) => commits.read("read a flow", () => Option.fromNullishOr(Housekeeping.flow(db, flowId))),
    saveFlow: (flow) => write("save a flow", () => Housekeeping.saveFlow(tables, flow)),
    fire: (fire) => write("fire a flow", (now) => Housekeeping.fire(tables, fire, now))
  }
}
