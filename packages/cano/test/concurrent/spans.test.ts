import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Task from "../../src/Task.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"
import { after, value } from "../support/batches.ts"
import { recorder } from "../support/recorder.ts"

const parentOf = (span: Tracer.NativeSpan) => Option.getOrUndefined(span.parent) as Tracer.NativeSpan | undefined

describe("spans", () => {
  const Letters = Schema.Literals(["A", "B", "Done"])

  it.effect("100 interleaved instances: every span has the right parent", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const Numbered = Schema.TaggedUnion({ A: { i: Schema.Number }, B: { i: Schema.Number }, Done: {} })
      const mark = (i: number) => Effect.annotateCurrentSpan("i", i)
      const workflow = Workflow.make("w", Numbered, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: function* ({ i }) {
              yield* Effect.sleep((i * 7) % 13)
              yield* mark(i)
              return { _tag: "B", i }
            }
          },
          B: {
            to: ["Done"],
            run: Task.make({
              run: function* ({ i }: { readonly i: number }) {
                yield* Effect.sleep((i * 5) % 11)
                yield* Effect.withSpan(mark(i), "inner")
                return { _tag: "Done" }
              }
            })
          }
        }
      })
      const instances = Array.from({ length: 100 }, (_, i) => ({ id: `n${i}`, state: { _tag: "A", i } as const }))
      yield* value(record(Concurrent.workflow(workflow, { instances, concurrency: 60 })))
      const named = (name: string) => spans.filter((span) => span.name === name)
      const [batch] = named("concurrent")
      assert.strictEqual(named("concurrent").length, 1)
      const seen = new Set<string>()
      for (const span of named("inner")) {
        const i = span.attributes.get("i")
        const state = parentOf(span)!
        const run = parentOf(state)!
        const instance = parentOf(run)!
        assert.deepStrictEqual([state.name, run.name, instance.name], ["state B", "run w", "instance"])
        assert.strictEqual(instance.attributes.get("cano.instance.id"), `n${i}`)
        assert.strictEqual(parentOf(instance), batch)
        const [first] = named("state A").filter((span) => parentOf(span) === run)
        assert.strictEqual(first!.attributes.get("i"), i)
        seen.add(instance.spanId)
      }
      assert.strictEqual(seen.size, 100)
      assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
    })
  )

  it.effect("the batch has its strategy and its counters as attributes", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const effects = [after(10), Effect.fail("x"), after(30)]
      yield* value(record(Concurrent.run(effects, { wait: Wait.any, ids: ["a", "b", "c"] })))
      assert.deepStrictEqual(Object.fromEntries(spans[0]!.attributes), {
        "cano.batch.wait": "1 succeeded",
        "cano.batch.total": 3,
        "cano.batch.completed": 1,
        "cano.batch.failed": 1,
        "cano.batch.cancelled": 1,
        "cano.batch.end": "quota"
      })
      assert.deepStrictEqual(
        spans.slice(1).map(({ attributes, name }) => [name, attributes.get("cano.instance.id")]),
        [
          ["instance", "a"],
          ["instance", "b"],
          ["instance", "c"]
        ]
      )
    })
  )

  it.effect("an instance that never started has no span", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* value(record(Concurrent.run([after(10), after(10)], { wait: Wait.any, concurrency: 1 })))
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["concurrent", "instance"]
      )
    })
  )

  it.effect("without a tracer there is no span", () =>
    Effect.gen(function* () {
      const workflow = Workflow.make("w", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: {
            to: ["Done"],
            run: Effect.map(Effect.option(Effect.currentSpan), (span) => {
              assert.isTrue(Option.isNone(span))
              return "Done" as const
            })
          }
        }
      })
      const { record, spans } = recorder()
      const batch = Concurrent.workflow(workflow, { instances: [{ id: "a" }, { id: "b" }] })
      const { status } = yield* record(Effect.withTracerEnabled(batch, false))
      assert.deepStrictEqual([status.completed, spans.length], [2, 0])
    })
  )
})
