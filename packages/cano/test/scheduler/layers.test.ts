import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { errorOf } from "effect-cano-testing/Runs"
import {} from "../support/scheduling.ts"

describe("S16: layers", () => {
  it.effect("layerFlows adds all, starts, and lets jobs use the scheduler", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const second = Scheduler.flow(
        "second",
        Trigger.manual,
        Effect.sync(() => void seen.push("second"))
      )
      const first = Scheduler.flow(
        "first",
        Trigger.every(1000),
        Effect.gen(function* () {
          seen.push("first")
          yield* (yield* Scheduler.Scheduler).trigger(second)
        })
      )
      const fiber = yield* Effect.forkChild(Layer.launch(Scheduler.layerFlows([first, second], { grace: 0 })))
      yield* TestClock.adjust(1500)
      assert.deepStrictEqual(seen, ["first", "second", "first", "second"])
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust(1500)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("layerFlows fails with what is wrong with a flow", () =>
    Effect.gen(function* () {
      const flows = [Scheduler.flow("a", Trigger.manual, Effect.void), Scheduler.flow("a", Trigger.manual, Effect.void)]
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Scheduler.layerFlows(flows))))
      assert.deepStrictEqual(errorOf(exit), new Scheduler.DuplicateFlow({ flow: "a" }))
    })
  )
})
