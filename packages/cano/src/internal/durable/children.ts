import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { RunCancelled, RunFailed, RunMismatch } from "../../DurableError.ts"
import type { Loaded, StoreChange } from "../../Journal.ts"
import type { Workflow } from "../../Workflow.ts"
import { machineOf } from "../machine/machine.ts"
import type { AnyEffect } from "../machine/output.ts"
import type { AnyState } from "../machine/state.ts"
import { traceparentOf } from "../watch/traceparent.ts"
import type { Host } from "./host.ts"
import type { Ledger } from "./ledger.ts"
import { readOutcome } from "./outcome.ts"
import { codecOf } from "./payloads.ts"
import { newRun, type Registered } from "./registry.ts"

export const living = ["ready", "running", "waiting", "retrying"] as const

/** The child runs of a run. Their ids come from the run, so that a run that goes on finds its children again. */
export class Children {
  private readonly host: Host
  private readonly ledger: Ledger
  private readonly parent: Registered
  private readonly labels: Readonly<Record<string, string>>

  /** The stores that children were given here. One that was created before this stay was given the store of that moment. */
  private readonly given = new Map<string, ReadonlyArray<StoreChange>>()
  private readonly atFirst: ReadonlyArray<StoreChange>

  constructor(host: Host, ledger: Ledger, parent: Registered, { head, store }: Loaded) {
    this.atFirst = store
    this.labels = head.labels
    this.host = host
    this.ledger = ledger
    this.parent = parent
  }

  /** The id of a child: its parent's, the transition, and the branch and the attempt where they tell children apart. */
  idOf(attempt: number, branch: string | undefined): string {
    const { runId, transitions } = this.ledger
    const ofBranch = branch === undefined ? "" : `~${branch}`
    return `${runId}~${transitions}${attempt > 1 ? `.${attempt}` : ""}${ofBranch}`
  }

  /** Creates a child, unless it exists, and gives it as it is. */
  open(id: string, workflow: Workflow.Any, start: unknown): Effect.Effect<Loaded, any> {
    return Effect.gen({ self: this }, function* () {
      const { journal } = this.host
      const machine = machineOf(workflow)
      const registered = yield* this.ledger.persist(this.host.adopt(workflow, this.parent))
      const found = yield* this.ledger.persist(journal.load(id))
      if (Option.isSome(found)) return yield* this.mine(found.value)
      const state = (start === undefined ? machine.start : start) as AnyState
      const text = yield* codecOf(machine.schema).encode(id, "state", state)
      const store = yield* this.ledger.entries
      const parent = { runId: this.ledger.runId, slot: id.slice(this.ledger.runId.length + 1) }
      const trace = yield* Effect.withFiber((fiber) => Effect.succeed(traceparentOf(fiber)))
      this.given.set(id, store)
      const run = newRun(registered, { runId: id, state, text, store, parent, labels: this.labels, trace })
      yield* this.ledger.persist(journal.create(run))
      this.host.nudge()
      const created = yield* this.ledger.persist(journal.load(id))
      if (Option.isNone(created)) return yield* Effect.die(new Error(`Child run "${id}" was removed while it began`))
      return yield* this.mine(created.value)
    })
  }

  /** Refuses a run that has the id of a child by chance. */
  private mine(loaded: Loaded): Effect.Effect<Loaded> {
    const { parent, runId, workflow } = loaded.head
    return parent?.runId === this.ledger.runId
      ? Effect.succeed(loaded)
      : Effect.die(new RunMismatch({ runId, differs: "parent", workflow }))
  }

  /** Whether a child has ended. */
  hasEnded({ head }: Loaded): boolean {
    return !living.some((status) => status === head.status)
  }

  /**
   * The result of an ended child: its exit, or its failure. Its changes of the store become the parent's.
   */
  result(workflow: Workflow.Any, { head, outcome, state, store }: Loaded): AnyEffect {
    const { runId } = head
    const machine = machineOf(workflow)
    if (head.status === "cancelled") return Effect.die(new RunCancelled({ runId }))
    if (head.status === "failed") {
      const failure = readOutcome(outcome)?.failure
      const { errors } = this.parent
      if (errors !== undefined && failure !== undefined)
        return Effect.flatMap(codecOf(errors).decode(runId, "failure", failure), Effect.fail)
      const { error, errorTag, tag, workflow: name } = head
      return Effect.die(new RunFailed({ runId, workflow: name, state: tag, errorTag, error }))
    }
    return Effect.suspend(() => {
      this.ledger.apply(difference(this.given.get(runId) ?? this.atFirst, store))
      return codecOf(machine.schema).decode(runId, "state", state)
    })
  }

  /**
   * Runs a child and waits for it in this fiber: for branches of forks. A branch that is no longer needed cancels its
   * child.
   */
  inFiber(id: string, workflow: Workflow.Any, start: unknown, isLeaving: () => boolean): AnyEffect {
    const ended = Effect.gen({ self: this }, function* () {
      const opened = yield* this.open(id, workflow, start)
      if (this.hasEnded(opened)) return opened
      yield* this.ledger.persist(this.host.awaitEnd(id))
      const found = yield* this.ledger.persist(this.host.journal.load(id))
      return Option.getOrElse(found, () => opened)
    })
    const watched = Effect.onExit(ended, (exit) =>
      Exit.isFailure(exit) && !isLeaving() ? Effect.ignore(this.ledger.persist(this.host.cancel(id))) : Effect.void
    )
    return Effect.flatMap(watched, (loaded) => this.result(workflow, loaded))
  }

  /** Waits until no child lives. */
  readonly ended: Effect.Effect<void, any> = Effect.suspend(() =>
    Effect.flatMap(
      this.ledger.persist(this.host.journal.list({ parent: this.ledger.runId, status: living, limit: 1000 })),
      ({ runs }) =>
        runs.length === 0
          ? Effect.void
          : Effect.andThen(
              Effect.forEach(runs, ({ runId }) => this.ledger.persist(this.host.awaitEnd(runId)), { discard: true }),
              this.ended
            )
    )
  )

  /** Cancels the children that live, and gives their number. */
  readonly cancelAll: Effect.Effect<number, any> = Effect.suspend(() => {
    const { journal } = this.host
    const find = journal.list({ parent: this.ledger.runId, status: living, limit: 1000 })
    return Effect.gen({ self: this }, function* () {
      const { runs } = yield* this.ledger.persist(find)
      yield* Effect.forEach(runs, ({ runId }) => this.ledger.persist(this.host.cancel(runId)), { discard: true })
      const left = yield* this.ledger.persist(find)
      return left.runs.length
    })
  })
}

/** What has changed between two contents of a store. */
const difference = (
  before: ReadonlyArray<StoreChange>,
  after: ReadonlyArray<readonly [string, string]>
): ReadonlyArray<StoreChange> => {
  const old = new Map(before)
  const now = new Map(after)
  return [
    ...after.filter(([key, text]) => old.get(key) !== text),
    ...before.filter(([key]) => !now.has(key)).map(([key]): StoreChange => [key, undefined])
  ]
}
