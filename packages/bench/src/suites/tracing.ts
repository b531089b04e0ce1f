import { ratio, type Suite } from "../harness/suite.ts"

const cano = () => import("../tracing/cano.ts")
const intercepted = () => import("../tracing/intercepted.ts")

export const tracing: Suite = {
  name: "tracing",
  title: "Watching a run",
  about:
    "The ring of 8 states with `Effect.sync` tasks: unwatched, intercepted by hand, and watched by a tracer, an observer or " +
    "metrics. In the bare build, a copy of the sources, no run looks for a watcher. A short run is one lap. Spans are " +
    "Effect's own in memory, or those of OpenTelemetry's SDK with an exporter that throws them away. Both are set against a " +
    "loop with one `Effect.withSpan` a state, written by hand.",
  operation: "transition",
  unit: "ns",
  clock: "cpu",
  isWarm: true,
  baseline: "cano",
  contenders: [
    {
      name: "cano",
      label: "effect-cano, unwatched",
      operations: 1_000_000,
      load: async () => (await cano()).withoutTracer
    },
    {
      name: "cano-again",
      label: "effect-cano, unwatched, a second time (control)",
      operations: 1_000_000,
      load: async () => (await cano()).withoutTracer
    },
    {
      name: "cano-bare",
      label: "effect-cano, bare build",
      operations: 1_000_000,
      load: async () => (await cano()).unwatched
    },
    {
      name: "cano-short",
      label: "effect-cano, unwatched, short runs",
      operations: 400_000,
      load: async () => (await cano()).shortWithoutTracer
    },
    {
      name: "cano-short-bare",
      label: "effect-cano, bare build, short runs",
      operations: 400_000,
      load: async () => (await cano()).shortUnwatched
    },
    {
      name: "cano-intercepted",
      label: "effect-cano, intercepted by nobody",
      operations: 500_000,
      load: async () => (await intercepted()).byNobody
    },
    {
      name: "cano-passing",
      label: "effect-cano, an interceptor that passes each state on",
      operations: 500_000,
      load: async () => (await intercepted()).passing
    },
    {
      name: "cano-mapping",
      label: "effect-cano, an interceptor that maps each state",
      operations: 500_000,
      load: async () => (await intercepted()).mapping
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
    },
    {
      name: "cano-otel",
      label: "effect-cano, OpenTelemetry SDK",
      operations: 50_000,
      load: async () => (await cano()).withOtel
    },
    {
      name: "spans-otel",
      label: "`Effect.whileLoop` with `Effect.withSpan` a state, OpenTelemetry SDK",
      operations: 50_000,
      load: async () => (await import("../tracing/effect.ts")).withOtelSpans
    },
    {
      name: "cano-observed",
      label: "effect-cano, observer with an empty handler",
      operations: 100_000,
      load: async () => (await cano()).withObserver
    },
    {
      name: "cano-metered",
      label: "effect-cano, metrics",
      operations: 100_000,
      load: async () => (await cano()).withMetrics
    }
  ],
  comparisons: [
    ratio("cano", "cano-bare", { atMost: 1.02 }),
    ratio("cano", "cano-again"),
    ratio("cano-short", "cano-short-bare", { atMost: 1.02 }),
    ratio("cano-intercepted", "cano"),
    ratio("cano-passing", "cano-intercepted"),
    ratio("cano-mapping", "cano-intercepted"),
    ratio("cano-traced", "spans", { atMost: 1.1 }),
    ratio("cano-otel", "spans-otel", { atMost: 1.05 }),
    ratio("cano-observed", "cano", { atMost: 12 }),
    ratio("cano-metered", "cano", { atMost: 8 })
  ]
}
