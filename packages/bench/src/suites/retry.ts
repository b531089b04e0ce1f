import { ratio, type Suite } from "../harness/suite.ts"

const asyncFunctions = () => import("../retry/asyncFunctions.ts")
const effect = () => import("../retry/effect.ts")
const cano = () => import("../retry/cano.ts")

export const retry: Suite = {
  name: "retry",
  title: "Retry that is armed but unused",
  about:
    "A node of three synchronous phases (prep, exec, post) that never fails, run again and again. With a retry, up to " +
    "3 more attempts a second apart are allowed, and none is needed.",
  operation: "node",
  unit: "us",
  clock: "cpu",
  isWarm: true,
  baseline: "async",
  contenders: [
    {
      name: "async",
      label: "three async functions, no retry",
      operations: 200_000,
      load: async () => (await asyncFunctions()).bare
    },
    {
      name: "p-retry",
      label: "three async functions in `p-retry`",
      operations: 100_000,
      load: async () => (await asyncFunctions()).withPRetry
    },
    {
      name: "effect",
      label: "three effects, no retry",
      operations: 200_000,
      load: async () => (await effect()).bare
    },
    {
      name: "effect-retry",
      label: "three effects in `Effect.retry` with a schedule",
      operations: 50_000,
      load: async () => (await effect()).withRetry
    },
    {
      name: "cano",
      label: "effect-cano node, no retry",
      operations: 200_000,
      load: async () => (await cano()).bare
    },
    {
      name: "cano-retry",
      label: "effect-cano node, retry configured",
      operations: 200_000,
      load: async () => (await cano()).withRetry
    }
  ],
  comparisons: [
    ratio("cano-retry", "p-retry", { atMost: 1 }),
    ratio("cano-retry", "cano", { atMost: 1.1 }),
    ratio("cano-retry", "effect-retry"),
    ratio("cano", "effect", { atMost: 1.3 })
  ]
}
