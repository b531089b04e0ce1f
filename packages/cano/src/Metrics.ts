/**
 * Metrics of runs, concurrent batches, schedulers and durable runs, for any exporter of Effect's metrics.
 *
 * 1. Without {@link layer} in the context nothing is counted, and counting costs nothing. A run or a batch looks for
 *    the layer at its start, a flow when it is added.
 * 2. The label sets are bounded. Labels are outcomes, reasons, names of workflows and ids of flows, never ids of
 *    instances, states or payloads. After `maxNames` workflows, and as many flows, the others count as `"other"`.
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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { isCount, optional, optionsProblems, refuse } from "./internal/faults.ts"
import { Meter, type MeterShape } from "./internal/watch/meter.ts"
import * as Series from "./internal/watch/series.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * **Details**
 *
 * - `maxNames`: the number of workflows, and of flows, with a label value of their own, from 1; default 256.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetricsOptions {
  readonly maxNames?: number | undefined
}

/**
 * Counts runs that have ended, by `cano.workflow.name` and `cano.run.outcome` (`success`, `failure`, `defect` or
 * `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const runs: Metric.Counter<number> = Series.runs({})

/**
 * Gives the number of runs that are under way, by `cano.workflow.name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const activeRuns: Metric.Gauge<number> = Series.activeRuns({})

/**
 * Measures the duration of runs, in seconds, by `cano.workflow.name` and `cano.run.outcome`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const runDuration: Metric.Histogram<number> = Series.runDuration({})

/**
 * Counts transitions, by `cano.workflow.name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const transitions: Metric.Counter<number> = Series.transitions({})

/**
 * Counts attempts of states' tasks, by `cano.workflow.name` and `cano.attempt.outcome` (`success`, `failure`, `defect`
 * or `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const attempts: Metric.Counter<number> = Series.attempts({})

/**
 * Counts instances of concurrent batches, by `cano.instance.outcome` (`completed`, `failed` or `cancelled`), at the end
 * of the batch.
 *
 * @category metrics
 * @since 0.1.0
 */
export const instances: Metric.Counter<number> = Series.instances({})

/**
 * Counts runs of a scheduler's flows that have ended, by `cano.flow.id` and `cano.flow.outcome` (`success`, `failure`,
 * `defect`, `timeout` or `interrupted`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowRuns: Metric.Counter<number> = Series.flowRuns({})

/**
 * Measures the delay of a flow's runs between due time and start, in seconds. Jitter and the wait in a queue count.
 * Runs triggered by hand are left out.
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowLateness: Metric.Histogram<number> = Series.flowLateness({})

/**
 * Counts ticks, and calls of `trigger`, that started no run, by `cano.flow.id` and `cano.flow.skip.reason`: `missed`, `elsewhere`,
 * or a reason of the scheduler's event `Skipped`, such as `overlap`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const flowSkips: Metric.Counter<number> = Series.flowSkips({})

/**
 * Counts durable runs that have ended, by `cano.workflow.name` and `cano.run.status` (`done`, `failed` or `cancelled`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const durableRuns: Metric.Counter<number> = Series.durableRuns({})

/**
 * Counts stays of durable runs in this process, by `cano.workflow.name` and `cano.stay.end`: `done`, `failed` or
 * `cancelled` for a run that ended, `waiting` or `retrying` for one that waits, `released` for one that was given back,
 * `lost` for one that another process may have.
 *
 * @category metrics
 * @since 0.1.0
 */
export const stays: Metric.Counter<number> = Series.stays({})

/**
 * Gives the number of durable runs that this process runs now, by `cano.workflow.name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const activeStays: Metric.Gauge<number> = Series.activeStays({})

/**
 * Counts durable runs that left the process to wait, by `cano.wait.for` (`time`, `signal`, `retry` or `children`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const waits: Metric.Counter<number> = Series.waits({})

/**
 * Measures how long after it was due a durable run went on, in seconds: after a sleep, the delay of a retry, or the
 * delay of its start.
 *
 * @category metrics
 * @since 0.1.0
 */
export const wakeLateness: Metric.Histogram<number> = Series.wakeLateness({})

/**
 * Counts durable runs that this process claimed. A run that `Durable.run` starts here is not claimed.
 *
 * @category metrics
 * @since 0.1.0
 */
export const claims: Metric.Counter<number> = Series.claims({})

/**
 * Counts durable runs that this process took over from a dead worker.
 *
 * @category metrics
 * @since 0.1.0
 */
export const takeovers: Metric.Counter<number> = Series.takeovers({})

/**
 * Counts durable runs that belonged to this worker, that no fiber drove, and that were given back.
 *
 * @category metrics
 * @since 0.1.0
 */
export const orphans: Metric.Counter<number> = Series.orphans({})

