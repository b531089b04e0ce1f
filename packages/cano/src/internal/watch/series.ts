import * as Metric from "effect/Metric"

/*
 * The metrics of the library, each as a function of its labels. A series is made once and then updated.
 * `Metric.withAttributes` would cost more at every update.
 */

export type Labels = Readonly<Record<string, string>>

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 3600]

export const runs = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.workflow.runs", {
    description: "Runs of workflows that have ended, by outcome",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const activeRuns = (labels: Labels): Metric.Gauge<number> =>
  Metric.gauge("cano.workflow.active_runs", {
    description: "Runs of workflows that are under way",
    attributes: { unit: "{run}", ...labels }
  })

export const runDuration = (labels: Labels): Metric.Histogram<number> =>
  Metric.histogram("cano.workflow.run.duration", {
    description: "How long runs of workflows take, in seconds",
    attributes: { unit: "s", ...labels },
    boundaries: seconds
  })

export const transitions = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.workflow.transitions", {
    description: "Transitions of workflows from one state to the next",
    attributes: { unit: "{transition}", ...labels },
    incremental: true
  })

export const attempts = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.workflow.attempts", {
    description: "Attempts of the tasks of states, by outcome",
    attributes: { unit: "{attempt}", ...labels },
    incremental: true
  })

export const instances = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.concurrent.instances", {
    description: "Instances of concurrent batches, by outcome",
    attributes: { unit: "{instance}", ...labels },
    incremental: true
  })

export const flowRuns = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.scheduler.runs", {
    description: "Runs of scheduled flows that have ended, by outcome",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const flowLateness = (labels: Labels): Metric.Histogram<number> =>
  Metric.histogram("cano.scheduler.lateness", {
    description: "Delay of runs of scheduled flows between due time and start, in seconds",
    attributes: { unit: "s", ...labels },
    boundaries: seconds
  })

export const flowSkips = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.scheduler.skips", {
    description: "Ticks of scheduled flows that did not become a run, by reason",
    attributes: { unit: "{tick}", ...labels },
    incremental: true
  })
