import type * as Cause from "effect/Cause"
import type * as Schema from "effect/Schema"
import type { Workflow } from "../../Workflow.ts"
import { fromUnknown, type Handler } from "./output.ts"
import type { StateDefinition } from "./problems.ts"
import { type AnyState, tagOf } from "./state.ts"
import { compiled, type CompiledTask, isTask, plain } from "./task.ts"

/**
 * A machine: what `Workflow.make` compiles a definition to, once. It is a value. Interpreters run it, `Mermaid` draws it,
 * and nothing in it changes.
 */
export interface Machine {
  readonly name: string
  readonly schema: Schema.Codec<any, any, any, any>
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  /** All states, the exits among them, by their tags. */
  readonly entries: ReadonlyMap<string, Entry>
  /** The state in which a run starts unless told otherwise; none where that state carries a payload. */
  readonly start: AnyState | undefined
  /** Some state retries or catches, so a failure may not be the end. */
  readonly recovers: boolean
  readonly maxTransitions: number
  /** The span of a run. */
  readonly span: { readonly name: string; readonly attributes: Record<string, unknown> }
  readonly faults: Faults
}

const MachineKey: unique symbol = Symbol("effect-cano/Workflow/machine")

/** Puts a machine into a workflow, out of sight of whoever prints or compares it. */
export const hideIn = (workflow: object, machine: Machine): void =>
  void Object.defineProperty(workflow, MachineKey, { value: machine })

export const machineOf = (workflow: Workflow.Any): Machine =>
  (workflow as unknown as { readonly [MachineKey]: Machine })[MachineKey]

/** Says what a run died or failed of. The errors belong to the public module, which imports this one. */
export interface Faults {
  readonly undeclared: (machine: Machine, from: string | undefined, next: unknown) => unknown
  readonly overrun: (machine: Machine, state: string) => unknown
  readonly located: <E>(machine: Machine, cause: Cause.Cause<E>, at: Location) => Cause.Cause<E>
}

/** Where a run stands. */
export interface Location {
  readonly tag: string
  readonly transitions: number
  readonly attempt: number
}

/** Where a typed failure leads, instead of out of the run. */
export interface ErrorEdge {
  /** The tag of the next state, if it does not depend on the failure. */
  readonly to: string | undefined
  /** Gives the next state for a failure and the state that failed. */
  readonly next: Handler
}

/** A state of a machine. All entries have one shape, so that the loop stays monomorphic. */
export class Entry {
  readonly tag: string
  readonly isExit: boolean
  readonly handler: Handler
  readonly task: CompiledTask
  /** By the tag of the failure. */
  readonly errorEdges: ReadonlyMap<string, ErrorEdge>
  /** The first three edges lie in the entry itself: comparing a tag costs less than a map look-up. */
  private tag0: string | undefined = undefined
  private tag1: string | undefined = undefined
  private tag2: string | undefined = undefined
  private entry0: Entry | undefined = undefined
  private entry1: Entry | undefined = undefined
  private entry2: Entry | undefined = undefined
  readonly edges = new Map<string, Entry>()

  constructor(tag: string, isExit: boolean, task: CompiledTask, errorEdges: ReadonlyMap<string, ErrorEdge>) {
    this.tag = tag
    this.isExit = isExit
    this.handler = task.handler
    this.task = task
    this.errorEdges = errorEdges
  }

  link(to: ReadonlyArray<Entry>): void {
    for (const entry of to) this.edges.set(entry.tag, entry)
    this.entry0 = to[0]
    this.entry1 = to[1]
    this.entry2 = to[2]
    this.tag0 = to[0]?.tag
    this.tag1 = to[1]?.tag
    this.tag2 = to[2]?.tag
  }

  /** The entry behind an edge, if this state declares it. */
  edge(tag: string): Entry | undefined {
    if (tag === this.tag0) return this.entry0
    if (tag === this.tag1) return this.entry1
    if (tag === this.tag2) return this.entry2
    return this.edges.get(tag)
  }
}

/** Compiles definitions to linked entries. `stateOf` builds a state from its tag, if the tag alone is enough. */
export const entriesOf = (
  states: ReadonlyMap<string, StateDefinition>,
  exits: ReadonlyArray<string>,
  stateOf: (tag: string) => AnyState | undefined
): ReadonlyMap<string, Entry> => {
  const errorEdge = (route: string | Handler): ErrorEdge =>
    typeof route === "string" ? { to: route, next: fromUnknown(stateOf(route)) } : { to: undefined, next: route }
  const entries = new Map<string, Entry>()
  for (const tag of exits) entries.set(tag, new Entry(tag, true, plain(fromUnknown(tag)), new Map()))
  for (const [tag, { run, catch: routes }] of states) {
    const task = isTask(run) ? compiled(run) : plain(fromUnknown(run))
    const errorEdges = new Map(Object.entries(routes ?? {}).map(([error, route]) => [error, errorEdge(route)]))
    entries.set(tag, new Entry(tag, false, task, errorEdges))
  }
  for (const [tag, { to }] of states) entries.get(tag)!.link(to.map((target) => entries.get(target)!))
  return entries
}

/** Whether some state retries or catches. */
export const recovers = (entries: ReadonlyMap<string, Entry>): boolean =>
  Array.from(entries.values()).some(({ errorEdges, task }) => task.retry !== undefined || errorEdges.size > 0)

/** Where a run starts that is given a state, or none. */
export const entryOf = (machine: Machine, state: AnyState | undefined): Entry => {
  const entry = machine.entries.get(tagOf(state) ?? "")
  if (entry === undefined) throw machine.faults.undeclared(machine, undefined, state)
  return entry
}

/** The tag of a value, if it is the tag of one of the machine's states. */
export const knownTag = (machine: Machine, value: any): string | undefined => {
  const tag = tagOf(value)
  return typeof tag === "string" && machine.entries.has(tag) ? tag : undefined
}
