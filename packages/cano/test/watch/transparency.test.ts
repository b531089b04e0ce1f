/** Watching a run changes nothing but what is told of it, whatever the run handles and whoever watches. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Metrics from "../../src/Metrics.ts"
import * as Observer from "../../src/Observer.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { single } from "../support/single.ts"

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
