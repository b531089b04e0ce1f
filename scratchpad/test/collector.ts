/** A collector for tests: it accepts OTLP over HTTP with JSON and keeps what arrives. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Resource {
  readonly attributes: ReadonlyArray<KeyValue>
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly attributes: ReadonlyArray<KeyValue>
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: ReadonlyArray<KeyValue> }>
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string }
}

export interface Log {
  readonly traceId: string
  readonly spanId: string
  readonly timeUnixNano: string
  readonly severityText: string
  readonly body: KeyValue["value"]
  readonly attributes: ReadonlyArray<KeyValue>
}

interface DataPoint {
  readonly attributes: ReadonlyArray<KeyValue>
  readonly asDouble?: number
  readonly asInt?: number | string
  readonly count?: number | string
}

interface Points {
  readonly dataPoints: ReadonlyArray<DataPoint>
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: Points & { readonly isMonotonic: boolean }
  readonly gauge?: Points
  readonly histogram?: Points
}

interface Request {
  readonly resourceSpans?: ReadonlyArray<{
    readonly resource: Resource
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }>
  }>
  readonly resourceLogs?: ReadonlyArray<{
    readonly resource: Resource
    readonly scopeLogs: ReadonlyArray<{ readonly logRecords: ReadonlyArray<Log> }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly resource: Resource
    readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<Metric> }>
  }>
}

export interface Collector extends AsyncDisposable {
  readonly url: string
  readonly paths: Set<string>
  /** The requests as they came. */
  readonly bodies: Array<string>
  readonly resources: Array<Readonly<Record<string, unknown>>>
  readonly spans: Array<Span>
  readonly logs: Array<Log>
  /** The last state of each metric. */
  readonly metrics: Map<string, Metric>
}

export const valueOf = (value: KeyValue["value"]): unknown => Object.values(value)[0]

export const recordOf = (attributes: ReadonlyArray<KeyValue>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]))

/** Listens on a free port. `status` is its answer to every request. */
export const startCollector = async (status = 200): Promise<Collector> => {
  const kept = { paths: new Set<string>(), bodies: [], resources: [], spans: [], logs: [], metrics: new Map() } as Pick<
    Collector,
    "paths" | "bodies" | "resources" | "spans" | "logs" | "metrics"
  >
  const keep = (request: Request): void => {
    for (const { resource, scopeSpans } of request.resourceSpans ?? []) {
      kept.resources.push(recordOf(resource.attributes))
      kept.spans.push(...scopeSpans.flatMap(({ spans }) => spans))
    }
    for (const { resource, scopeLogs } of request.resourceLogs ?? []) {
      kept.resources.push(recordOf(resource.attributes))
      kept.logs.push(...scopeLogs.flatMap(({ logRecords }) => logRecords))
    }
    for (const { resource, scopeMetrics } of request.resourceMetrics ?? []) {
      kept.resources.push(recordOf(resource.attributes))
      for (const { metrics } of scopeMetrics) for (const metric of metrics) kept.metrics.set(metric.name, metric)
    }
  }
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      kept.paths.add(`${request.method} ${request.url} ${request.headers["content-type"]}`)
      const body = Buffer.concat(chunks).toString()
      kept.bodies.push(body)
      keep(JSON.parse(body) as Request)
      response.writeHead(status, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    ...kept,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
