import { assert, describe, it, vi } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as Metrics from "../src/Metrics.ts"
import * as Node from "../src/Node.ts"
import * as Observer from "../src/Observer.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"
import { defectsOf, errorOf, inVirtualTime, makeUnchecked, placeOf } from "./support.ts"

class Flaky extends Data.TaggedError("Flaky")<{ readonly detail: string }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

/** A tracer that remembers its spans, in the order in which they were started. */
const recorder = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const record = Effect.withTracer(tracer)
  return { spans, record }
}

/** One line a span, indented by depth, children after their parent. */
const treeOf = (spans: ReadonlyArray<Tracer.NativeSpan>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const visit = (parent: string | undefined, indent: string) => {
    for (const span of spans) {
      const own = Option.getOrUndefined(span.parent)
      if (own?.spanId !== parent) continue
      lines.push(indent + span.name)
      visit(span.spanId, indent + "  ")
    }
  }
  visit(undefined, "")
  return lines
}

const attributesOf = (spans: ReadonlyArray<Tracer.NativeSpan>, name: string) =>
  spans.filter((span) => span.name === name).map((span) => Object.fromEntries(span.attributes))

const exitOf = (span: Tracer.NativeSpan | undefined) =>
  span?.status._tag === "Ended" ? span.status.exit : assert.fail("the span has not ended")

/** Fails so often, then gives "C". */
const flaky = (failures: number) => {
  let left = failures
  return Effect.suspend(() => (left-- > 0 ? Effect.fail(new Flaky({ detail: "d" })) : Effect.succeed("C" as const)))
}

const order = (failures: number) =>
  Workflow.make("order", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: { to: ["C"], run: Task.make({ name: "fetch", retry: Retry.fixed(2, "3 seconds"), run: flaky(failures) }) },
      C: { to: ["Done", "Failed"], run: Node.make({ prep: () => 1, exec: () => 2, post: () => "Done" }) }
    }
  })

