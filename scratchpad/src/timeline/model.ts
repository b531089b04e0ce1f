/**
 * What the page shows, as plain data: the machines, and the runs as steps to move through and visits to draw. Everything
 * that can be said in words is worded here, so that the script of the page only places it.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { WorkflowEvent } from "effect-cano/Observer"
import type * as Workflow from "effect-cano/Workflow"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export interface Machine {
  readonly name: string
  /** By index, as everything below names them. The states that are no exits come first. */
  readonly states: ReadonlyArray<{ readonly name: string; readonly isExit: boolean }>
  readonly initial: number
  readonly edges: ReadonlyArray<{
    readonly from: number
    readonly to: number
    /** The kinds of failure that it was taken for, in any run. */
    readonly errors: ReadonlyArray<string>
  }>
}

/** An instant: milliseconds since the start of the run, and the step that it belongs to, with a part of the way to the next. */
export interface Instant {
  readonly ms: number
  readonly step: number
}

export interface Attempt {
  readonly start: Instant
  readonly end: Instant
  readonly error: string | undefined
}

export interface Visit {
  readonly state: number
  readonly start: Instant
  readonly end: Instant
  readonly attempts: ReadonlyArray<Attempt>
  readonly outcome: "left" | "caught" | "failed" | "interrupted" | "running" | "exit"
  readonly text: string
  /** A line for each attempt. */
  readonly details: ReadonlyArray<string>
}

export interface Step {
  readonly ms: number
  /** Where the run is after it. */
  readonly state: number
  readonly edge: number | undefined
  readonly text: string
}

export interface Run {
  readonly machine: number
  /** How deep it is nested in other runs of the page. */
  readonly depth: number
  readonly title: string
  readonly summary: string
  readonly outcome: "success" | "failure" | "defect" | "interrupted" | "running"
  readonly ms: number
  readonly steps: ReadonlyArray<Step>
  readonly visits: ReadonlyArray<Visit>
}

export interface Model {
  readonly machines: ReadonlyArray<Machine>
  readonly runs: ReadonlyArray<Run>
}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/** The runs of these workflows that the events tell of, in the order in which they started. */
export const make = (workflows: ReadonlyArray<Workflow.Workflow.Any>, events: ReadonlyArray<WorkflowEvent>): Model => {
  const byRun = Map.groupBy(events, ({ run }) => run)
  const machines = workflows.map((workflow) => machineOf(workflow, events))
  const depths = new Map<string, number>()
  const runs: Array<Run> = []
  for (const [id, own] of byRun) {
    const start = own[0]!
    const parent = start._tag === "RunStarted" ? start.parent : undefined
    const machine = workflows.findIndex(({ name }) => name === start.workflow)
    const depth = (parent === undefined ? undefined : depths.get(parent)) ?? 0
    depths.set(id, machine === -1 ? depth : depth + 1)
    if (machine !== -1) runs.push(new Reader(machines[machine]!, own).run(machine, depth))
  }
  return { machines, runs }
}

const machineOf = (workflow: Workflow.Workflow.Any, events: ReadonlyArray<WorkflowEvent>): Machine => {
  const { edges, exits, initial, name } = workflow
  const tags = [...edges.keys(), ...exits]
  const errorsOf = (from: string, to: string): ReadonlyArray<string> => {
    const taken = events.flatMap((event) =>
      event._tag === "StateLeft" && event.workflow === name && event.state === from && event.next === to
        ? (event.error ?? [])
        : []
    )
    return Array.from(new Set(taken))
  }
  return {
    name,
    states: tags.map((tag) => ({ name: tag, isExit: exits.includes(tag) })),
    initial: tags.indexOf(initial),
    edges: Array.from(edges).flatMap(([from, targets]) =>
      targets.map((to) => ({ from: tags.indexOf(from), to: tags.indexOf(to), errors: errorsOf(from, to) }))
    )
  }
}

/** Reads the events of one run. */
class Reader {
  private readonly machine: Machine
  private readonly events: ReadonlyArray<WorkflowEvent>
  private readonly start: number
  private readonly steps: Array<Step> = []
  private readonly visits: Array<Visit> = []
  private readonly counts = new Map<number, number>()
  /** The visit that is under way. */
  private entered: Instant | undefined
  private attempts: Array<Attempt> = []
  private attemptStart: Instant | undefined
  private state = -1

  constructor(machine: Machine, events: ReadonlyArray<WorkflowEvent>) {
    this.machine = machine
    this.events = events
    this.start = DateTime.toEpochMillis(events[0]!.at)
  }

  run(machine: number, depth: number): Run {
    for (const event of this.events) this.read(event)
    const started = this.events[0]!
    const ended = this.events.findLast((event) => event._tag === "RunEnded")
    const now = this.instant()
    if (ended === undefined && this.entered !== undefined) this.close(now, "running", `${this.visitName()} still runs`)
    const { flow = undefined, instance = undefined } = started._tag === "RunStarted" ? started : {}
    const title = [
      `run ${started.run}: ${this.machine.name}`,
      ...(instance === undefined ? [] : [`instance ${instance}`]),
      ...(flow === undefined ? [] : [`flow ${flow}`]),
      ended === undefined ? "running" : ended.outcome === "success" ? ended.state : ended.outcome
    ].join(", ")
    return {
      machine,
      depth,
      title,
      summary: summaryOf(ended),
      outcome: ended === undefined ? "running" : ended.outcome === "cancelled" ? "interrupted" : ended.outcome,
      ms: this.steps.at(-1)!.ms,
      steps: this.steps,
      visits: this.visits
    }
  }

