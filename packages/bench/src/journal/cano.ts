import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { SqliteJournal } from "effect-cano-node"
import * as Journal from "effect-cano/Journal"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory, state } from "./directory.ts"
import type { Synchronous } from "./raw.ts"

const newRun = (runId: string): Journal.NewRun => ({
  runId,
  workflow: "order",
  fingerprint: "f1",
  tag: "Start",
  state,
  owner: "bench",
  startIn: 0,
  labels: {},
  parent: undefined,
  restartedFrom: undefined,
  trace: undefined,
  transitions: 0,
  store: [],
  undo: []
})

const row = (runId: string, sequence: number): Journal.Entry => ({
  runId,
  owner: "bench",
  fence: 1,
  sequence,
  inbox: 0,
  status: "running",
  phase: "forward",
  tag: "Step",
  state,
  fingerprint: "f1",
  transitions: sequence,
  attempt: 1,
  wake: undefined,
  waitsFor: undefined,
  awaitsChildren: 0,
  store: [],
  signals: [],
  undo: [],
  progress: undefined,
  errorTag: undefined,
  error: undefined,
  outcome: undefined,
  attempts: 1
})

/** So many runs at once append a row after the other. After some rows the runs are new ones, as in a busy service. */
const rowsPerRun = 30

const appendAll = (journal: Journal.Shape, runId: string, count: number) =>
  Effect.gen(function* () {
    for (let sequence = 0, run = "", n = 0; n < count; n++, sequence++) {
      if (n % rowsPerRun === 0) {
        run = `${runId}/${n}`
        sequence = 0
        yield* journal.create(newRun(run))
      }
      yield* journal.append(row(run, sequence + 1))
    }
  })

export const append =
  (synchronous: Synchronous, runs: number): Prepare =>
  async (operations) => {
    const runtime = ManagedRuntime.make(SqliteJournal.layer({ file: join(makeDirectory(), "runs.db"), synchronous }))
    const journal = await runtime.runPromise(Journal.Journal)
    // As for the plain inserts: the write-ahead log is as long as it gets.
    for (let round = 0; round < 10; round++) {
      const first = Array.from({ length: 1000 }, (_, n) => journal.create(newRun(`first/${round}/${n}`)))
      await runtime.runPromise(Effect.all(first, { concurrency: "unbounded", discard: true }))
    }
    let call = 0
    return async () => {
      const prefix = ++call
      const all = Array.from({ length: runs }, (_, n) => appendAll(journal, `${prefix}/${n}`, operations / runs))
      await runtime.runPromise(Effect.all(all, { concurrency: "unbounded", discard: true }))
      return operations
    }
  }
