import { stepsPerRun } from "../durable/order.ts"
import type { Contender } from "../harness/contender.ts"
import { ratio, type Suite } from "../harness/suite.ts"
import type { Synchronous } from "../journal/raw.ts"

const raw = () => import("../journal/raw.ts")
const cano = () => import("../durable/cano.ts")
const langgraph = () => import("../durable/langgraph.ts")

const contenders = (synchronous: Synchronous): ReadonlyArray<Contender> => [
  { name: "sync", label: "4 KiB and `fdatasync`", operations: 100, load: async () => (await raw()).sync },
  {
    name: "raw",
    label: "`node:sqlite`, an insert a commit",
    operations: 8 * stepsPerRun,
    load: async () => (await raw()).insert(synchronous, 1)
  },
  {
    name: "cano",
    label: "effect-cano, 1 run",
    operations: 8 * stepsPerRun,
    load: async () => (await cano()).inFile(synchronous, 1)
  },
  {
    name: "cano-32",
    label: "effect-cano, 32 runs",
    operations: 64 * stepsPerRun,
    load: async () => (await cano()).inFile(synchronous, 32)
  },
  {
    name: "langgraph",
    label: "LangGraph.js and its SQLite saver, 1 run",
    operations: 8 * stepsPerRun,
    load: async () => (await langgraph()).inFile(synchronous, 1)
  },
  {
    name: "langgraph-32",
    label: "LangGraph.js and its SQLite saver, 32 runs",
    operations: 32 * stepsPerRun,
    load: async () => (await langgraph()).inFile(synchronous, 32)
  },
  {
    name: "memory",
    label: "effect-cano in memory, 1 run",
    operations: 32 * stepsPerRun,
    load: async () => (await cano()).inMemory(1)
  },
  {
    name: "effect",
    label: "`effect/workflow` in memory, 1 run",
    operations: 8 * stepsPerRun,
    load: async () => (await import("../durable/effectWorkflow.ts")).inMemory
  }
]

const about =
  `Runs of ${stepsPerRun} steps, each of which hands a state of 100 bytes on; they are started, and their exits awaited. ` +
  "The saver of LangGraph.js is its own, on `node:sqlite`. "

const shared = { operation: "step", unit: "us", baseline: "raw", isWarm: true } as const

export const durable: Suite = {
  ...shared,
  name: "durable",
  title: "Durable runs, every commit on the disk",
  about: `${about}\`synchronous = full\`; the first line is the disk alone, in the same minutes.`,
  clock: "wall",
  contenders: contenders("full"),
  comparisons: [
    ratio("cano", "raw", { atMost: 1 / 0.6 }),
    ratio("cano-32", "raw", { atMost: 1 / 4 }),
    ratio("langgraph", "cano"),
    ratio("langgraph-32", "cano-32"),
    ratio("effect", "memory")
  ]
}

export const durableCpu: Suite = {
  ...shared,
  name: "durable-cpu",
  title: "Durable runs, processor",
  about: `${about}\`synchronous = full\`, as CPU time.`,
  clock: "cpu",
  contenders: contenders("full").slice(1),
  comparisons: [
    ratio("cano", "raw", { atMost: 1.5 }),
    ratio("cano-32", "raw", { atMost: 1.5 }),
    ratio("langgraph", "cano"),
    ratio("effect", "memory")
  ]
}

export const durableNormal: Suite = {
  ...shared,
  name: "durable-normal",
  title: "Durable runs, without waiting for the disk",
  about: `${about}\`synchronous = normal\`: nothing waits for the disk.`,
  clock: "wall",
  contenders: contenders("normal").slice(1, 6),
  comparisons: [ratio("cano", "raw"), ratio("cano-32", "raw"), ratio("langgraph", "cano")]
}

const resume = (history: number): Contender => ({
  name: `after-${history}`,
  label: `${history.toLocaleString("en-US")} transitions`,
  operations: 20,
  load: async () => (await import("../durable/resume.ts")).resume(history)
})

export const durableResume: Suite = {
  name: "durable-resume",
  title: "Durable runs, resumed after a long history",
  about:
    "A signal to a run that waits, until it waits again: the signal, the claim, two steps and the row of the wait. All " +
    "files have 100,000 rows; they belong to runs of so many transitions each. `synchronous = normal`.",
  operation: "resume",
  unit: "us",
  clock: "wall",
  isWarm: true,
  baseline: "after-10",
  contenders: [resume(10), resume(1000), resume(100_000)],
  comparisons: [ratio("after-1000", "after-10", { atMost: 1.2 }), ratio("after-100000", "after-10", { atMost: 1.2 })]
}

const claimedRuns = 10_000

export const durableClaims: Suite = {
  name: "durable-claims",
  title: "Durable runs, claimed by one worker",
  about:
    `${claimedRuns.toLocaleString("en-US")} runs of 3 steps that are written first, and a worker that claims and ends ` +
    "all; the figures include both. `synchronous = normal`. The goal of 5,000 steps a second is 200 us.",
  operation: "step",
  unit: "us",
  clock: "wall",
  isWarm: true,
  baseline: undefined,
  contenders: [
    {
      name: "cano",
      label: "effect-cano",
      operations: 3 * claimedRuns,
      load: async () => (await import("../durable/claims.ts")).claimed(claimedRuns)
    }
  ],
  comparisons: []
}
