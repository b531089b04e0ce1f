import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { type Collector, type Log, type Metric, type Span, recordOf, startCollector, valueOf } from "./collector.ts"

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program as a process of its own. One that has not ended after 20 seconds is killed, and has no exit code. */
const run = (program: string, endpoint: string) =>
  new Promise<Ended>((resolve) => {
    const main = fileURLToPath(new URL(`../src/observability/${program}.ts`, import.meta.url))
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_"))
    const env = { ...Object.fromEntries(others), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
    const child = spawn(process.execPath, [main], { env, timeout: 20_000 })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  })

// -----------------------------------------------------------------------------
// what is expected
// -----------------------------------------------------------------------------

/** What has to arrive; the guide shows it too. */
const expected = (name: string): ReadonlyArray<string> =>
  readFileSync(new URL(`../src/observability/${name}.txt`, import.meta.url), "utf8")
    .trim()
    .split(/\r?\n/)

const summary = "Paid\nRefused\nFailed\nCancelled\nPaid\n"

const statusOf = ({ status: { code, message } }: Span): string => (["unset", "ok", `error: ${message}`] as const)[code]

/** Not compared: what differs from run to run, and a metric's unit, which has a field of its own. */
const hidden = ["exception.stacktrace", "effect.fiberId", "spanId", "traceId", "unit"]

const inspect = (attributes: Readonly<Record<string, unknown>>): string =>
  Object.entries(attributes)
    .filter(([key]) => !hidden.includes(key))
    .map(([key, value]) => ` ${key}=${value}`)
    .sort()
    .join("")

/** One line a span: its name, its status, its attributes; under it its events with a `!`, and its children. */
const draw = (spans: ReadonlyArray<Span>, parent?: string, indent = ""): ReadonlyArray<string> =>
  spans
    .filter(({ parentSpanId }) => (parentSpanId || undefined) === parent)
    .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
    .flatMap((span) => [
      `${indent}${span.name} (${statusOf(span)})${inspect(recordOf(span.attributes))}`,
      ...span.events.map(({ name, attributes }) => `${indent}  ! ${name}${inspect(recordOf(attributes))}`),
      ...draw(spans, span.spanId, `${indent}  `)
    ])

// -----------------------------------------------------------------------------
// what arrived
// -----------------------------------------------------------------------------

const around = (spans: ReadonlyArray<Span>, id: string | undefined): ReadonlyArray<string> => {
  const span = spans.find(({ spanId }) => spanId === id)
  if (span === undefined) return []
  const instance = recordOf(span.attributes)["cano.instance.id"]
  const name = span.name === "instance" ? `instance ${instance}` : span.name
  return [name, ...around(spans, span.parentSpanId)]
}

const drawLog = (spans: ReadonlyArray<Span>, log: Log): ReadonlyArray<string> => [
  `${log.severityText}: ${valueOf(log.body)}${inspect(recordOf(log.attributes))}`,
  `  in ${around(spans, log.spanId).join(" < ")}`
]

const drawMetric = ({ gauge, histogram, name, sum, unit }: Metric): ReadonlyArray<string> =>
  (sum ?? gauge ?? histogram)!.dataPoints.map(
    ({ asDouble, asInt, attributes, count }) =>
      `${name} (${unit})${inspect(recordOf(attributes))}: ${asDouble ?? Number(asInt ?? count)}`
  )

const check = (collector: Collector): void => {
  const { bodies, logs, metrics, paths, resources, spans } = collector
  assert.deepStrictEqual(
    Array.from(paths).sort(),
    ["logs", "metrics", "traces"].map((signal) => `POST /v1/${signal} application/json`)
  )
  for (const resource of resources) {
    assert.strictEqual(resource["service.name"], "orders")
    assert.strictEqual(resource["service.version"], "1.0.0")
  }
  assert.deepStrictEqual(draw(spans), expected("spans"))
  assert.strictEqual(
    new Set(spans.map(({ spanId }) => spanId)).size,
    expected("spans").filter((line) => !/!/.test(line)).length
  )
  assert.strictEqual(new Set([...spans, ...logs].map(({ traceId }) => traceId)).size, 1)
  assert.deepStrictEqual(
    logs
      .toSorted((a, b) => Number(BigInt(a.timeUnixNano) - BigInt(b.timeUnixNano)))
      .flatMap((log) => drawLog(spans, log)),
    expected("logs")
  )
  assert.deepStrictEqual(Array.from(metrics.values()).flatMap(drawMetric).sort(), expected("metrics"))
  // what the states and the errors hold stays here
  for (const body of bodies) assert.notInclude(body, "card-")
}

/** What the programs say where nothing can be delivered. Effect's exporter says it at the level `Debug`. */
const warnings = { "node-sdk": "Not all telemetry was delivered.\n", otlp: "" }

describe("the import with OpenTelemetry", { timeout: 60_000 }, () => {
  for (const program of ["node-sdk", "otlp"] as const) {
    it.concurrent(`${program}: delivers its spans, logs and metrics before it ends`, async () => {
      await using collector = await startCollector()
      assert.deepStrictEqual(await run(program, collector.url), { code: 0, stdout: summary, stderr: "" })
      check(collector)
    })

    it.concurrent(`${program}: ends normally where the collector refuses`, async () => {
      await using collector = await startCollector(403)
      const ended = await run(program, collector.url)
      assert.deepStrictEqual(ended, { code: 0, stdout: summary, stderr: warnings[program] })
    })

    it.concurrent(`${program}: ends normally where no collector listens`, async () => {
      const collector = await startCollector()
      await collector[Symbol.asyncDispose]()
      const { code, stderr, stdout } = await run(program, collector.url)
      assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: summary })
      assert.include(["", warnings[program]], stderr)
    })
  }
})
