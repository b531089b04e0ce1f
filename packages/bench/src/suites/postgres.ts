import type { Contender } from "../harness/contender.ts"
import { ratio, type Suite } from "../harness/suite.ts"
import type { Synchronous } from "../postgres/server.ts"

const raw = () => import("../postgres/raw.ts")
const cano = () => import("../postgres/cano.ts")

const sync: Contender = {
  name: "sync",
  label: "4 KiB and `fdatasync`",
  operations: 100,
  load: async () => (await import("../journal/raw.ts")).sync
}

const contenders = (synchronous: Synchronous): ReadonlyArray<Contender> => [
  {
    name: "raw",
    label: "`pg`, an insert a commit",
    operations: 240,
    load: async () => (await raw()).insert(synchronous, 1)
  },
  {
    name: "raw-32",
    label: "`pg`, an insert a commit, 32 at once",
    operations: 32 * 30,
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
  "run of 30 rows is created first, which the figures include. The server runs on the same machine; `CANO_PG_URL` names another one. "

const shared = {
  operation: "row",
  unit: "us",
  baseline: "raw",
  clock: "wall",
  comparisons: [
    ratio("cano", "raw", { atMost: 1 / 0.6 }),
    ratio("cano-32", "raw", { atMost: 1 / 5 }),
    ratio("cano-1000", "raw", { atMost: 1 / 8 })
  ]
} as const

export const postgres: Suite = {
  ...shared,
  name: "postgres",
  title: "Journal on Postgres, every commit on the disk",
  about: `${about}\`synchronous_commit = on\`; the first line is the disk alone, in the same minutes.`,
  contenders: [sync, ...contenders("on")]
}

export const postgresAsync: Suite = {
  ...shared,
  name: "postgres-async",
  title: "Journal on Postgres, without waiting for the disk",
  about: `${about}\`synchronous_commit = off\`: nothing waits for the disk.`,
  contenders: contenders("off")
}
