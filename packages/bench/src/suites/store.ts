import { ratio, type Suite } from "../harness/suite.ts"

const map = () => import("../store/map.ts")
const cano = () => import("../store/cano.ts")
const operations = 500_000

export const store: Suite = {
  name: "store",
  title: "Store",
  about:
    "Reads and writes of one key, in a loop of one fiber that costs the same for each. An effect is built for every " +
    "operation, as in a generator, but for the rows that say otherwise.",
  operation: "operation",
  unit: "ns",
  clock: "cpu",
  isWarm: true,
  baseline: undefined,
  contenders: [
    { name: "map-get", label: "get, `Map` in `Effect.sync`", operations, load: async () => (await map()).get },
    {
      name: "service-get",
      label: "get, `Map` in a service",
      operations,
      load: async () => (await map()).getFromService
    },
    { name: "cano-get", label: "get, `MemoryStore`", operations, load: async () => (await cano()).get },
    {
      name: "map-get-once",
      label: "get, `Map` in `Effect.sync`, built once",
      operations,
      load: async () => (await map()).getBuiltOnce
    },
    {
      name: "cano-get-once",
      label: "get, `MemoryStore`, built once",
      operations,
      load: async () => (await cano()).getBuiltOnce
    },
    { name: "map-put", label: "put, `Map` in `Effect.sync`", operations, load: async () => (await map()).put },
    { name: "service-put", label: "put, `Map` in a service", operations, load: async () => (await map()).putToService },
    { name: "cano-put", label: "put, `MemoryStore`", operations, load: async () => (await cano()).put }
  ],
  comparisons: [
    ratio("cano-get", "map-get", { atMost: 1.5 }),
    ratio("cano-put", "map-put", { atMost: 1.5 }),
    ratio("cano-get-once", "map-get-once"),
    ratio("cano-get", "service-get"),
    ratio("cano-put", "service-put")
  ]
}