/**
 * Counts signals that this process sent to durable runs, by `cano.signal.answer` (`Accepted`, `Duplicate`, `RunEnded` or
 * `UnknownRun`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const signals: Metric.Counter<number> = Series.signals({})

/**
 * Gives the time of the worker's latest heartbeat that reached the journal, in seconds since 1970.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lastBeat: Metric.Gauge<number> = Series.lastBeat({})

/**
 * Gives the time of the worker's latest claim that the journal answered, in seconds since 1970.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lastClaim: Metric.Gauge<number> = Series.lastClaim({})

/**
 * Measures the rows that are written to the journal, in seconds, by `cano.append.outcome`: `written`, `conflict` for a
 * run that another worker has, or `failed`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const appendDuration: Metric.Histogram<number> = Series.appendDuration({})

/**
 * Counts failures of the journal, by `cano.journal.operation` (`append`, `claim`, ...) and `cano.journal.reason`
 * (`Unavailable`, `Full`, ...).
 *
 * @category metrics
 * @since 0.1.0
 */
export const journalFailures: Metric.Counter<number> = Series.journalFailures({})

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
export const layer = (options: MetricsOptions = {}): Layer.Layer<never> =>
  Layer.effect(
    Meter,
    Effect.sync(() => {
      const { maxNames = 256 } = options
      refuse("Metrics", optionsProblems("options", options, { maxNames: optional(isCount(1)) }))
      return makeMeter(maxNames)
    })
  ) as unknown as Layer.Layer<never>

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const makeMeter = (limit: number): MeterShape => {
  const instanceOf = labelled(Series.instances, "cano.instance.outcome")
  const workflowOf = bounded(limit, workflowSeries)
  const flowOf = bounded(limit, flowSeries)
  const waitOf = labelled(Series.waits, "cano.wait.for")
  const signalOf = labelled(Series.signals, "cano.signal.answer")
  const appendOf = labelled(Series.appendDuration, "cano.append.outcome")
  const failureOf = bounded(limit, (operation) =>
    labelled(Series.journalFailures, "cano.journal.reason", { "cano.journal.operation": operation })
  )
  return {
    runs: (workflow, around) => {
      const context = registryOf(around)
      const { active, attempt, duration, run, success, transition } = workflowOf(workflow)
      return {
        started: () => active.modifyUnsafe(1, context),
        attempt: (outcome) => (outcome === "success" ? success : attempt(outcome)).updateUnsafe(1, context),
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
    flowSkipped: (flow, reason, count, context) => flowOf(flow).skip(reason).updateUnsafe(count, context),
    stays: (workflow, around) => {
      const context = registryOf(around)
      const { activeStays, durable, stay } = workflowOf(workflow)
      return {
        began: () => activeStays.modifyUnsafe(1, context),
        woken: (seconds) => wakeLateness.updateUnsafe(seconds, context),
        over: (end, waitFor) => {
          activeStays.modifyUnsafe(-1, context)
          stay(end).updateUnsafe(1, context)
          if (end === "done" || end === "failed" || end === "cancelled") durable(end).updateUnsafe(1, context)
          if (waitFor !== undefined) waitOf(waitFor).updateUnsafe(1, context)
        }
      }
    },
    journal: (around) => {
      const context = registryOf(around)
      return {
        appended: (outcome, seconds) => appendOf(outcome).updateUnsafe(seconds, context),
        failed: (operation, reason) => failureOf(operation)(reason).updateUnsafe(1, context),
        claimed: (runs, taken, at) => {
          if (runs > 0) claims.updateUnsafe(runs, context)
          if (taken > 0) takeovers.updateUnsafe(taken, context)
          lastClaim.updateUnsafe(at, context)
        },
        beat: (at) => lastBeat.updateUnsafe(at, context),
        signalled: (answer) => signalOf(answer).updateUnsafe(1, context),
        orphaned: () => orphans.updateUnsafe(1, context),
        ended: (workflow, status) => workflowOf(workflow).durable(status).updateUnsafe(1, context)
      }
    }
  }
}

/** Each update looks up these two services, so they stand in a small context. */
const registryOf = (around: Context.Context<never>): Context.Context<never> =>
  Context.empty().pipe(
    Context.add(Metric.MetricRegistry, Context.get(around, Metric.MetricRegistry)),
    Context.add(Metric.CurrentMetricAttributes, Context.get(around, Metric.CurrentMetricAttributes))
  )

/** Makes a value for each of the first `limit` names, and one more for all others together. */
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
    run: labelled(Series.flowRuns, "cano.flow.outcome", named),
    skip: labelled(Series.flowSkips, "cano.flow.skip.reason", named)
  }
}

/** The metrics of one workflow. */
const workflowSeries = (workflow: string) => {
  const named = { "cano.workflow.name": workflow }
  return {
    active: Series.activeRuns(named),
    transition: Series.transitions(named),
    run: labelled(Series.runs, "cano.run.outcome", named),
    duration: labelled(Series.runDuration, "cano.run.outcome", named),
    attempt: labelled(Series.attempts, "cano.attempt.outcome", named),
    success: Series.attempts({ ...named, "cano.attempt.outcome": "success" }),
    activeStays: Series.activeStays(named),
    stay: labelled(Series.stays, "cano.stay.end", named),
    durable: labelled(Series.durableRuns, "cano.run.status", named)
  }
}

/** Makes a metric once for each value of a label. */
const labelled = <M>(
  make: (labels: Series.Labels) => M,
  label: string,
  others: Series.Labels = {}
): ((value: string) => M) => {
  const series = new Map<string, M>()
  return (value) => {
    let found = series.get(value)
    if (found === undefined) series.set(value, (found = make({ ...others, [label]: value })))
    return found
  }
}
