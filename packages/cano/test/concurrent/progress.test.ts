import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defectsOf, inVirtualTime } from "effect-cano-testing/Runs"
import * as Concurrent from "../../src/Concurrent.ts"
import { after, value } from "../support/batches.ts"

describe("progress", () => {
  it.effect("is told each time an instance has ended", () =>
    Effect.gen(function* () {
      const seen: Array<Concurrent.Progress> = []
      const effects = [after(10), Effect.andThen(after(20), Effect.fail("x")), after(30)]
      yield* value(Concurrent.run(effects, { concurrency: 2, onProgress: (progress) => seen.push(progress) }))
      assert.deepStrictEqual(seen, [
        { total: 3, completed: 1, failed: 0, running: 1 },
        { total: 3, completed: 1, failed: 1, running: 1 },
        { total: 3, completed: 2, failed: 1, running: 0 }
      ])
    })
  )

  it.effect("a callback that returns an Effect, which nobody would run, is a defect that says so", () =>
    Effect.gen(function* () {
      const exit = yield* inVirtualTime(Concurrent.run([after(10)], { onProgress: (): any => Effect.log("never") }))
      assert.match(String(defectsOf(exit)[0]), /onProgress returned an Effect, which nobody waits for/)
    })
  )

  it.effect("a callback that throws is a defect of the call, after all instances were stopped and awaited", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(50),
          Effect.sync(() => events.push("cleaned up"))
        )
      )
      const exit = yield* inVirtualTime(
        Effect.onExit(
          Concurrent.run([after(10), loser], {
            onProgress: () => {
              throw new Error("no bar")
            }
          }),
          () => Effect.sync(() => events.push("returned"))
        )
      )
      assert.strictEqual(String(defectsOf(exit)[0]), "Error: no bar")
      assert.deepStrictEqual(events, ["cleaned up", "returned"])
    })
  )
})