describe("with a tracer", () => {
  it.effect("a run, its states, its attempts and its node phases have spans", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* inVirtualTime(record(Workflow.run(order(2))))
      assert.deepStrictEqual(treeOf(spans), [
        "run order",
        "  state A",
        "  state B",
        "    attempt",
        "    attempt",
        "    attempt",
        "  state C",
        "    node.prep",
        "    node.exec",
        "    node.post"
      ])
    })
  )

  it.effect("a node that retries has its phases inside its attempts", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      let left = 1
      const workflow = Workflow.make("w", Schema.Literals(["C", "Done"]), {
        initial: "C",
        exits: ["Done"],
        states: {
          C: {
            to: ["Done"],
            run: Node.make({
              retry: Retry.fixed(1, 0),
              prep: () => 1,
              exec: () => (left-- > 0 ? Effect.fail("again") : Effect.succeed(1)),
              post: () => "Done"
            })
          }
        }
      })
      yield* inVirtualTime(record(Workflow.run(workflow)))
      assert.deepStrictEqual(treeOf(spans), [
        "run w",
        "  state C",
        "    attempt",
        "      node.prep",
        "      node.exec",
        "    attempt",
        "      node.prep",
        "      node.exec",
        "      node.post"
      ])
      assert.isTrue(Exit.isFailure(exitOf(spans.find((span) => span.name === "attempt"))))
    })
  )

  it.effect("the attributes are the documented ones, and no more", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* inVirtualTime(record(Workflow.run(order(1))))
      const workflow = { "cano.workflow.name": "order" }
      assert.deepStrictEqual(attributesOf(spans, "run order"), [
        { ...workflow, "cano.run.outcome": "success", "cano.run.transitions": 3, "cano.state.name": "Done" }
      ])
      assert.deepStrictEqual(attributesOf(spans, "state A"), [
        { ...workflow, "cano.state.name": "A", "cano.state.next": "B" }
      ])
      assert.deepStrictEqual(attributesOf(spans, "state B"), [
        { ...workflow, "cano.state.name": "B", "cano.state.next": "C", "cano.task.name": "fetch" }
      ])
      assert.deepStrictEqual(attributesOf(spans, "attempt"), [
        { "cano.attempt": 1, "error.type": "Flaky" },
        { "cano.attempt": 2 }
      ])
      for (const phase of ["node.prep", "node.exec", "node.post"])
        assert.deepStrictEqual(attributesOf(spans, phase), [{}])
    })
  )

  it.effect("a run has an id only where an observer numbers runs, not where metrics are kept", () =>
    Effect.gen(function* () {
      const { spans, record } = recorder()
      const logged: Array<Readonly<Record<string, unknown>>> = []
      const logger = Logger.make(({ fiber }) => void logged.push(fiber.getRef(References.CurrentLogAnnotations)))
      const workflow = makeUnchecked("ids", Letters, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["Done"], run: Effect.as(Effect.log("here"), "Done") } }
      })
      const run = record(Workflow.run(workflow)).pipe(Effect.provide(Logger.layer([logger])))
      yield* Effect.provide(run, Metrics.layer())
      yield* Effect.provide(run, [Metrics.layer(), Observer.layer(() => Effect.void)])
      const ids = [...attributesOf(spans, "run ids"), ...logged].map((attributes) => attributes["cano.run.id"])
      assert.deepStrictEqual(ids, [undefined, "1", undefined, "1"])
    })
  )

  it.effect("each retry is an event of the state's span, with the failed attempt, the delay and the time", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* inVirtualTime(record(Workflow.run(order(9))))
      const state = spans.find((span) => span.name === "state B")!
      const started = state.startTime
      assert.deepStrictEqual(
        state.events.map(([name, time, attributes]) => [name, Number(time - started) / 1e6, attributes]),
        [
          ["retry", 0, { "cano.attempt": 1, "error.type": "Flaky", "cano.retry.delay_ms": 3000 }],
          ["retry", 3000, { "cano.attempt": 2, "error.type": "Flaky", "cano.retry.delay_ms": 3000 }],
          ["failure", 6000, { "cano.attempt": 3, "error.type": "Flaky" }]
        ]
      )
      assert.deepStrictEqual(
        spans.filter((span) => span !== state).flatMap((span) => span.events),
        []
      )
    })
  )

  it.effect("the delay in the event is the delay that was waited, jitter included", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const workflow = makeUnchecked("w", Letters, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["Done"], run: Task.make({ retry: Retry.exponential(4), run: Effect.fail("no") }) } }
      })
      yield* inVirtualTime(record(Workflow.run(workflow)))
      const waited = spans
        .find((span) => span.name === "state A")!
        .events.filter(([name]) => name === "retry")
        .map((event) => event[2]["cano.retry.delay_ms"])
      const starts = spans.filter((span) => span.name === "attempt").map((span) => Number(span.startTime) / 1e6)
      assert.strictEqual(waited.length, 4)
      waited.forEach((delay, i) => assert.approximately(Number(delay), starts[i + 1]! - starts[i]!, 0.001))
    })
  )

  it.effect("a failure ends the spans around it with its kind, and nothing else of it", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const exit = yield* inVirtualTime(record(Workflow.run(order(9))))
      assert.deepStrictEqual(treeOf(spans), [
        "run order",
        "  state A",
        "  state B",
        "    attempt",
        "    attempt",
        "    attempt"
      ])
      for (const name of ["run order", "state B"]) {
        const error: any = errorOf(exitOf(spans.find((span) => span.name === name)))
        assert.deepStrictEqual([error.name, error.message, Object.keys(error)], ["Flaky", "Flaky", ["name"]])
      }
      assert.deepStrictEqual(attributesOf(spans, "run order"), [
        {
          "cano.workflow.name": "order",
          "cano.run.outcome": "failure",
          "cano.run.transitions": 1,
          "cano.state.name": "B",
          "error.type": "Flaky"
        }
      ])
      assert.deepStrictEqual(attributesOf(spans, "state B"), [
        {
          "cano.workflow.name": "order",
          "cano.state.name": "B",
          "cano.task.name": "fetch",
          "error.type": "Flaky"
        }
      ])
      assert.deepStrictEqual(placeOf(exit), { workflow: "order", state: "B", transitions: 1, attempt: 3 })
    })
  )

  it.effect("an error edge is a transition of the state's span, which has the failure as an event", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const workflow = Workflow.make("w", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B"], run: Effect.fail(new Flaky({ detail: "d" })), catch: { Flaky: "B" } },
          B: { to: ["C"], run: () => "C" },
          C: { to: ["Done", "Failed"], run: () => "Done" }
        }
      })
      assert.strictEqual(yield* record(Workflow.run(workflow)), "Done")
      assert.deepStrictEqual(treeOf(spans), ["run w", "  state A", "  state B", "  state C"])
      assert.deepStrictEqual(attributesOf(spans, "state A"), [
        { "cano.workflow.name": "w", "cano.state.name": "A", "cano.state.next": "B", "cano.state.caught": "Flaky" }
      ])
      assert.deepStrictEqual(
        spans[1]!.events.map(([name, , attributes]) => [name, attributes]),
        [["failure", { "cano.attempt": 1, "error.type": "Flaky" }]]
      )
      assert.isTrue(spans.every((span) => Exit.isSuccess(exitOf(span))))
    })
  )

  const outcomes: Record<string, [run: Effect.Effect<"Done", Flaky>, outcome: string]> = {
    success: [Effect.succeed("Done"), "success"],
    "a failure": [Effect.fail(new Flaky({ detail: "" })), "failure"],
    "a defect": [Effect.die("boom"), "defect"],
    "an interruption": [Effect.interrupt, "interrupted"]
  }
  for (const [name, [run, outcome]] of Object.entries(outcomes)) {
    it.effect(`the outcome of ${name} is "${outcome}"`, () =>
      Effect.gen(function* () {
        const { record, spans } = recorder()
        const workflow = Workflow.make("w", Schema.Literals(["A", "Done"]), {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["Done"], run } }
        })
        yield* Effect.exit(record(Workflow.run(workflow)))
        assert.strictEqual(spans[0]?.attributes.get("cano.run.outcome"), outcome)
      })
    )
  }

  const hostile = {
    "a proxy whose traps throw": new Proxy(
      {},
      {
        get: () => {
          throw new Error("get")
        },
        has: () => {
          throw new Error("has")
        },
        getPrototypeOf: () => {
          throw new Error("prototype")
        }
      }
    ),
    "getters that throw": Object.defineProperties(new Error(), {
      _tag: {
        get: () => {
          throw new Error("tag")
        }
      },
      stack: {
        get: () => {
          throw new Error("stack")
        }
      }
    }),
    "an object without a prototype": Object.create(null),
    "an error without a constructor": Object.assign(new Error(), { constructor: undefined }),
    "a tag that is no text": { _tag: Symbol("tag") },
    "a tag of a megabyte": { _tag: "x".repeat(1_000_000) },
    "a frozen error": Object.freeze(new Error("x")),
    nothing: undefined
  }
  for (const [name, error] of Object.entries(hostile)) {
    for (const kind of ["fail", "die"] as const) {
      it.effect(`watching does not change a run that ${kind}s with ${name}`, () =>
        Effect.gen(function* () {
          const { record, spans } = recorder()
          const workflow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: { A: { to: ["Done"], run: () => Effect[kind](error) } }
          })
          const exit = yield* Effect.exit(record(Observer.record(Workflow.run(workflow))))
          if (Exit.isFailure(exit)) return assert.fail("recording failed")
          const reasons = Exit.isFailure(exit.value.exit) ? exit.value.exit.cause.reasons : []
          const [reason] = reasons as ReadonlyArray<any>
          assert.isTrue((kind === "fail" ? reason.error : reason.defect) === error)
          assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
          assert.isAtMost(String(spans[0]!.attributes.get("error.type")).length, 256)
        })
      )
    }
  }

  it.effect("a run interrupted from outside ends all its spans", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const fiber = yield* Effect.forkChild(record(Workflow.run(order(9))))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(treeOf(spans), ["run order", "  state A", "  state B", "    attempt"])
      assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
      assert.strictEqual(spans[0]?.attributes.get("cano.run.outcome"), "interrupted")
    })
  )

  it.effect("the parent of the run is the caller's span; a nested run is inside its state", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const nesting = makeUnchecked("parent", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: { A: { to: ["Done", "Failed"], run: Workflow.asTask(order(0), (exit) => exit) } }
      })
      yield* record(Effect.withSpan(Workflow.run(nesting), "caller"))
      assert.deepStrictEqual(treeOf(spans), [
        "caller",
        "  run parent",
        "    state A",
        "      run order",
        "        state A",
        "        state B",
        "          attempt",
        "        state C",
        "          node.prep",
        "          node.exec",
        "          node.post"
      ])
      assert.deepStrictEqual(attributesOf(spans, "state A")[0]?.["cano.task.name"], "order")
    })
  )

  it.effect("user spans inside a task are inside its innermost span", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const inner = Effect.withSpan(Effect.succeed("Done"), "mine")
      const workflow = makeUnchecked("w", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: Effect.withSpan(Effect.succeed("B"), "mine") },
          B: { to: ["Done"], run: Task.make({ retry: Retry.none, run: inner }) }
        }
      })
      yield* record(Workflow.run(workflow))
      assert.deepStrictEqual(treeOf(spans), [
        "run w",
        "  state A",
        "    mine",
        "  state B",
        "    attempt",
        "      mine"
      ])
    })
  )

  it.effect("withSpan names the run's span and adds attributes; the last one counts", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const attributes = { tenant: "t1", "cano.workflow.name": "mine" }
      yield* record(Workflow.run(Workflow.withSpan(order(0), "import", { attributes })))
      yield* record(Workflow.run(order(0).pipe(Workflow.withSpan("first"), Workflow.withSpan("second"))))
      const run = spans.filter((span) => Option.isNone(span.parent))
      assert.deepStrictEqual(
        run.map((span) => span.name),
        ["import", "second"]
      )
      assert.include(Object.fromEntries(run[0]!.attributes), { tenant: "t1", "cano.run.outcome": "success" })
      assert.isFalse(run[1]!.attributes.has("tenant"))
    })
  )

  it.effect("step has the state's span, under the caller's", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* record(Effect.withSpan(Workflow.step(order(0), "A"), "caller"))
      assert.deepStrictEqual(treeOf(spans), ["caller", "  state A"])
    })
  )

  it.effect("20 interleaved runs have their own parents", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const Path = Schema.TaggedUnion({ Walk: { id: Schema.Number, left: Schema.Number }, End: {} })
      const walk = Workflow.make("walk", Path, {
        initial: "Walk",
        exits: ["End"],
        states: {
          Walk: {
            to: ["Walk", "End"],
            run: Task.make({
              retry: Retry.fixed(1, "10 millis"),
              run: function* ({ id, left }: { readonly id: number; readonly left: number }) {
                yield* Effect.annotateCurrentSpan("id", id)
                yield* Effect.sleep(1 + ((id * 13 + left * 7) % 11))
                return left === 0 ? { _tag: "End" } : { _tag: "Walk", id, left: left - 1 }
              }
            })
          }
        }
      })
      yield* inVirtualTime(
        record(
          Effect.forEach(
            Array.from({ length: 20 }, (_, id) => id),
            (id) => Workflow.run(Workflow.withSpan(walk, `run ${id}`), { _tag: "Walk", id, left: 4 }),
            { concurrency: "unbounded" }
          )
        )
      )
      assert.strictEqual(spans.length, 20 * 11)
      const byId = new Map(spans.map((span) => [span.spanId, span]))
      const parentOf = (span: Tracer.AnySpan) => byId.get(Option.getOrThrow((span as Tracer.Span).parent).spanId)!
      for (const span of spans.filter((span) => span.name === "attempt")) {
        assert.strictEqual(parentOf(parentOf(span)).name, `run ${span.attributes.get("id")}`)
      }
    })
  )

  for (const next of [null, undefined, "secret", { _tag: "secret" }, "C"]) {
    it.effect(
      `a task that gives ${JSON.stringify(next)} past the types is the same defect as without, and unseen`,
      () =>
        Effect.gen(function* () {
          const { record, spans } = recorder()
          const workflow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: {
              A: { to: ["B"], run: Effect.sync(() => next) },
              B: { to: ["C"], run: () => "C" },
              C: { to: ["Done"], run: () => "Done" }
            }
          })
          const traced = yield* Effect.exit(record(Workflow.run(workflow)))
          const bare = yield* Effect.exit(Workflow.run(workflow))
          assert.instanceOf(defectsOf(traced)[0], Workflow.UndeclaredState)
          assert.deepStrictEqual(defectsOf(traced), defectsOf(bare))
          assert.isFalse(spans.some((span) => span.attributes.has("cano.state.next")))
        })
    )
  }

  it.effect("T2 no payload is in any name, attribute or event that the library makes", () =>
    Effect.gen(function* () {
      const canary = "canary-0xC0FFEE"
      const { record, spans } = recorder()
      const States = Schema.TaggedUnion({
        Start: { secret: Schema.String },
        Next: { secret: Schema.String },
        Last: { secret: Schema.String },
        Done: { secret: Schema.String },
        Failed: { secret: Schema.String }
      })
      const Key = Store.key("key", Schema.String)
      let left = 2
      const workflow = makeUnchecked("canaries", States, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Next", "Failed"],
            run: Task.make({
              retry: Retry.exponential(3),
              attemptTimeout: "1 hour",
              run: function* () {
                yield* Store.put(Key, canary)
                if (left-- > 0) return yield* new Flaky({ detail: canary })
                return { _tag: "Next", secret: canary }
              }
            })
          },
          Next: {
            to: ["Last"],
            run: Node.make({
              prep: Store.get(Key),
              exec: (text) => `${text}!`,
              post: (text) => Effect.fail(new Flaky({ detail: text }))
            }),
            catch: { Flaky: (error: Flaky) => ({ _tag: "Last", secret: error.detail }) }
          },
          Last: { to: ["Done", "Failed"], run: (state: object) => Effect.die(state) }
        }
      })
      const run = Workflow.run(workflow, { _tag: "Start", secret: canary } as never)
      const exit = yield* inVirtualTime(record(Effect.provide(run, Store.MemoryStore.layer)))
      assert.strictEqual(defectsOf(exit).length, 1)
      const told = spans.map((span) => [
        span.name,
        ...span.attributes,
        ...span.events.map(([name, _, rest]) => [name, rest])
      ])
      assert.isAbove(told.length, 8)
      assert.notInclude(JSON.stringify(told), canary)
    })
  )
})

