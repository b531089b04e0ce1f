/**
 * Runs the import with OpenTelemetry's own SDK:
 *
 * `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 node scratchpad/src/observability/node-sdk.ts`
 */
// #region program
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http"
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { BatchLogRecordProcessor } from "@opentelemetry/sdk-logs"
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { main } from "./orders.ts"

// A short program should not wait 10 seconds for a collector that is not there.
const timeoutMillis = 2000

const layerSdk = NodeSdk.layer(() => ({
  resource: { serviceName: "orders", serviceVersion: "1.0.0" },
  spanProcessor: new BatchSpanProcessor(new OTLPTraceExporter({ timeoutMillis })),
  logRecordProcessor: new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ timeoutMillis }) }),
  metricReader: new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ timeoutMillis }) }),
  loggerMergeWithExisting: false // logs go to the collector only
}))

/** The same layer, but a failure of the last flush is a warning. By itself it would end the program as a defect. */
const layerTelemetry = Layer.effectContext(
  Effect.gen(function* () {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) =>
      Effect.catchCause(Scope.close(scope, exit), () => Console.warn("Not all telemetry was delivered."))
    )
    return yield* Layer.buildWithScope(layerSdk, scope)
  })
)

NodeRuntime.runMain(Effect.provide(main, layerTelemetry))
// #endregion
