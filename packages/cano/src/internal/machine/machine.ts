import type * as Cause from "effect/Cause"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Workflow } from "../../Workflow.ts"
import { described, isPromise, refuse } from "../faults.ts"
import { fromUnknown, type GeneratorHandler, generatorIn, type Handler } from "./output.ts"
import { type Route, type Routes, type StateDefinition, targetOf } from "./problems.ts"
import { type AnyState, tagOf } from "./state.ts"
import { compiled, type CompiledTask, isTask, plain } from "./task.ts"

/**
 * A machine: `Workflow.make` compiles a definition to it, once. A machine is a value that never changes. Interpreters
 * run it, and `Mermaid` draws it.
 */
export interface Machine {
  readonly name: string
  readonly schema: Schema.Codec<any, any, any, any>
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  /** All states, the exits among them, by their tags. */
  readonly entries: ReadonlyMap<string, Entry>
  /** The initial state; none if it carries a payload. */
  readonly start: AnyState | undefined
  /** Whether some state has a retry policy or an error edge, so that a failure may not be the end. */
  readonly recovers: boolean
  /** Whether some state has a compensation. */
  readonly compensates: boolean
  /** The exits at which a run is compensated. */
  readonly compensateOn: ReadonlySet<string>
  readonly maxTransitions: number
  /** The span of a run. */
  readonly span: { readonly name: string; readonly attributes: Record<string, unknown> }
  readonly faults: Faults
}

const MachineKey: unique symbol = Symbol("effect-cano/Workflow/machine")

/** Puts a machine into a workflow, hidden from printing and comparing. */
export const hideIn = (workflow: object, machine: Machine): void =>
  void Object.defineProperty(workflow, MachineKey, { value: machine })

export const machineOf = (workflow: Workflow.Any): Machine => {
  const machine = (workflow as { readonly [MachineKey]?: Machine } | undefined)?.[MachineKey]
  if (machine === undefined) refuse("Workflow", [`what it was given is ${described(workflow)}, expected a workflow`])
  return machine!
}

/** Makes the errors of a run. Their classes belong to the public module, which imports this one. */
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

/** An edge that a typed failure takes, instead of ending the run. */
export interface ErrorEdge {
  /** The tag of the next state, if it does not depend on the failure. */
  readonly to: string | undefined
  /** Makes the next state from the failure and the state that failed. */
  readonly next: Handler
}

/** A state of a machine. All entries have the same shape, so the loop stays monomorphic. */
export class Entry {
  readonly tag: string
  readonly isExit: boolean
  readonly handler: Handler
  /** The handler as a generator function, if it is one. */
  readonly generator: GeneratorHandler | undefined
  readonly task: CompiledTask
  /** The error edges by the tag of the failure; `"*"` stands for all other failures. */
  readonly errorEdges: ReadonlyMap<string, ErrorEdge>
  /** Undoes the state. Gets the state as it was entered, and the next state, or `None` if the state was not left. */
  readonly compensate: ((entered: any, next: Option.Option<any>) => unknown) | undefined
  /** The first three edges stand in the entry itself: comparing tags costs less than a map look-up. */
  private tag0: string | undefined = undefined
  private tag1: string | undefined = undefined
  private tag2: string | undefined = undefined
  private entry0: Entry | undefined = undefined
  private entry1: Entry | undefined = undefined
  private entry2: Entry | undefined = undefined
  readonly edges = new Map<string, Entry>()

  constructor(
    tag: string,
    isExit: boolean,
    task: CompiledTask,
    errorEdges: ReadonlyMap<string, ErrorEdge>,
    compensate: Entry["compensate"]
  ) {
    this.tag = tag
    this.isExit = isExit
    this.handler = task.handler
    this.generator = generatorIn(task.handler)
    this.task = task
    this.errorEdges = errorEdges
    this.compensate = compensate
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

  /** Gives the entry that an edge leads to, if this state declares the edge. */
  edge(tag: string): Entry | undefined {
    if (tag === this.tag0) return this.entry0
    if (tag === this.tag1) return this.entry1
    if (tag === this.tag2) return this.entry2
    return this.edges.get(tag)
  }
}

/**
 * Compiles definitions to linked entries. `defaults` are the routes of the workflow. `stateOf` makes a state from its tag,
 * if the state has no payload.
 */
export const entriesOf = (
  states: ReadonlyMap<string, StateDefinition>,
  exits: ReadonlyArray<string>,
  defaults: Routes,
  stateOf: (tag: string) => AnyState | undefined
): ReadonlyMap<string, Entry> => {
  const errorEdge = (route: Route): ErrorEdge => {
    if (typeof route === "string") return { to: route, next: fromUnknown(stateOf(route)) }
    if (typeof route === "function") return { to: undefined, next: route }
    const { to, with: payload } = route
    return {
      to,
      next: (error, state) => {
        const given = payload(error, state)
        return isPromise(given) ? given : { ...given, _tag: to }
      }
    }
  }
  const entries = new Map<string, Entry>()
  for (const tag of exits) entries.set(tag, new Entry(tag, true, plain(fromUnknown(tag)), new Map(), undefined))
  for (const [tag, state] of states) {
    const { compensate, run } = state
    const task = isTask(run) ? compiled(run) : plain(fromUnknown(run))
    const errorEdges = new Map(routesOf(state, defaults).map(([error, route]) => [error, errorEdge(route)]))
    const undo = compensate === undefined ? undefined : fromUnknown(compensate)
    entries.set(tag, new Entry(tag, false, task, errorEdges, undo))
  }
  for (const [tag, { to }] of states) entries.get(tag)!.link(to.map((target) => entries.get(target)!))
  return entries
}

/** The routes of a state, and those of the workflow for what they leave. A state that does not list the target cannot be meant. */
const routesOf = ({ catch: own = {}, to }: StateDefinition, defaults: Routes): ReadonlyArray<[string, Route]> => {
  const left = Object.entries(defaults).filter(([error, route]) => {
    const target = targetOf(route)
    return !Object.hasOwn(own, error) && (target === undefined || to.includes(target))
  })
  return [...Object.entries(own), ...("*" in own ? [] : left)]
}

/** Whether some state retries or catches. */
export const recovers = (entries: ReadonlyMap<string, Entry>): boolean =>
  Array.from(entries.values()).some(({ errorEdges, task }) => task.retry !== undefined || errorEdges.size > 0)

/** Whether some state has a compensation. */
export const compensates = (entries: ReadonlyMap<string, Entry>): boolean =>
  Array.from(entries.values()).some(({ compensate }) => compensate !== undefined)

/** Gives the entry of a run's start, or throws if the machine has no such state. */
export const entryOf = (machine: Machine, state: AnyState | undefined): Entry => {
  const entry = machine.entries.get(tagOf(state) ?? "")
  if (entry === undefined) throw machine.faults.undeclared(machine, undefined, state)
  return entry
}

/** Gives the tag of a value, if one of the machine's states has that tag. */
export const knownTag = (machine: Machine, value: any): string | undefined => {
  const tag = tagOf(value)
  return typeof tag === "string" && machine.entries.has(tag) ? tag : undefined
}
