import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { makeUnchecked } from "effect-cano-testing/Runs"
import * as Interpreter from "../../src/Interpreter.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { Letters, single } from "../support/single.ts"

const stackOf = (span: Tracer.NativeSpan | undefined): string => {
  const exit = span?.status._tag === "Ended" ? span.status.exit : undefined
  const reason: any = exit !== undefined && Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
  return (reason?.error ?? reason?.defect)?.stack ?? ""
}

describe("tracers of every kind", () => {
  const changes: Record<string, (span: Tracer.NativeSpan) => Tracer.NativeSpan> = {
    "cannot be written to": (span) =>
      new Proxy(span, {
        set: (target, key, value) => (key === "end" ? false : Reflect.set(target, key, value))
      }),
    "have an end that is read-only": (span) => Object.defineProperty(span, "end", { value: span.end, writable: false }),
    "are of a class with private fields": (span) => {
      class Private {
        readonly #span = span
        readonly _tag = "Span"
        readonly name = span.name
        readonly parent = span.parent
        readonly annotations = span.annotations
        readonly links = span.links
        readonly kind = span.kind
        readonly sampled = true
        get spanId() {
          return this.#span.spanId
        }
        get traceId() {
          return this.#span.traceId
        }
        get status() {
          return this.#span.status
        }
        get attributes() {
          return this.#span.attributes
        }
        get events() {
          return this.#span.events
        }
        attribute(key: string, value: unknown) {
          this.#span.attribute(key, value)
        }
        event(...args: Parameters<Tracer.NativeSpan["event"]>) {
          this.#span.event(...args)
        }
        addLinks() {}
        end(...args: Parameters<Tracer.NativeSpan["end"]>) {
          this.#span.end(...args)
        }
      }
      return new Private() as unknown as Tracer.NativeSpan
    }
  }
  for (const [name, change] of Object.entries(changes)) {
    it.effect(`spans that ${name} end, without payloads, and the run goes on`, () =>
      Effect.gen(function* () {
        const { record, spans } = recorder(change)
        const error = new Error("s3cr3t")
        const exit = yield* Effect.exit(record(Workflow.run(single(() => Effect.fail(error)))))
        assert.isTrue(Exit.isFailure(exit) && Cause.findErrorOption(exit.cause).pipe((o: any) => o.value === error))
        assert.strictEqual(spans.length, 2)
        for (const span of spans) {
          assert.strictEqual(span.status._tag, "Ended")
          assert.strictEqual(span.attributes.get("error.type"), "Error")
          assert.notInclude(stackOf(span), "s3cr3t")
        }
      })
    )
  }

  it.effect("one span for everything is no trouble for 20,000 transitions", () =>
    Effect.gen(function* () {
      let shared: Tracer.Span | undefined
      const tracer = Tracer.make({ span: (options) => (shared ??= new Tracer.NativeSpan(options)) })
      let left = 20_000
      const ring = makeUnchecked("ring", Letters, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["A", "Done"], run: Effect.sync(() => (left-- > 0 ? "A" : "Done")) } }
      })
      assert.strictEqual(yield* Effect.withTracer(Workflow.run(ring), tracer), "Done")
    })
  )
})

