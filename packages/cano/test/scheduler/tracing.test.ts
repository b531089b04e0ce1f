import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as Trigger from "../../src/Trigger.ts"
import { makeScheduler } from "../support/scheduling.ts"

describe("S15: tracing", () => {
  const spansOf = <A, E, R>(effect: Effect.Effect<A, E, R>, isTraced: boolean) =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* isTraced ? Effect.withTracer(effect, tracer) : effect
      return spans
    })

  const program = Effect.gen(function* () {
    const scheduler = yield* makeScheduler
    yield* Effect.withSpan(scheduler.add("a", Trigger.every(1000), Effect.withSpan(Effect.void, "inside")), "adding")
    yield* scheduler.start
    yield* TestClock.adjust(500)
    yield* scheduler.trigger("a")
  })

  it.effect("gives each run a root span", () =>
    Effect.gen(function* () {
      const spans = yield* spansOf(program, true)
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["adding", "scheduler.flow", "inside", "scheduler.flow", "inside"]
      )
      const [, run, inside, byHand] = spans
      assert.strictEqual(run!.parent._tag, "None")
      assert.strictEqual((inside!.parent as any).value, run)
      assert.deepStrictEqual(Object.fromEntries(run!.attributes), {
        "cano.flow.id": "a",
        "cano.flow.run": 1,
        "cano.flow.by": "timer",
        "cano.flow.outcome": "success"
      })
      assert.strictEqual(byHand!.attributes.get("cano.flow.by"), "hand")
    })
  )
})
