import { ratio, type Suite } from "../harness/suite.ts"

const handWritten = () => import("../transitions/handWritten.ts")
const effect = () => import("../transitions/effect.ts")
const cano = () => import("../transitions/cano.ts")
const canoRecords = () => import("../transitions/canoRecords.ts")
const xstate = () => import("../transitions/xstate.ts")
const million = 1_000_000

export const transitions: Suite = {
  name: "transitions",
  title: "Transitions",
  about:
    "A ring of 8 states and an exit. Every state counts the transition and goes on to the next state, or to the exit " +
    "after the last one.",
  operation: "transition",
  unit: "ns",
  clock: "cpu",
  isWarm: true,
  baseline: "async",
  contenders: [
    {
      name: "switch",
      label: "hand-written sync loop, `switch`",
      operations: million,
      load: async () => (await handWritten()).syncSwitch
    },
    {
      name: "table",
      label: "hand-written sync loop, table of functions",
      operations: million,
      load: async () => (await handWritten()).syncTable
    },
    {
      name: "async",
      label: "hand-written async loop",
      operations: million,
      load: async () => (await handWritten()).asyncLoop
    },
    {
      name: "async-records",
      label: "hand-written async loop, records",
      operations: million,
      load: async () => (await import("../transitions/records.ts")).asyncRecords
    },
    {
      name: "while-loop",
      label: "`Effect.whileLoop`, an object, `Effect.sync` states built beforehand",
      operations: million,
      load: async () => (await effect()).whileLoop
    },
    {
      name: "while-loop-closures",
      label: "`Effect.whileLoop`, closures, `Effect.sync` built on entry",
      operations: million,
      load: async () => (await effect()).whileLoopClosures
    },
    {
      name: "while-loop-records",
      label: "`Effect.whileLoop`, an object, records, `Effect.sync` built on entry",
      operations: million,
      load: async () => (await import("../transitions/records.ts")).whileLoopRecords
    },
    {
      name: "while-loop-generators",
      label: "`Effect.whileLoop`, generator states",
      operations: million,
      load: async () => (await effect()).whileLoopGenerators
    },
    {
      name: "gen",
      label: "loop in `Effect.gen`, `Effect.sync` states",
      operations: million,
      load: async () => (await effect()).genLoop
    },
    {
      name: "cano-routes",
      label: "effect-cano, plain routes",
      operations: million,
      load: async () => (await cano()).routes
    },
    {
      name: "cano-succeed",
      label: "effect-cano, `Effect.succeed` tasks",
      operations: million,
      load: async () => (await cano()).succeed
    },
    {
      name: "cano-sync",
      label: "effect-cano, `Effect.sync` tasks",
      operations: million,
      load: async () => (await cano()).syncTasks
    },
    {
      name: "cano-functions",
      label: "effect-cano, functions that build an `Effect.sync`",
      operations: million,
      load: async () => (await cano()).functions
    },
    {
      name: "cano-generators",
      label: "effect-cano, generator functions",
      operations: million,
      load: async () => (await cano()).generators
    },
    {
      name: "cano-retry",
      label: "effect-cano, `Effect.sync` tasks, retry configured",
      operations: million,
      load: async () => (await cano()).retried
    },
    {
      name: "cano-record-routes",
      label: "effect-cano, records, plain routes",
      operations: million,
      load: async () => (await canoRecords()).recordRoutes
    },
    {
      name: "cano-record-functions",
      label: "effect-cano, records, functions that build an `Effect.sync`",
      operations: million,
      load: async () => (await canoRecords()).recordFunctions
    },
    {
      name: "pocketflow",
      label: "PocketFlow",
      operations: 200_000,
      load: async () => (await import("../transitions/pocketflow.ts")).flow
    },
    {
      name: "xstate",
      label: "XState actor, an event a transition",
      operations: 50_000,
      load: async () => (await xstate()).actor
    },
    {
      name: "xstate-always",
      label: "XState actor, eventless transitions",
      operations: 50_000,
      load: async () => (await xstate()).always
    },
    {
      name: "langgraph",
      label: "LangGraph.js",
      operations: 800,
      load: async () => (await import("../transitions/langgraph.ts")).graph
    }
  ],
  comparisons: [
    ratio("cano-routes", "async", { atMost: 0.3 }),
    ratio("cano-sync", "while-loop", { atMost: 1.05 }),
    ratio("cano-sync", "gen", { atMost: 1 }),
    ratio("cano-sync", "async", { atMost: 2 }),
    ratio("cano-retry", "cano-sync", { atMost: 1.1 }),
    ratio("cano-functions", "while-loop-closures"),
    ratio("cano-generators", "while-loop-generators", { atMost: 1.1 }),
    ratio("cano-record-routes", "async-records", { atMost: 1 }),
    // No loop of Effect reaches this goal: the bare one shows what is left of it.
    ratio("cano-record-functions", "async-records", { atMost: 1 }),
    ratio("while-loop-records", "async-records"),
    ratio("cano-record-functions", "while-loop-records"),
    ratio("xstate", "cano-sync", { atLeast: 60 }),
    ratio("xstate-always", "cano-sync"),
    ratio("pocketflow", "cano-sync"),
    ratio("langgraph", "cano-sync")
  ]
}
