import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { Letters, attributesOf, order, treeOf } from "../support/tracing.ts"

describe("W6: with a tracer", () => {
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
})