describe("without a tracer", () => {
  const seen: Array<boolean> = []
  const look = Effect.map(Effect.option(Effect.currentSpan), (span) => seen.push(Option.isSome(span)))
  const looking = makeUnchecked("looking", Letters, {
    initial: "A",
    exits: ["Done"],
    states: {
      A: { to: ["B"], run: Effect.as(look, "B") },
      B: { to: ["C"], run: Task.make({ name: "t", retry: Retry.fixed(1, 0), run: Effect.as(look, "C") }) },
      C: { to: ["Done"], run: Node.make({ prep: look, exec: () => look, post: () => Effect.as(look, "Done") }) }
    }
  })
  const native = Tracer.Tracer.defaultValue()

  for (const [name, run] of Object.entries({
    "in the default context": Workflow.run(Workflow.withSpan(looking, "named")),
    "where tracing is disabled": Effect.withTracerEnabled(Workflow.run(looking), false).pipe(
      Effect.withTracer(Tracer.make({ span: () => assert.fail("a span was made") }))
    )
  })) {
    it.effect(`no span is created ${name}`, () =>
      Effect.gen(function* () {
        seen.length = 0
        const spy = vi.spyOn(native, "span")
        assert.strictEqual(yield* run, "Done")
        assert.strictEqual(spy.mock.calls.length, 0)
        assert.deepStrictEqual(seen, [false, false, false, false, false])
        spy.mockRestore()
      })
    )
  }

  it.effect("(the spy would have seen one)", () =>
    Effect.gen(function* () {
      const spy = vi.spyOn(native, "span")
      yield* Effect.withSpan(Effect.void, "control")
      assert.strictEqual(spy.mock.calls.length, 1)
      spy.mockRestore()
    })
  )
})
