/**
 * Rows for tests of a journal: each function gives a whole row, and takes what differs.
 *
 * @since 0.1.0
 */
import type * as Journal from "effect-cano/Journal"

/**
 * Makes a run to create: of workflow `order`, in state `Start`, and `ready`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const newRun = (runId: string, changes?: Partial<Journal.NewRun>): Journal.NewRun => ({
  runId,
  workflow: "order",
  fingerprint: "f1",
  tag: "Start",
  state: `{"_tag":"Start"}`,
  owner: undefined,
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

/**
 * Makes the row after a head, by the owner of the run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const rowAfter = (head: Journal.Head, changes?: Partial<Journal.Entry>): Journal.Entry => ({
  runId: head.runId,
  owner: head.owner ?? "nobody",
  fence: head.fence,
  sequence: head.sequence + 1,
  inbox: head.inbox,
  status: "running",
  phase: head.phase,
  tag: head.tag,
  state: undefined,
  fingerprint: head.fingerprint,
  transitions: head.transitions,
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
  attempts: 1,
  ...changes
})

/**
 * Makes a claim of up to 100 runs.
 *
 * @category constructors
 * @since 0.1.0
 */
export const claimOf = (owner: string, changes?: Partial<Journal.Claim>): Journal.Claim => ({
  owner,
  limit: 100,
  fingerprints: ["f1"],
  runIds: undefined,
  staleAfter: 10_000,
  maxCrashes: 3,
  ...changes
})

/**
 * Makes what a worker tells with each beat.
 *
 * @category constructors
 * @since 0.1.0
 */
export const workerOf = (owner: string, changes?: Partial<Journal.Worker>): Journal.Worker => ({
  owner,
  host: "host",
  version: "1",
  concurrency: 10,
  fingerprints: ["f1"],
  isDraining: false,
  ...changes
})

/**
 * Makes a run that worker `a` runs from the start.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ownedRun = (runId: string, changes?: Partial<Journal.NewRun>): Journal.NewRun =>
  newRun(runId, { owner: "a", ...changes })

/**
 * Makes a row of worker `a`, for a run that it has created.
 *
 * @category constructors
 * @since 0.1.0
 */
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
