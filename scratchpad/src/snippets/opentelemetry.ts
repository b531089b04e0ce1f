/** The short pieces of code in docs/opentelemetry.md; they are compiled, not run. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace-base"
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as OtlpExporter from "effect/observability/OtlpExporter"

// #region ratio
export const layerSampled = NodeSdk.layer(() => ({
  resource: { serviceName: "orders" },
  tracerConfig: { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }) },
  spanProcessor: new BatchSpanProcessor(new OTLPTraceExporter(), { maxQueueSize: 20_000 })
}))
// #endregion

// #region sampled
/** Traces one run in ten. The others make no span. */
export const sampled = <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Random.next, (random) => (random < 0.1 ? run : Effect.withTracerEnabled(run, false)))
// #endregion

// #region flush
export const handler = <A, E, R>(request: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const flusher = yield* OtlpExporter.Flusher
    return yield* Effect.ensuring(request, Effect.timeoutOption(flusher.flush, "2 seconds"))
  })
// #endregion
