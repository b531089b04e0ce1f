import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import { TestClock } from "effect/testing"
import * as Metrics from "../../src/Metrics.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { failing, makeScheduler } from "../support/scheduling.ts"

/** Runs a program with metrics in a registry of its own. */
const metered = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  program.pipe(Effect.provide(Metrics.layer()), Effect.provideService(Metric.MetricRegistry, new Map()))

const countOf = (flow: string, outcome: Scheduler.Outcome) =>
  Metric.withAttributes(Metrics.flowRuns, { "cano.flow.id": flow, "cano.flow.outcome": outcome }).pipe(
    Metric.value,
    Effect.map(({ count }) => count)
  )

const skipsOf = (flow: string, reason: Scheduler.SkipReason) =>
  Metric.withAttributes(Metrics.flowSkips, { "cano.flow.id": flow, "cano.flow.skip.reason": reason }).pipe(
    Metric.value,
    Effect.map(({ count }) => count)
  )

describe("S4: metrics", () => {
  const drops: ReadonlyArray<
    readonly [
      string,
      Scheduler.Options,
      (scheduler: Scheduler.Scheduler["Service"]) => Effect.Effect<unknown, unknown>,
      Scheduler.SkipReason
    ]
  > = [
    ["a pause", { overlap: "queue" }, (scheduler) => scheduler.pause("a"), "paused"],
    ["a stop", { overlap: "queue" }, (scheduler) => scheduler.stop(), "stopped"],
    ["a removal", { overlap: "queue" }, (scheduler) => scheduler.remove("a"), "stopped"],
    ["a newer tick", { overlap: "cancelPrevious" }, () => TestClock.adjust(1000), "superseded"]
  ]
  for (const [what, options, drop, reason] of drops) {
    it.effect(`a tick that waited and is dropped by ${what} is a skip, and no run that was late`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const job = Effect.onInterrupt(Effect.sleep("10 seconds"), () => Effect.sleep("3 seconds"))
        yield* scheduler.add("a", Trigger.every("1 second"), job, options)
        yield* scheduler.start
        yield* TestClock.adjust(1500)
        assert.deepInclude(yield* scheduler.status("a"), { runs: 1, waiting: 1 })
        yield* Effect.forkChild(drop(scheduler), { startImmediately: true })
        yield* TestClock.adjust(100)
        const lateness = yield* Metric.value(Metrics.flowLateness)
        const skips = yield* skipsOf("a", reason)
        // The finalizers of the job take time, which must pass before the scope is closed.
        yield* Effect.forkChild(scheduler.stop(), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        assert.deepInclude(lateness, { count: 1, sum: 0 })
        assert.strictEqual(skips, 1)
      }).pipe(Effect.scoped, metered)
    )
  }

  it.effect("a tick that waited and is dropped after a failure is a skip, and no run that was late", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const job = Effect.andThen(Effect.sleep(1500), failing)
      yield* scheduler.add("a", Trigger.every("1 second"), job, { overlap: "queue", trip: 1 })
      yield* scheduler.start
      yield* TestClock.adjust(1600)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 1, state: "tripped", waiting: 0 })
      assert.deepInclude(yield* Metric.value(Metrics.flowLateness), { count: 1, sum: 0 })
      assert.strictEqual(yield* skipsOf("a", "tripped"), 1)
    }).pipe(Effect.scoped, metered, Effect.provide(Logger.layer([])))
  )

  it.effect("a run that waited is as late as it waited", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.every("1 second"), Effect.sleep(1500), { overlap: "queue", maxRuns: 2 })
      yield* scheduler.start
      yield* TestClock.adjust(5000)
      assert.deepInclude(yield* Metric.value(Metrics.flowLateness), { count: 2, sum: 0.5 })
    }).pipe(Effect.scoped, metered)
  )

  it.effect("a run is counted with its own outcome, whatever the log of its failure starts", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      let [runs, failures] = [0, 0]
      // The job fails once; its logger triggers it again, and that run succeeds before the log entry is written.
      const job = Effect.suspend(() => (runs++ === 0 ? failing : Effect.void))
      const logger = Logger.make(() => {
        if (failures++ === 0) Effect.runFork(scheduler.trigger("a"))
      })
      yield* scheduler.add("a", Trigger.manual, job).pipe(Effect.provide(Logger.layer([logger])))
      yield* scheduler.start
      yield* scheduler.trigger("a")
      assert.deepStrictEqual([yield* countOf("a", "failure"), yield* countOf("a", "success")], [1, 1])
      assert.deepInclude(yield* scheduler.status("a"), { runs: 2, failures: 1, successes: 1, streak: 0 })
    }).pipe(Effect.scoped, metered)
  )
})
