import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import type { NewRun, Undo } from "../../Journal.ts"
import type { Workflow } from "../../Workflow.ts"
import { entryOf, type Machine } from "../machine/machine.ts"
import type { AnyState } from "../machine/state.ts"
import { definitionOf, type Fingerprinted, schemaHashOf } from "./definition.ts"

/** How runs of an older version go on. */
export interface Migration {
  readonly from: Schema.Codec<any, any>
  readonly to: (old: any) => AnyState
}

/** A workflow that this process can run. */
export interface Registered {
  readonly workflow: Workflow.Any
  readonly machine: Machine
  readonly definition: Fingerprinted
  /** Whether a state may have child runs. */
  readonly hasChildren: boolean
  /** The workflow that nests this one, if the user registered that one alone. */
  readonly root: Registered | undefined
  /** The services of the tasks, and their watchers. The span around the registration is none of them. */
  readonly context: Context.Context<any>
  /** Writes failures down so that they can be read again. */
  readonly errors: Schema.Codec<any, any> | undefined
  /** The migrations by the fingerprint of the older version, for the versions that the journal knows. */
  readonly migrations: Map<string, Migration>
  /** The migrations by the hash of the older schema. */
  readonly migrationsBySchema: ReadonlyMap<string, Migration>
}

export const registeredOf = (
  workflow: Workflow.Any,
  machine: Machine,
  context: Context.Context<any>,
  errors: Schema.Codec<any, any> | undefined,
  migrations: ReadonlyArray<Migration>,
  root?: Registered
): Registered => ({
  workflow,
  machine,
  hasChildren: Array.from(machine.entries.values()).some(({ task }) => (task.child ?? task.fork) !== undefined),
  root,
  definition: definitionOf(machine),
  context: withoutSpan(context),
  errors,
  migrations: new Map(),
  migrationsBySchema: new Map(migrations.map((migration) => [schemaHashOf(migration.from), migration]))
})

const withoutSpan = Context.omit(Tracer.ParentSpan) as (context: Context.Context<any>) => Context.Context<any>

/** The run to create for a start of a workflow. */
export const newRun = (
  { definition, machine }: Pick<Registered, "definition" | "machine">,
  run: Pick<NewRun, "runId" | "store"> &
    Partial<Pick<NewRun, "labels" | "owner" | "parent" | "restartedFrom" | "startIn" | "trace">> & {
      readonly state: AnyState
      readonly text: string
    }
): NewRun => {
  const { tag, compensate } = entryOf(machine, run.state)
  return {
    runId: run.runId,
    workflow: machine.name,
    fingerprint: definition.fingerprint,
    tag,
    state: run.text,
    owner: run.owner,
    startIn: run.startIn ?? 0,
    labels: run.labels ?? {},
    parent: run.parent,
    restartedFrom: run.restartedFrom,
    trace: run.trace,
    transitions: 0,
    store: run.store,
    undo: compensate === undefined ? [] : [pendingUndo(0, tag, run.text)]
  }
}

export const pendingUndo = (transition: number, tag: string, entered: string): Undo => ({
  transition,
  tag,
  entered,
  next: undefined,
  outcome: "pending"
})

/** The workflows of this process. */
export class Registry {
  private readonly byName = new Map<string, Registered>()
  private readonly byFingerprint = new Map<string, Registered>()

  /** Adds a workflow, unless another one has its name. */
  add(registered: Registered): boolean {
    const { fingerprint, workflow } = registered.definition
    const present = this.byName.get(workflow)
    // A workflow that another one has brought along may be registered by itself as well.
    if (present !== undefined && (present.machine !== registered.machine || present.root === undefined)) return false
    this.byName.set(workflow, registered)
    this.byFingerprint.set(fingerprint, registered)
    return true
  }

  /** Removes a workflow, and those that it nests. */
  remove(registered: Registered): void {
    const isGone = (other: Registered) => other === registered || other.root === registered
    for (const [name, other] of this.byName) if (isGone(other)) this.byName.delete(name)
    for (const [fingerprint, other] of this.byFingerprint) if (isGone(other)) this.byFingerprint.delete(fingerprint)
  }

  /** Lets a workflow take over the runs of an older version, if it has a migration for its schema. */
  learn(registered: Registered, fingerprint: string): void {
    const migration = registered.migrationsBySchema.get(fingerprint.split("-")[0]!)
    if (migration === undefined || this.byFingerprint.has(fingerprint)) return
    registered.migrations.set(fingerprint, migration)
    this.byFingerprint.set(fingerprint, registered)
  }

  named(workflow: string): Registered | undefined {
    return this.byName.get(workflow)
  }

  knowing(fingerprint: string): Registered | undefined {
    return this.byFingerprint.get(fingerprint)
  }

  get fingerprints(): ReadonlyArray<string> {
    return Array.from(this.byFingerprint.keys())
  }

  get all(): Iterable<Registered> {
    return this.byName.values()
  }
}
