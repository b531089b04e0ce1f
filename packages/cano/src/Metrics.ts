/**
 * Metrics of runs, concurrent batches and schedulers, for any exporter of Effect's metrics.
 *
 * 1. Nothing is counted, and nothing is paid for it, unless {@link layer} is in the context: of a run or a batch when it
 *    starts, of a flow when it is added.
 * 2. The label sets are bounded: labels are outcomes, names of workflows and ids of flows, never ids of instances, states
 *    or payloads. After `maxNames` workflows, and as many flows, the others count as `"other"`.
 * 3. Names and attributes follow OpenTelemetry: dotted names, durations in seconds, the unit in the attribute `unit`.
 *
 * @example
 * ```ts
 * import { Metrics, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import { PrometheusMetrics } from "effect/observability"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const program = Effect.gen(function* () {
 *   yield* Workflow.run(order)
 *   return yield* PrometheusMetrics.format()
 *   // cano_workflow_runs{cano_workflow_name="order",cano_run_outcome="success"} 1 ...
 * }).pipe(Effect.provide(Metrics.layer()))
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { countProblems, refuse } from "./internal/faults.ts"
import { Meter, type MeterShape } from "./internal/watch/meter.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * How metrics are kept.
 *
 * **Details**
 *
 * - `maxNames`: how many workflows, and how many flows, get a label value of their own; default 256.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetricsOptions {
  readonly maxNames?: number | undefined
}

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 3600]

/**
 * Runs that have ended, by `cano.workflow.name` and `cano.run.outcome` (`success`, `failure`, `defect` or `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const runs: Metric.Counter<number> = Metric.counter("cano.workflow.runs", {
  description: "Runs of workflows that have ended, by outcome",
  attributes: { unit: "{run}" },
  incremental: true
})

/**
 * Runs that are under way, by `cano.workflow.name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const activeRuns: Metric.Gauge<number> = Metric.gauge("cano.workflow.active_runs", {
  description: "Runs of workflows that are under way",
  attributes: { unit: "{run}" }
})

/**
 * How long runs take, in seconds, by `cano.workflow.name` and `cano.run.outcome`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const runDuration: Metric.Histogram<number> = Metric.histogram("cano.workflow.run.duration", {
  description: "How long runs of workflows take, in seconds",
  attributes: { unit: "s" },
  boundaries: seconds
})

/**
 * Transitions from a state to the next, by `cano.workflow.name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const transitions: Metric.Counter<number> = Metric.counter("cano.workflow.transitions", {
  description: "Transitions of workflows from a state to the next",
  attributes: { unit: "{transition}" },
  incremental: true
})

/**
 * Attempts of states' tasks, by `cano.workflow.name` and `cano.attempt.outcome` (`success`, `failure`, `defect` or
 * `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const attempts: Metric.Counter<number> = Metric.counter("cano.workflow.attempts", {
  description: "Attempts of the tasks of states, by outcome",
  attributes: { unit: "{attempt}" },
  incremental: true
})

/**
 * Instances of concurrent batches, by `cano.instance.outcome` (`completed`, `failed` or `cancelled`). They are counted when
 * their batch has ended.
 *
 * @category metrics
 * @since 0.1.0
 */
export const instances: Metric.Counter<number> = Metric.counter("cano.concurrent.instances", {
  description: "Instances of concurrent batches, by outcome",
  attributes: { unit: "{instance}" },
  incremental: true
})

