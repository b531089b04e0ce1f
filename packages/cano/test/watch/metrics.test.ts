import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import { PrometheusMetrics } from "effect/observability"
import * as Schema from "effect/Schema"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Retry from "../../src/Retry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"

const Letters = Schema.Literals(["A", "B", "Done"])

const workflow = (name: string, run: unknown) =>
  makeUnchecked(name, Letters, {
    initial: "A",
    exits: ["Done"],
    states: { A: { to: ["B"], run: () => "B" }, B: { to: ["Done"], run } }
  })

/** The Prometheus lines of ours, without comments and buckets, after an effect has run in virtual time. */
const linesAfter = <A, E>(effect: Effect.Effect<A, E>, options?: Metrics.MetricsOptions) =>
  Effect.gen(function* () {
    yield* inVirtualTime(Effect.provide(effect, Metrics.layer(options)))
    const text = yield* PrometheusMetrics.format()
    return text.split("\n").filter((line) => line.startsWith("cano_") && !line.includes("_bucket"))
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

describe("layer", () => {
  it.effect("counts runs, transitions and attempts by outcome, and times runs in seconds", () =>
    Effect.gen(function* () {
      let left = 2
      const flaky = Effect.suspend(() => (left-- > 0 ? Effect.fail("no") : Effect.as(Effect.sleep(500), "Done")))
      const lines = yield* linesAfter(
        Effect.gen(function* () {
          yield* Workflow.run(workflow("ok", Task.make({ retry: Retry.fixed(2, "1 second"), run: flaky })))
          yield* Effect.exit(Workflow.run(workflow("bad", Effect.fail("no"))))
          yield* Effect.exit(Workflow.run(workflow("bad", Effect.die("no"))))
          yield* Effect.timeoutOption(Workflow.run(workflow("bad", Effect.never)), "1 second")
          yield* Effect.forkDetach(Workflow.run(workflow("open", Effect.never)), { startImmediately: true })
        })
      )
      assert.sameMembers(lines, [
        `cano_workflow_active_runs{cano_workflow_name="ok"} 0`,
        `cano_workflow_active_runs{cano_workflow_name="bad"} 0`,
        `cano_workflow_active_runs{cano_workflow_name="open"} 1`,
        `cano_workflow_attempts{cano_workflow_name="ok",cano_attempt_outcome="success"} 2`,
        `cano_workflow_attempts{cano_workflow_name="ok",cano_attempt_outcome="failure"} 2`,
        `cano_workflow_attempts{cano_workflow_name="bad",cano_attempt_outcome="success"} 3`,
        `cano_workflow_attempts{cano_workflow_name="bad",cano_attempt_outcome="failure"} 1`,
        `cano_workflow_attempts{cano_workflow_name="bad",cano_attempt_outcome="defect"} 1`,
        `cano_workflow_attempts{cano_workflow_name="bad",cano_attempt_outcome="interrupted"} 1`,
        `cano_workflow_attempts{cano_workflow_name="open",cano_attempt_outcome="success"} 1`,
        `cano_workflow_transitions{cano_workflow_name="ok"} 2`,
        `cano_workflow_transitions{cano_workflow_name="bad"} 3`,
        `cano_workflow_transitions{cano_workflow_name="open"} 1`,
        `cano_workflow_runs{cano_workflow_name="ok",cano_run_outcome="success"} 1`,
        `cano_workflow_runs{cano_workflow_name="bad",cano_run_outcome="failure"} 1`,
        `cano_workflow_runs{cano_workflow_name="bad",cano_run_outcome="defect"} 1`,
        `cano_workflow_runs{cano_workflow_name="bad",cano_run_outcome="interrupted"} 1`,
        `cano_workflow_run_duration_sum{cano_workflow_name="ok",cano_run_outcome="success"} 2.5`,
        `cano_workflow_run_duration_count{cano_workflow_name="ok",cano_run_outcome="success"} 1`,
        `cano_workflow_run_duration_sum{cano_workflow_name="bad",cano_run_outcome="failure"} 0`,
        `cano_workflow_run_duration_count{cano_workflow_name="bad",cano_run_outcome="failure"} 1`,
        `cano_workflow_run_duration_sum{cano_workflow_name="bad",cano_run_outcome="defect"} 0`,
        `cano_workflow_run_duration_count{cano_workflow_name="bad",cano_run_outcome="defect"} 1`,
        `cano_workflow_run_duration_sum{cano_workflow_name="bad",cano_run_outcome="interrupted"} 1`,
        `cano_workflow_run_duration_count{cano_workflow_name="bad",cano_run_outcome="interrupted"} 1`
      ])
    })
  )

  it.effect("counts the instances of a batch by outcome", () =>
    Effect.gen(function* () {
      const effects = [Effect.void, Effect.void, Effect.fail("no"), Effect.never]
      const lines = yield* linesAfter(Concurrent.run(effects, { wait: Wait.duration(10) }))
      assert.sameMembers(lines, [
        `cano_concurrent_instances{cano_instance_outcome="completed"} 2`,
        `cano_concurrent_instances{cano_instance_outcome="failed"} 1`,
        `cano_concurrent_instances{cano_instance_outcome="cancelled"} 1`
      ])
    })
  )

  it.effect("counts the runs of flows by outcome, their lateness, and what was skipped", () =>
    Effect.gen(function* () {
      const lines = yield* linesAfter(
        Effect.gen(function* () {
          const scheduler = yield* Scheduler.make()
          // Due at 0, 1, 2, 3 and 4 seconds: the second and the fourth meet a run.
          const slow = yield* scheduler.add("slow", Trigger.every("1 second"), Effect.sleep("1500 millis"))
          yield* scheduler.add("queued", Trigger.every("2 seconds"), Effect.sleep("2500 millis"), {
            overlap: "queue",
            maxRuns: 2
          })
          yield* scheduler.add("by hand", Trigger.manual, Effect.void)
          yield* scheduler.start
          yield* scheduler.trigger("by hand")
          yield* Effect.sleep("4500 millis")
          yield* scheduler.remove(slow)
          yield* Effect.sleep("5 seconds")
        }).pipe(Effect.scoped)
      )
      assert.sameMembers(
        lines.filter((line) => line.startsWith("cano_scheduler")),
        [
          `cano_scheduler_runs{cano_flow_id="slow",cano_flow_outcome="success"} 2`,
          `cano_scheduler_runs{cano_flow_id="queued",cano_flow_outcome="success"} 2`,
          `cano_scheduler_runs{cano_flow_id="slow",cano_flow_outcome="interrupted"} 1`,
          `cano_scheduler_runs{cano_flow_id="by hand",cano_flow_outcome="success"} 1`,
          `cano_scheduler_skips{cano_flow_id="slow",cano_flow_skip_reason="overlap"} 2`,
          `cano_scheduler_lateness_sum 0.5`,
          `cano_scheduler_lateness_count 5`
        ]
      )
    })
  )

  it.effect("is found by flows in whatever order the layers are given", () =>
    Effect.gen(function* () {
      const nightly = Effect.gen(function* () {
        const scheduler = yield* Scheduler.Scheduler
        yield* scheduler.add("nightly", Trigger.manual, Effect.void)
        yield* scheduler.start
        yield* Effect.flatMap(scheduler.trigger("nightly"), (run) => run.await)
      })
      const lines = yield* linesAfter(Effect.provide(nightly, [Scheduler.layer(), Metrics.layer()]))
      assert.include(lines, `cano_scheduler_runs{cano_flow_id="nightly",cano_flow_outcome="success"} 1`)
    })
  )

  it.effect("M2: keeps the ids of so many flows apart", () =>
    Effect.gen(function* () {
      const flows = Array.from({ length: 10 }, (_, i) => `f${i}`)
      const program = Effect.gen(function* () {
        const scheduler = yield* Scheduler.make()
        yield* Effect.forEach(flows, (id) => scheduler.add(id, Trigger.manual, Effect.void))
        yield* scheduler.start
        yield* Effect.forEach(flows, (id) => scheduler.trigger(id))
      }).pipe(Effect.scoped, Effect.orDie)
      const lines = yield* linesAfter(program, { maxNames: 2 })
      assert.sameMembers(lines, [
        `cano_scheduler_runs{cano_flow_id="f0",cano_flow_outcome="success"} 1`,
        `cano_scheduler_runs{cano_flow_id="f1",cano_flow_outcome="success"} 1`,
        `cano_scheduler_runs{cano_flow_id="other",cano_flow_outcome="success"} 8`
      ])
    })
  )

  it.effect("M2: keeps the names of so many workflows apart, and counts the rest as other", () =>
    Effect.gen(function* () {
      const runs = Array.from({ length: 1000 }, (_, i) => Workflow.run(workflow(`w${i}`, Effect.succeed("Done"))))
      const lines = yield* linesAfter(Effect.all(runs), { maxNames: 3 })
      const counted = lines.filter((line) => line.startsWith("cano_workflow_runs"))
      assert.sameMembers(counted, [
        `cano_workflow_runs{cano_workflow_name="w0",cano_run_outcome="success"} 1`,
        `cano_workflow_runs{cano_workflow_name="w1",cano_run_outcome="success"} 1`,
        `cano_workflow_runs{cano_workflow_name="w2",cano_run_outcome="success"} 1`,
        `cano_workflow_runs{cano_workflow_name="other",cano_run_outcome="success"} 997`
      ])
    })
  )

  it.effect("attributes around a run are labels of its metrics", () =>
    Effect.gen(function* () {
      const run = Workflow.run(workflow("w", Effect.succeed("Done")))
      const lines = yield* linesAfter(Effect.provideService(run, Metric.CurrentMetricAttributes, { tenant: "acme" }))
      const counted = lines.find((line) => line.startsWith("cano_workflow_runs")) ?? assert.fail("not counted")
      for (const label of [`tenant="acme"`, `cano_workflow_name="w"`, `cano_run_outcome="success"`]) {
        assert.include(counted, label)
      }
    })
  )

  it.effect("M1: without the layer nothing is counted", () =>
    Effect.gen(function* () {
      yield* Workflow.run(workflow("w", Effect.succeed("Done")))
      yield* Concurrent.run([Effect.void])
      assert.isEmpty((yield* Metric.snapshot).filter(({ id }) => id.startsWith("cano.")))
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("bad options are refused", () =>
    Effect.gen(function* () {
      for (const maxNames of [0, 1.5, NaN]) {
        const exit = yield* Effect.exit(Effect.provide(Effect.void, Metrics.layer({ maxNames })))
        assert.match(Cause.pretty((exit as Exit.Failure<void, never>).cause), /maxNames is .*, expected a whole number/)
      }
    })
  )
})
