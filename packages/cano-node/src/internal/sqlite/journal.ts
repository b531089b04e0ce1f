import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Claims from "./claims.ts"
import { Commits } from "./commits.ts"
import type { Database } from "./database.ts"
import { failureOf } from "./failure.ts"
import * as Housekeeping from "./housekeeping.ts"
import * as Reads from "./reads.ts"
import * as Runs from "./runs.ts"
import { Transactions } from "./transactions.ts"

/** The hints that a slow reader may be behind; it misses older ones. */
const maxHints = 1024

/** The journal of a file, and the transactions of its users. */
interface Made {
  readonly journal: Journal.Shape
  readonly transactions: Transactions
}

/** Makes the journal of an open file. What is under way is written before the scope, which closes the file, ends. */
export const make = Effect.fnUntraced(function* (
  db: Database,
  options: {
    /** The longest wait for another process, in milliseconds. */
    readonly patience: number
    readonly hasHistory: boolean
    readonly maxPayload: number
    /** Opens the file once more. */
    readonly reopen: Effect.Effect<Database, JournalFailure>
  }
): Effect.fn.Return<Made, never, Scope.Scope> {
  const hints = yield* PubSub.sliding<string>(maxHints)
  const noted: Array<string> = []
  const onEnd = (isWritten: boolean): void => {
    const runIds = noted.splice(0)
    if (isWritten) for (const runId of runIds) PubSub.publishUnsafe(hints, runId)
  }
  const clock = yield* Clock.Clock
  const { maxPayload, patience, reopen } = options
  const commits = new Commits(db, clock, patience, yield* FiberSet.makeRuntime(), onEnd)
  yield* Effect.addFinalizer(() => Effect.sync(() => commits.end()))
  const tables: Runs.Tables = { db, hasHistory: options.hasHistory, hint: (runId) => void noted.push(runId) }
  const journal = { ...operations(tables, commits), hints: Stream.fromPubSub(hints) }
  const appendOn = (db: Database) =>
    Journal.checked({ ...journal, append: appending({ ...tables, db }, clock) }, maxPayload).append
  const transactions = new Transactions({ open: reopen, clock, patience, appendOn, onEnd })
  yield* Effect.addFinalizer(() => Effect.sync(() => transactions.close()))
  return { journal: Journal.checked(journal, maxPayload), transactions }
})

/** Appends in a transaction that is open. */
const appending =
  (tables: Runs.Tables, clock: Clock.Clock): Journal.Shape["append"] =>
  (entry) =>
    Effect.suspend(() => {
      try {
        return Runs.append(tables, entry, Math.floor(clock.currentTimeMillisUnsafe()))
      } catch (error) {
        return Effect.fail(failureOf("append", error))
      }
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
