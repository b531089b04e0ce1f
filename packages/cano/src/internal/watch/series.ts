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

export const durableRuns = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.runs", {
    description: "Durable runs that have ended, by status",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const stays = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.stays", {
    description: "Stays of durable runs in this process that have ended, by how they ended",
    attributes: { unit: "{stay}", ...labels },
    incremental: true
  })

export const activeStays = (labels: Labels): Metric.Gauge<number> =>
  Metric.gauge("cano.durable.active_stays", {
    description: "Durable runs that this process runs now",
    attributes: { unit: "{stay}", ...labels }
  })

export const waits = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.waits", {
    description: "Durable runs that left this process to wait, by the kind of their wait",
    attributes: { unit: "{wait}", ...labels },
    incremental: true
  })

export const wakeLateness = (labels: Labels): Metric.Histogram<number> =>
  Metric.histogram("cano.durable.lateness", {
    description: "How long after it was due a durable run went on, in seconds",
    attributes: { unit: "s", ...labels },
    boundaries: seconds
  })

export const claims = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.claims", {
    description: "Durable runs that this process claimed",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const takeovers = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.takeovers", {
    description: "Durable runs that this process took over from a dead worker",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const orphans = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.orphans", {
    description: "Durable runs that belonged to this worker, and that no fiber drove",
    attributes: { unit: "{run}", ...labels },
    incremental: true
  })

export const signals = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.durable.signals", {
    description: "Signals that this process sent, by the answer of the journal",
    attributes: { unit: "{signal}", ...labels },
    incremental: true
  })

export const lastBeat = (labels: Labels): Metric.Gauge<number> =>
  Metric.gauge("cano.durable.last_beat", {
    description: "The time of the latest heartbeat that reached the journal, in seconds since 1970",
    attributes: { unit: "s", ...labels }
  })

export const lastClaim = (labels: Labels): Metric.Gauge<number> =>
  Metric.gauge("cano.durable.last_claim", {
    description: "The time of the latest claim that the journal answered, in seconds since 1970",
    attributes: { unit: "s", ...labels }
  })

export const appendDuration = (labels: Labels): Metric.Histogram<number> =>
  Metric.histogram("cano.journal.append.duration", {
    description: "How long the journal takes for a row, in seconds, by outcome",
    attributes: { unit: "s", ...labels },
    boundaries: seconds
  })

export const journalFailures = (labels: Labels): Metric.Counter<number> =>
  Metric.counter("cano.journal.failures", {
    description: "Failures of the journal, by operation and reason",
    attributes: { unit: "{failure}", ...labels },
    incremental: true
  })