/**
 * Runs of a scheduler's flows, by `cano.flow.id` and `cano.flow.outcome` (`success`, `failure`, `defect`, `timeout` or
 * `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowRuns: Metric.Counter<number> = Metric.counter("cano.scheduler.runs", {
  description: "Runs of scheduled flows that have ended, by outcome",
  attributes: { unit: "{run}" },
  incremental: true
})

/**
 * How long after they were due the runs of flows have started, in seconds; jitter and the wait in a queue count. Runs that
 * were triggered by hand are left out.
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowLateness: Metric.Histogram<number> = Metric.histogram("cano.scheduler.lateness", {
  description: "How long after they were due runs of scheduled flows have started, in seconds",
  attributes: { unit: "s" },
  boundaries: seconds
})

/**
 * Ticks and calls that did not become a run, by `cano.flow.id` and `cano.flow.skip.reason`: `overlap`, `missed` and the
 * others that the scheduler's event `Skipped` knows.
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowSkips: Metric.Counter<number> = Metric.counter("cano.scheduler.skips", {
  description: "Ticks of scheduled flows that did not become a run, by reason",
  attributes: { unit: "{tick}" },
  incremental: true
})

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Records the metrics of this module in Effect's registry.
 *
 * Dies with a `ConfigurationError` if an option makes no sense.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: MetricsOptions): Layer.Layer<never> =>
  Layer.effect(
    Meter,
    Effect.sync(() => {
      const limit = options?.maxNames ?? 256
      refuse("Metrics", countProblems("maxNames", limit, 1))
      return makeMeter(limit)
    })
  ) as unknown as Layer.Layer<never>

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const makeMeter = (limit: number): MeterShape => {
  const instanceOf = labelled(instances, "cano.instance.outcome")
  const workflowOf = bounded(limit, workflowSeries)
  const flowOf = bounded(limit, flowSeries)
  return {
    runs: (workflow, context) => {
      const { active, attempt, duration, run, transition } = workflowOf(workflow)
      return {
        started: () => active.modifyUnsafe(1, context),
        attempt: (outcome) => attempt(outcome).updateUnsafe(1, context),
        transition: () => transition.updateUnsafe(1, context),
        ended: (outcome, seconds) => {
          active.modifyUnsafe(-1, context)
          run(outcome).updateUnsafe(1, context)
          duration(outcome).updateUnsafe(seconds, context)
        }
      }
    },
    instances: ({ cancelled, completed, failed }, context) => {
      if (completed > 0) instanceOf("completed").updateUnsafe(completed, context)
      if (failed > 0) instanceOf("failed").updateUnsafe(failed, context)
      if (cancelled > 0) instanceOf("cancelled").updateUnsafe(cancelled, context)
    },
    flowStarted: (lateness, context) => flowLateness.updateUnsafe(lateness / 1000, context),
    flowEnded: (flow, outcome, context) => flowOf(flow).run(outcome).updateUnsafe(1, context),
    flowSkipped: (flow, reason, count, context) => flowOf(flow).skip(reason).updateUnsafe(count, context)
  }
}

/** Makes something for each of the first names, and one thing for all others together. */
const bounded = <A>(limit: number, make: (name: string) => A): ((name: string) => A) => {
  const made = new Map<string, A>()
  let other: A | undefined
  return (name) => {
    let found = made.get(name)
    if (found === undefined && made.size < limit) made.set(name, (found = make(name)))
    return found ?? (other ??= make("other"))
  }
}

/** The metrics of one flow. */
const flowSeries = (flow: string) => {
  const named = { "cano.flow.id": flow }
  return {
    run: labelled(flowRuns, "cano.flow.outcome", named),
    skip: labelled(flowSkips, "cano.flow.skip.reason", named)
  }
}

/** The metrics of one workflow. */
const workflowSeries = (workflow: string) => {
  const named = { "cano.workflow.name": workflow }
  return {
    active: Metric.withAttributes(activeRuns, named),
    transition: Metric.withAttributes(transitions, named),
    run: labelled(runs, "cano.run.outcome", named),
    duration: labelled(runDuration, "cano.run.outcome", named),
    attempt: labelled(attempts, "cano.attempt.outcome", named)
  }
}

/** A metric with a label that has several values, made once for each. */
const labelled = <Input, State>(
  metric: Metric.Metric<Input, State>,
  label: string,
  others: Record<string, string> = {}
): ((value: string) => Metric.Metric<Input, State>) => {
  const series = new Map<string, Metric.Metric<Input, State>>()
  return (value) => {
    let found = series.get(value)
    if (found === undefined) series.set(value, (found = Metric.withAttributes(metric, { ...others, [label]: value })))
    return found
  }
}