describe("the span of a run, as Effect would make it", () => {
  const parent = (options: { readonly sampled?: boolean; readonly isHidden?: boolean }) =>
    Tracer.externalSpan({
      spanId: "s",
      traceId: "t",
      sampled: options.sampled,
      annotations: Context.make(Tracer.DisablePropagation, options.isHidden ?? false)
    })
  const around: Record<string, <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>> = {
    "without anything": (effect) => effect,
    "in a span": Effect.withParentSpan(parent({})),
    "in a span that is not sampled": Effect.withParentSpan(parent({ sampled: false })),
    "in a span that has no children": Effect.withParentSpan(parent({ isHidden: true })),
    "in a span without children inside of another": (effect) =>
      Effect.withParentSpan(
        Effect.withSpan(effect, "inner", { annotations: Context.make(Tracer.DisablePropagation, true) }),
        parent({})
      ),
    "with links": Effect.linkSpans(parent({}), { kind: "cause" }),
    "with attributes of the context": Effect.annotateSpans({ team: "billing", "cano.workflow.name": "other" }),
    "below the least level": Effect.provideService(Tracer.MinimumTraceLevel, "Error"),
    "at the least level": (effect) =>
      effect.pipe(
        Effect.provideService(Tracer.MinimumTraceLevel, "Error"),
        Effect.provideService(Tracer.CurrentTraceLevel, "Error")
      ),
    "without times": Effect.withTracerTiming(false)
  }
  for (const [name, provide] of Object.entries(around)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { record, spans } = recorder()
        const attributes = { "cano.workflow.name": "w" }
        yield* TestClock.adjust("1 minute")
        yield* record(provide(Workflow.run(single(() => "Done"))))
        yield* record(provide(Effect.useSpan("run w", { attributes }, () => Effect.void)))
        const [ours, expected] = spans.filter((span) => span.name === "run w")
        for (const field of ["parent", "annotations", "links", "kind", "sampled"] as const) {
          assert.deepStrictEqual(ours![field], expected![field], field)
        }
        for (const [key, value] of expected!.attributes) assert.strictEqual(ours!.attributes.get(key), value, key)
        assert.deepStrictEqual(timesOf(ours!), timesOf(expected!))
      })
    )
  }

  it.effect("where an interceptor disables tracing, the span around stays as it is", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const silent: Interpreter.Interceptor = { run: (_run, inner) => Effect.withTracerEnabled(inner, false) }
      const workflow = single(Effect.as(Effect.annotateCurrentSpan("hidden", true), "Done"))
      yield* record(Interpreter.run(workflow, { interceptors: [silent] }))
      assert.deepStrictEqual(
        spans.map((span) => [span.name, span.attributes.has("hidden")]),
        [["run w", false]]
      )
    })
  )
})

const timesOf = ({ status }: Tracer.NativeSpan) =>
  status._tag === "Ended" ? [status.startTime, status.endTime] : assert.fail("the span has not ended")

describe("the stack of an error", () => {
  it.effect("keeps its frames, with the place where the error was made", () =>
    Effect.gen(function* () {
      class Declined extends Data.TaggedError("Declined")<{ readonly card: string }> {}
      for (const make of [() => new Error("no\nway"), () => new Error(), () => new Declined({ card: "4111" })]) {
        const { record, spans } = recorder()
        yield* Effect.exit(record(Workflow.run(single(() => Effect.fail(make())))))
        assert.match(stackOf(spans[1]), /\n\s+at .*tracers\.test\.ts:\d+:\d+/)
      }
    })
  )

  const changed: Record<string, (error: Error) => unknown> = {
    "a message that was lengthened": (error) => (error.message = `failed: ${error.message}`),
    "a message that was emptied": (error) => (error.message = ""),
    "a message that is no text": (error) => Object.assign(error, { message: { text: 1 } }),
    "a message that is null": (error) => Object.assign(error, { message: null }),
    "a cause that was appended to the stack": (error) =>
      (error.stack = `${error.stack}\nCaused by: Error: x\n    at s3cr3t (s3cr3t:1:1)`)
  }
  for (const [name, change] of Object.entries(changed)) {
    it.effect(`does not tell ${name}`, () =>
      Effect.gen(function* () {
        const { record, spans } = recorder()
        const error = new Error(name.includes("appended") ? "x" : "card s3cr3t\n    at s3cr3t (s3cr3t:1:1)")
        assert.isString(error.stack)
        change(error)
        yield* Effect.exit(record(Workflow.run(single(() => Effect.fail(error)))))
        assert.notInclude(stackOf(spans[1]), "s3cr3t")
      })
    )
  }
})
