import { ratio, type Suite } from "../harness/suite.ts"

const handWritten = () => import("../instance/handWritten.ts")
const cano = () => import("../instance/cano.ts")
const operations = 50_000

export const instance: Suite = {
  name: "instance",
  title: "Short runs",
  about: "Whole runs of 5 states, one after another: what it costs to start and to end a run.",
  operation: "run",
  unit: "us",
  clock: "cpu",
  isWarm: true,
  baseline: "async",
  contenders: [
    { name: "async", label: "hand-written async loop", operations, load: async () => (await handWritten()).asyncRuns },
    {
      name: "gen-fiber",
      label: "`Effect.gen` loop, all runs in one fiber",
      operations,
      load: async () => (await handWritten()).genInFiber
    },
    {
      name: "gen-promise",
      label: "`Effect.gen` loop, `runPromise` for each",
      operations,
      load: async () => (await handWritten()).genRunPromise
    },
    {
      name: "cano-fiber",
      label: "effect-cano, `Effect.sync` tasks, all runs in one fiber",
      operations,
      load: async () => (await cano()).inFiber
    },
    {
      name: "cano-promise",
      label: "effect-cano, `Effect.sync` tasks, `runPromise` for each",
      operations,
      load: async () => (await cano()).runPromise
    },
    {
      name: "cano-routes-fiber",
      label: "effect-cano, plain routes, all runs in one fiber",
      operations,
      load: async () => (await cano()).routesInFiber
    }
  ],
  comparisons: [
    ratio("cano-fiber", "async", { atMost: 4 }),
    ratio("cano-promise", "async", { atMost: 4 }),
    ratio("cano-routes-fiber", "async", { atMost: 1 }),
    ratio("cano-fiber", "gen-fiber", { atMost: 0.8 }),
    ratio("cano-promise", "gen-promise", { atMost: 0.8 })
  ]
}
