/**
 * Runs the import with Effect's own exporter:
 *
 * `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 node scratchpad/src/observability/otlp.ts`
 */
// #region program
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Otlp from "effect/observability/Otlp"
import { main } from "./orders.ts"

const endpoint = Config.String("OTEL_EXPORTER_OTLP_ENDPOINT").pipe(Config.withDefault("http://localhost:4318"))

const layerTelemetry = Layer.unwrap(
  Effect.map(endpoint, (baseUrl) =>
    Otlp.layerJson({
      baseUrl,
      resource: { serviceName: "orders", serviceVersion: "1.0.0" },
      loggerMergeWithExisting: false // logs go to the collector only
    })
  )
).pipe(Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(main, layerTelemetry))
// #endregion
