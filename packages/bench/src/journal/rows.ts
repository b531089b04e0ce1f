import * as Effect from "effect/Effect"
import type * as Journal from "effect-cano/Journal"
import { state } from "./directory.ts"

export const newRun = (runId: string): Journal.NewRun => ({
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

/** So many runs at once append so many rows together. */
export const appendRows = (journal: Journal.Shape, prefix: string, runs: number, operations: number) =>
  Effect.all(
    Array.from({ length: runs }, (_, n) => appendAll(journal, `${prefix}/${n}`, operations / runs)),
    { concurrency: "unbounded", discard: true }
  )
