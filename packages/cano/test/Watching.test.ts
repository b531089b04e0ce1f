/** Watching a run changes nothing but what is told of it, whatever the run handles and whoever watches. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as Metrics from "../src/Metrics.ts"
import * as Observer from "../src/Observer.ts"
import * as Retry from "../src/Retry.ts"
import * as Scheduler from "../src/Scheduler.ts"
import * as Task from "../src/Task.ts"
import * as Trigger from "../src/Trigger.ts"
import * as Workflow from "../src/Workflow.ts"
import { inVirtualTime, makeUnchecked } from "./support.ts"

const Letters = Schema.Literals(["A", "B", "Done", "Failed"])

const single = (run: unknown, more: object = {}) =>
  makeUnchecked("w", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: { A: { to: ["Done", "Failed"], run, ...more } }
  })

const recorder = (change: (span: Tracer.NativeSpan) => Tracer.NativeSpan = (span) => span) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = change(new Tracer.NativeSpan(options))
      spans.push(span)
      return span
    }
  })
  return { spans, record: Effect.withTracer(tracer) }
}

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

describe("the stack of an error", () => {
  it.effect("keeps its frames, with the place where the error was made", () =>
    Effect.gen(function* () {
      class Declined extends Data.TaggedError("Declined")<{ readonly card: string }> {}
      for (const make of [() => new Error("no\nway"), () => new Error(), () => new Declined({ card: "4111" })]) {
        const { record, spans } = recorder()
        yield* Effect.exit(record(Workflow.run(single(() => Effect.fail(make())))))
        assert.match(stackOf(spans[1]), /\n\s+at .*Watching\.test\.ts:\d+:\d+/)
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

describe("a watched run does what a bare one does", () => {
  const watchers: Record<string, <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>> = {
    nobody: (effect) => effect,
    "a tracer": (effect) => recorder().record(effect),
    "an observer": (effect) => Effect.flatten(Effect.map(Observer.record(effect), ({ exit }) => exit)),
    metrics: (effect) => Effect.provide(effect, Metrics.layer())
  }
  for (const [name, watch] of Object.entries(watchers)) {
    it.effect(`nothing is asked of a retry policy before the first failure, with ${name}`, () =>
      Effect.gen(function* () {
        for (const failures of [0, 1]) {
          const told: Array<string> = []
          let left = failures
          const policy = Schedule.fromStep(
            Effect.sync(() => {
              told.push("made")
              return () => Effect.succeed([undefined, Duration.zero] as [undefined, Duration.Duration])
            })
          )
          const run = Effect.suspend(() => {
            told.push("try")
            return left-- > 0 ? Effect.fail("no") : Effect.succeed("Done")
          })
          yield* inVirtualTime(watch(Workflow.run(single(Task.make({ retry: policy, run })))))
          assert.deepStrictEqual(told, failures === 0 ? ["try"] : ["try", "made", "try"])
        }
      })
    )

    it.effect(`a state that looks like a generator is a state, with ${name}`, () =>
      Effect.gen(function* () {
        const odd = { _tag: "Done", next: () => {}, [Symbol.iterator]: () => {} }
        const Odd = Schema.Union([Schema.TaggedStruct("A", {}), Schema.TaggedStruct("Done", {})])
        const workflow = makeUnchecked("w", Odd, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["Done"], run: () => odd } }
        })
        assert.strictEqual(yield* watch(Workflow.run(workflow)), odd)
      })
    )
  }

  it.effect("a metric that cannot be kept does not end the run", () =>
    Effect.gen(function* () {
      const attributes = {
        get broken(): string {
          throw new Error("broken")
        }
      }
      const run = Effect.provide(Workflow.run(single(Effect.succeed("Done"))), Metrics.layer())
      assert.strictEqual(yield* Effect.provideService(run, Metric.CurrentMetricAttributes, attributes), "Done")
    })
  )

  it.effect("a job's value or error that cannot be read ends neither the process nor the wait for it", () =>
    Effect.gen(function* () {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      const lazy = {
        get status(): never {
          throw new Error("lazy")
        }
      }
      const exits = yield* inVirtualTime(
        Effect.gen(function* () {
          const scheduler = yield* Scheduler.make()
          const value = yield* scheduler.add("value", Trigger.manual, Effect.as(Effect.sleep(10), lazy))
          const error = yield* scheduler.add("error", Trigger.manual, Effect.delay(Effect.fail(proxy), 10))
          yield* scheduler.start
          const first = yield* Effect.flatMap(scheduler.trigger(value), (run) => run.await)
          const second = yield* Effect.flatMap(scheduler.trigger(error), (run) => run.await)
          return [first._tag, second._tag]
        }).pipe(Effect.scoped)
      )
      assert.deepStrictEqual(exits, Exit.succeed(["Success", "Failure"]))
    })
  )
})

describe("what is told adds up", () => {
  it.effect("a run that is interrupted after any number of steps has ended if it has started, and its spans too", () =>
    Effect.gen(function* () {
      let left = 1
      const flaky = Effect.suspend(() => (left-- > 0 ? Effect.fail({ _tag: "No" }) : Effect.succeed("Failed")))
      const outer = makeUnchecked("outer", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: {
            to: ["Done", "Failed"],
            run: Workflow.asTask(single(flaky, { catch: { No: "Failed" } }), (exit) => exit)
          }
        }
      })
      let finished = false
      for (let steps = 0; !finished; steps++) {
        left = 1
        const { record, spans } = recorder()
        let recording: Observer.Recording<unknown, unknown> | undefined
        const recorded = Effect.map(Observer.record(record(Workflow.run(outer))), (done) => (recording = done))
        const fiber = yield* Effect.forkChild(Effect.provideService(recorded, MaxOpsBeforeYield, 3))
        for (let i = 0; i < steps; i++) yield* Effect.yieldNow
        finished = fiber.pollUnsafe() !== undefined
        yield* Fiber.interrupt(fiber)
        assert.isTrue(
          spans.every((span) => span.status._tag === "Ended"),
          `after ${steps} steps`
        )
        if (recording !== undefined) assert.strictEqual(recording.events.at(-1)?._tag, "RunEnded")
        if (steps > 1000) return assert.fail("it never ends")
      }
    })
  )

  it.effect(
    "metrics: attempts that were interrupted in a delay, undeclared, or caught, and durations of every outcome",
    () =>
      Effect.gen(function* () {
        const counts = (effect: Effect.Effect<unknown, unknown>) =>
          Effect.gen(function* () {
            yield* inVirtualTime(Effect.provide(effect, Metrics.layer()))
            const ours = yield* Metric.snapshot
            return Object.fromEntries(
              ours.flatMap((metric) => {
                const { "cano.attempt.outcome": attempt, "cano.run.outcome": run } = metric.attributes ?? {}
                if (metric.id === "cano.workflow.attempts") return [[`attempt ${attempt}`, (metric.state as any).count]]
                return metric.id === "cano.workflow.run.duration"
                  ? [[`seconds of ${run}`, (metric.state as any).sum]]
                  : []
              })
            )
          }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
        const inDelay = Workflow.run(single(Task.make({ retry: Retry.fixed(1, "1 hour"), run: Effect.fail("no") })))
        assert.deepStrictEqual(yield* counts(Effect.timeoutOption(inDelay, "1 second")), {
          "attempt failure": 1,
          "seconds of interrupted": 1
        })
        assert.deepStrictEqual(yield* counts(Workflow.run(single(Effect.delay(Effect.succeed("B"), "2 seconds")))), {
          "attempt defect": 1,
          "seconds of defect": 2
        })
        const caught = single(() => Effect.fail({ _tag: "No" }), { catch: { No: "Failed" } })
        assert.deepStrictEqual(yield* counts(Workflow.run(caught)), { "attempt failure": 1, "seconds of success": 0 })
        const nowhere = single(() => Effect.fail({ _tag: "No" }), { catch: { No: () => "B" } })
        assert.deepStrictEqual(yield* counts(Workflow.run(nowhere)), { "attempt failure": 1, "seconds of defect": 0 })
      })
  )

  it.effect("events: the time in each state, the branch that is no instance, and a parent of the same observer", () =>
    Effect.gen(function* () {
      const slow = makeUnchecked("slow", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: Effect.as(Effect.sleep(30), "B") },
          B: { to: ["Done"], run: Effect.as(Effect.sleep(7), "Done") }
        }
      })
      const inner = Effect.flatMap(Observer.record(Workflow.run(slow)), ({ events }) => Effect.succeed(events))
      let innerEvents: ReadonlyArray<Observer.WorkflowEvent> = []
      const outer = single(Effect.map(inner, (events) => ((innerEvents = events), "Done")))
      const forked = single(Task.fork({ branches: { only: Workflow.run(slow) }, join: () => "Done" }))
      const exit = yield* inVirtualTime(
        Observer.record(Effect.all([Workflow.run(slow), Workflow.run(outer), Workflow.run(forked)]))
      )
      if (Exit.isFailure(exit)) return assert.fail("recording failed")
      const times = exit.value.events.flatMap((event) =>
        event._tag === "StateLeft" && event.run === "1" ? [Duration.toMillis(event.duration)] : []
      )
      assert.deepStrictEqual(times, [30, 7])
      const starts = [...exit.value.events, ...innerEvents].filter((event) => event._tag === "RunStarted")
      assert.deepStrictEqual(
        starts.map(({ instance, parent, run, workflow }) => [workflow, run, parent, instance]),
        [
          ["slow", "1", undefined, undefined],
          ["w", "2", undefined, undefined],
          ["w", "3", undefined, undefined],
          ["slow", "4", "3", undefined],
          ["slow", "1", undefined, undefined]
        ]
      )
    })
  )

  it.effect("spans: a branch tells which attempt was the last, and attributes of withSpan win", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const branch = Task.make({ retry: Retry.fixed(2, 1), run: Effect.fail("no") })
      const workflow = single(Task.fork({ branches: { branch }, join: () => "Done" }))
      yield* inVirtualTime(
        record(Workflow.run(Workflow.withSpan(workflow, "mine", { attributes: { "cano.workflow.name": "x" } })))
      )
      assert.strictEqual(spans[0]?.attributes.get("cano.workflow.name"), "x")
      assert.deepStrictEqual(
        spans.find(({ name }) => name === "branch")?.events.map(([name, , given]) => [name, given["cano.attempt"]]),
        [
          ["retry", 1],
          ["retry", 2],
          ["failure", 3]
        ]
      )
    })
  )

  it.effect("logs: annotations of the user survive, whatever their names are", () =>
    Effect.gen(function* () {
      const seen: Array<object> = []
      const logs = Logger.layer([
        Logger.make(({ fiber }) => seen.push({ ...fiber.getRef(References.CurrentLogAnnotations) }))
      ])
      const mine = { constructor: "x", toString: "y", tenant: "acme" }
      const run = Workflow.run(single(Effect.as(Effect.log("here"), "Done")))
      yield* Effect.provide(Effect.annotateLogs(run, mine), logs)
      assert.deepStrictEqual(seen, [
        { ...mine, "cano.workflow.name": "w", "cano.state.name": "A", "cano.attempt": 1 }
      ] as any)
    })
  )
})

describe("readers of an observer", () => {
  it.effect("never find a Lost where nothing was lost, however the fibers take turns", () =>
    Effect.gen(function* () {
      for (let ops = 3; ops < 8; ops++) {
        const lost: Array<number> = []
        yield* Effect.gen(function* () {
          const observer = yield* Observer.make()
          const runs = Effect.replicateEffect(
            Effect.provideService(Workflow.run(single(Effect.succeed("Done"))), Observer.Observer, observer),
            20
          )
          const read = Stream.runForEach(observer.events, (event) =>
            Effect.sync(() => event._tag === "Lost" && lost.push(event.count))
          )
          const fibers = yield* Effect.forEach(Array.from({ length: 10 }), (_, i) =>
            Effect.forkScoped(Effect.andThen(Effect.repeat(Effect.yieldNow, { times: i * 7 }), read))
          )
          yield* runs
          assert.strictEqual(fibers.length, 10)
        }).pipe(Effect.scoped, Effect.provideService(MaxOpsBeforeYield, ops))
        assert.deepStrictEqual(lost, [], `${ops} operations before a yield`)
      }
    })
  )

  it.effect("come to an end when it is closed, also those that come later", () =>
    Effect.gen(function* () {
      const { events } = yield* Effect.scoped(Observer.make())
      assert.deepStrictEqual(yield* Stream.runCollect(events), [])
    })
  )

  it.effect("hold up the end of a layer no longer than it says, even if they cannot be interrupted", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logs = Logger.layer([Logger.make(({ message }) => logged.push(String(message)))])
      const stuck = Observer.layer(() => Effect.uninterruptible(Effect.never), { shutdownTimeout: 100 })
      const run = Effect.provide(Effect.provide(Workflow.run(single(Effect.as(Effect.sleep(1), "Done"))), stuck), logs)
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed("Done"))
      assert.deepStrictEqual(logged, ["An observer was closed before its handler had read all events"])
    })
  )
})
