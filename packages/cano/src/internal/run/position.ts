import type { RunAnnotations } from "../annotations.ts"
import type { Entry, Location, Machine } from "../machine/machine.ts"
import type { AnyState } from "../machine/state.ts"

/** The position of a run. Only the loop of the run moves it. */
export class Position implements Location {
  readonly machine: Machine
  entry: Entry
  state: AnyState
  transitions = 0
  /** The present attempt of the state's task, from 1. */
  attempt = 1
  /** The annotations of the run's log lines; none before the run has a context of its own. */
  annotations: RunAnnotations | undefined = undefined

  constructor(machine: Machine, entry: Entry, state: AnyState) {
    this.machine = machine
    this.entry = entry
    this.state = state
  }

  get tag(): string {
    return this.entry.tag
  }

  /** Makes a transition, or throws if the present state has no edge to the next one. */
  follow(next: any): void {
    const entry = this.entry.edge(typeof next === "string" ? next : next?._tag)
    if (entry === undefined) throw this.machine.faults.undeclared(this.machine, this.entry.tag, next)
    this.entry = entry
    this.state = next
    this.transitions++
    this.attempt = 1
  }

  /** Updates the annotations of log lines to the present position. */
  announce(): void {
    const { annotations } = this
    if (annotations === undefined) return
    annotations["cano.state.name"] = this.entry.tag
    annotations["cano.attempt"] = this.attempt
  }
}
