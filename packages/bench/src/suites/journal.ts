import type { Contender } from "../harness/contender.ts"
import { ratio, type Suite } from "../harness/suite.ts"
import type { Synchronous } from "../journal/raw.ts"

const raw = () => import("../journal/raw.ts")
const cano = () => import("../journal/cano.ts")

const contenders = (synchronous: Synchronous): ReadonlyArray<Contender> => [
  { name: "sync", label: "4 KiB and `fdatasync`", operations: 100, load: async () => (await raw()).sync },
  {
    name: "raw",
    label: "`node:sqlite`, an insert a commit",
    operations: 240,
    load: async () => (await raw()).insert(synchronous, 1)
  },
  {
    name: "raw-32",
    label: "`node:sqlite`, 32 inserts a commit",
    operations: 32 * 60,
    load: async () => (await raw()).insert(synchronous, 32)
  },
  { name: "cano", label: "journal, 1 run", operations: 240, load: async () => (await cano()).append(synchronous, 1) },
  {
    name: "cano-32",
    label: "journal, 32 runs",
    operations: 32 * 60,
    load: async () => (await cano()).append(synchronous, 32)
  },
  {
    name: "cano-1000",
    label: "journal, 1,000 runs",
    operations: 1000 * 30,
    load: async () => (await cano()).append(synchronous, 1000)
  }
]

const about =
  "A row for a step of a run, with a state of 100 bytes: the head is checked and moved, and the history written. Each " +
  "run of 30 rows is created first, which the figures include. "

const shared = { operation: "row", unit: "us", baseline: "raw" } as const

export const journal: Suite = {
  ...shared,
  name: "journal",
  title: "Journal, every commit on the disk",
  about: `${about}\`synchronous = full\`; the first line is the disk alone, in the same minutes.`,
  clock: "wall",
  contenders: contenders("full"),
  comparisons: [
    ratio("cano", "raw", { atMost: 1 / 0.6 }),
    ratio("cano-32", "raw", { atMost: 1 / 4 }),
    ratio("cano-1000", "raw", { atMost: 1 / 4 })
  ]
}

export const journalCpu: Suite = {
  ...shared,
  name: "journal-cpu",
  title: "Journal, processor",
  about: `${about}\`synchronous = full\`, as CPU time.`,
  clock: "cpu",
  contenders: contenders("full"),
  comparisons: [ratio("cano", "raw", { atMost: 1.5 }), ratio("cano-32", "raw", { atMost: 1.5 })]
}

export const journalNormal: Suite = {
  ...shared,
  name: "journal-normal",
  title: "Journal, without waiting for the disk",
  about: `${about}\`synchronous = normal\`: nothing waits for the disk.`,
  clock: "wall",
  contenders: contenders("normal").slice(1),
  comparisons: [ratio("cano", "raw"), ratio("cano-32", "raw"), ratio("cano-1000", "raw")]
}