  private read(event: WorkflowEvent): void {
    // The clock of a machine may be set back.
    const ms = Math.max(this.steps.at(-1)?.ms ?? 0, DateTime.toEpochMillis(event.at) - this.start)
    const before = this.state
    const tag = event._tag === "StateLeft" ? event.next : event.state
    this.state = this.machine.states.findIndex(({ name }) => name === tag)
    const edge =
      event._tag === "StateLeft"
        ? this.machine.edges.findIndex(({ from, to }) => from === before && to === this.state)
        : undefined
    this.steps.push({ ms, state: this.state, edge, text: textOf(event) })
    const now = this.instant()
    switch (event._tag) {
      case "RunStarted":
      case "RunResumed":
        break
      case "RunLeft":
        if (this.entered !== undefined) this.close(now, "running", `${this.visitName()}: the run is ${event.why}`)
        break
      case "StateEntered":
        this.counts.set(this.state, (this.counts.get(this.state) ?? 0) + 1)
        this.entered = now
        this.attemptStart = now
        this.attempts = []
        break
      case "AttemptFailed":
        this.attempts.push({ start: this.attemptStart ?? now, end: now, error: event.error })
        this.attemptStart =
          event.retryIn === undefined
            ? undefined
            : { ms: now.ms + Duration.toMillis(event.retryIn), step: now.step + 0.3 }
        break
      case "StateLeft":
        this.left(now, event, before)
        break
      case "RunEnded":
        this.ended(now, event)
    }
  }

  private left(now: Instant, event: WorkflowEvent.StateLeft, from: number): void {
    const exit = this.state
    this.state = from
    const why = event.error === undefined ? "" : `${event.error}, `
    const { attempts, error, next } = event
    const text = `${this.visitName()}: ${why}${count(attempts, "attempt")} in ${duration(event.duration)}, then ${next}`
    this.close(now, error === undefined ? "left" : "caught", text)
    this.state = exit
    if (this.machine.states[exit]?.isExit !== true) return
    this.counts.set(exit, (this.counts.get(exit) ?? 0) + 1)
    this.visits.push({
      state: exit,
      start: now,
      end: now,
      attempts: [],
      outcome: "exit",
      text: `${next}: the exit`,
      details: []
    })
  }

  private ended(now: Instant, event: WorkflowEvent.RunEnded): void {
    if (this.entered === undefined) return
    const tries = count(this.attempts.length + (this.attemptStart === undefined ? 0 : 1), "attempt")
    if (event.outcome === "interrupted" || event.outcome === "cancelled")
      this.close(now, "interrupted", `${this.visitName()}: ${event.outcome}, ${tries}`)
    else this.close(now, "failed", `${this.visitName()}: the run failed with ${event.error}, ${tries}`)
  }

  private close(now: Instant, outcome: Visit["outcome"], text: string): void {
    const last = this.attemptStart
    if (last !== undefined && last.ms <= now.ms) this.attempts.push({ start: last, end: now, error: undefined })
    const { attempts, entered = now, state } = this
    const details = attempts.map(({ end, error, start }, index) => {
      const why = error === undefined ? "" : `failed with ${error} after `
      return `attempt ${index + 1}: ${why}${duration(Duration.millis(end.ms - start.ms))}`
    })
    this.visits.push({ state, start: entered, end: now, attempts, outcome, text, details })
    this.entered = undefined
    this.attemptStart = undefined
    this.attempts = []
  }

  private instant(): Instant {
    return { ms: this.steps.at(-1)!.ms, step: this.steps.length - 1 }
  }

  private visitName(): string {
    const name = this.machine.states[this.state]?.name ?? "?"
    const visits = this.counts.get(this.state) ?? 1
    return visits === 1 ? name : `${name}, visit ${visits}`
  }
}

// -----------------------------------------------------------------------------
// words
// -----------------------------------------------------------------------------

const textOf = (event: WorkflowEvent): string => {
  switch (event._tag) {
    case "RunStarted":
      return `The run starts in ${event.state}`
    case "RunResumed":
      return `The run goes on in ${event.state}, after a ${event.after}`
    case "RunLeft":
      return `The run is ${event.why} in ${event.state}`
    case "StateEntered":
      return `${event.state} starts`
    case "AttemptFailed": {
      const next = event.retryIn === undefined ? "" : `, again in ${duration(event.retryIn)}`
      return `${event.state}: attempt ${event.attempt} failed with ${event.error}${next}`
    }
    case "StateLeft":
      return event.error === undefined
        ? `${event.state} leads to ${event.next}`
        : `${event.state} leads to ${event.next}, by the error edge for ${event.error}`
    case "StateCompensated":
      return `${event.state} is compensated: ${event.outcome}`
    case "RunEnded":
      return summaryOf(event)
  }
}

const summaryOf = (event: WorkflowEvent.RunEnded | undefined): string => {
  if (event === undefined) return "The run has not ended"
  const after = `after ${count(event.transitions, "transition")} and ${duration(event.duration)}`
  switch (event.outcome) {
    case "success":
      return `The run ended in ${event.state} ${after}`
    case "cancelled":
    case "interrupted":
      return `The run was ${event.outcome} in ${event.state} ${after}`
    default:
      return `The run failed in ${event.state} with ${event.error} ${after}`
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`

/** In milliseconds below a second, else in seconds; from a minute on as Effect writes it. */
const duration = (self: Duration.Duration): string => {
  const ms = Duration.toMillis(self)
  if (ms >= 60_000) return Duration.format(Duration.seconds(Math.round(ms / 1000)))
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toPrecision(2))} ms`
}
