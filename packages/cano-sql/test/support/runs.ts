import type * as Journal from "effect-cano/Journal"

/** A run that worker `a` runs. */
export const newRun = (runId: string, changes?: Partial<Journal.NewRun>): Journal.NewRun => ({
  runId,
  workflow: "order",
  fingerprint: "f1",
  tag: "Start",
  state: `{"_tag":"Start"}`,
  owner: "a",
  startIn: 0,
  labels: {},
  parent: undefined,
  restartedFrom: undefined,
  trace: undefined,
  transitions: 0,
  store: [],
  undo: [],
  ...changes
})

/** A row of worker `a`. */
export const row = (runId: string, sequence: number, changes?: Partial<Journal.Entry>): Journal.Entry => ({
  runId,
  owner: "a",
  fence: 1,
  sequence,
  inbox: 0,
  status: "running",
  phase: "forward",
  tag: "Next",
  state: `{"n":${sequence}}`,
  fingerprint: "f1",
  transitions: sequence,
  attempt: 1,
  wake: undefined,
  waitsFor: undefined,
  awaitsChildren: 0,
  store: [["n", `${sequence}`]],
  signals: [],
  undo: [],
  progress: undefined,
  errorTag: undefined,
  error: undefined,
  outcome: undefined,
  attempts: 1,
  ...changes
})

export const worker: Journal.Worker = {
  owner: "a",
  host: "host",
  version: "1",
  concurrency: 1,
  fingerprints: ["f1"],
  isDraining: false
}

export const claimOf = (owner: string, changes?: Partial<Journal.Claim>): Journal.Claim => ({
  owner,
  limit: 100,
  fingerprints: ["f1"],
  runIds: undefined,
  staleAfter: 10_000,
  maxCrashes: 3,
  ...changes
})
