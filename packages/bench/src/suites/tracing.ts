import { ratio, type Suite } from "../harness/suite.ts"

const cano = () => import("../tracing/cano.ts")

export const tracing: Suite = {
  name: "tracing",
  title: "Tracing",
  about:
    "The ring of 8 states with `Effect.sync` tasks, without a tracer and with Effect's own in-memory spans. The build " +
    "without tracing is a copy of the sources in which no run looks for a tracer. A short run is one lap.",
  operation: "transition",
  unit: "ns",
  clock: "cpu",
  baseline: "cano",
  contenders: [
    {
      name: "cano",
      label: "effect-cano, no tracer",
      operations: 1_000_000,
      load: async () => (await cano()).withoutTracer
    },
    {
      name: "cano-again",
      label: "effect-cano, no tracer, a second time (control)",
      operations: 1_000_000,
      load: async () => (await cano()).withoutTracer
    },
    {
      name: "cano-untraced",
      label: "effect-cano, build without tracing",
      operations: 1_000_000,
      load: async () => (await cano()).untraced
    },
    {
      name: "cano-short",
      label: "effect-cano, no tracer, short runs",
      operations: 400_000,
      load: async () => (await cano()).shortWithoutTracer
    },
    {
      name: "cano-short-untraced",
      label: "effect-cano, build without tracing, short runs",
      operations: 400_000,
      load: async () => (await cano()).shortUntraced
    },
    {
      name: "cano-traced",
      label: "effect-cano, in-memory tracer",
      operations: 50_000,
      load: async () => (await cano()).withTracer
    },
    {
      name: "spans",
      label: "`Effect.whileLoop` with `Effect.withSpan` a state, in-memory tracer",
      operations: 50_000,
      load: async () => (await import("../tracing/effect.ts")).withSpans
    }
  ],
  comparisons: [
    ratio("cano", "cano-untraced", { atMost: 1.02 }),
    ratio("cano", "cano-again"),
    ratio("cano-short", "cano-short-untraced", { atMost: 1.02 }),
    ratio("cano-traced", "spans")
  ]
}
