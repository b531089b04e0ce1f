import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Observer from "../../src/Observer.ts"
import * as Workflow from "../../src/Workflow.ts"
import { single } from "../support/single.ts"

describe("readers of an observer", () => {
  it.effect("O3: never find a Lost where nothing was lost, however the fibers take turns", () =>
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
