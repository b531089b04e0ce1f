import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { errorOf, inVirtualTime, makeUnchecked, placeOf } from "effect-cano-testing/Runs"
import * as Metrics from "../../src/Metrics.ts"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { Flaky, Letters, attributesOf, exitOf, order, treeOf } from "../support/tracing.ts"

describe("W6: with a tracer", () => {
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

  it.effect("a node without prep has no span of one", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const workflow = Workflow.make("w", Schema.Literals(["C", "Done"]), {
        initial: "C",
        exits: ["Done"],
        states: { C: { to: ["Done"], run: Node.make({ exec: () => 1, post: () => "Done" }) } }
      })
      yield* record(Workflow.run(workflow))
      assert.deepStrictEqual(treeOf(spans), ["run w", "  state C", "    node.exec", "    node.post"])
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
})

describe("W6: without a tracer", () => {
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
