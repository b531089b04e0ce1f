import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Interceptor, Part, Run } from "../../Interpreter.ts"
import type { Workflow } from "../../Workflow.ts"
import type { Entry, Machine } from "../machine/machine.ts"
import { type AnyEffect, toEffect } from "../machine/output.ts"
import type { AnyState } from "../machine/state.ts"
import type { CompiledTask, Parts } from "../machine/task.ts"
import { type Around, type Breakable, breaking, Chain } from "./chain.ts"
import { Position } from "./position.ts"
import { counting, firstAttempt, recover, type Recovering, retry, type Retrying } from "./recovery.ts"

/** The interceptors around a run, and its name. */
export interface Company {
  /** Names the run. */
  readonly id: string | undefined
  /** Watchers never fail. */
  readonly watchers: ReadonlyArray<Interceptor>
  /** The other interceptors, inside of the watchers. */
  readonly others: ReadonlyArray<Interceptor<any, any>>
}

/** A run with interceptors around it: the loop of all interpreters but the bare one. */
export class LiveRun extends Position implements Run, Recovering, Breakable {
  readonly workflow: Workflow.Any
  readonly id: string | undefined
  readonly branch = undefined
  caught: Cause.Cause<any> | undefined = undefined
  broken: Cause.Cause<any> | undefined = undefined
  failures: ReadonlyArray<number> = []
  private readonly isBreakable: boolean
  private readonly chain: Chain
  private readonly attempts: Attempts

  constructor(workflow: Workflow.Any, machine: Machine, entry: Entry, state: AnyState, company: Company) {
    super(machine, entry, state)
    this.workflow = workflow
    this.id = company.id
    this.isBreakable = company.others.some(
      ({ attempt, attemptFailed, part }) => (attempt ?? part ?? attemptFailed) !== undefined
    )
    this.chain = new Chain([...company.watchers, ...company.others.map((each) => breaking(each, this))])
    this.attempts = new Attempts(this, this, this.chain)
  }

  /** Runs until an exit, and gives the exit. */
  run(): AnyEffect {
    const inner = this.inner()
    const loop = Effect.whileLoop({
      while: () => !this.entry.isExit,
      body: () => (this.transitions >= this.machine.maxTransitions ? this.overrun() : this.turn(inner)),
      step: (next) => this.follow(next)
    })
    const exit = Effect.map(loop, () => this.state)
    const { run } = this.chain
    return this.located(run === undefined ? exit : Effect.suspend(() => run(this, exit)))
  }

  /** Runs one state, and gives the next one. */
  step(): AnyEffect {
    if (this.entry.isExit) return Effect.succeed(this.state)
    return this.located(Effect.suspend(() => this.turn(this.inner())))
  }

  onErrorEdge(cause: Cause.Cause<any>): void {
    this.caught = cause
  }

  override follow(next: unknown): void {
    super.follow(next)
    this.caught = undefined
    this.failures = []
  }

  get task(): CompiledTask {
    return this.entry.task
  }

  get again(): AnyEffect {
    return this.attempts.again
  }

  get onAttemptFailed(): Retrying["onAttemptFailed"] {
    return this.attempts.onFailed
  }

  /** Runs the present state. */
  private turn(inner: AnyEffect): AnyEffect {
    this.announce()
    const { state } = this.chain
    return state === undefined ? inner : state(this, inner)
  }

  /** Makes one Effect for all states: the present state with its retries and error edges. It gives the next state. */
  private inner(): AnyEffect {
    const leave = (next: unknown) => this.leave(next)
    const inner = Effect.matchCauseEffect(this.attempts.first, {
      onSuccess: leave,
      onFailure: (cause) =>
        this.broken === undefined ? Effect.flatMap(recover(this, cause), leave) : Effect.failCause(this.broken)
    })
    return this.isBreakable ? Effect.catchCause(inner, (cause) => Effect.failCause(this.broken ?? cause)) : inner
  }

  /** Gives the next state, or dies if no edge leads to it. Unless an error edge was taken, the attempt has died. */
  private leave(next: any): AnyEffect {
    if (this.broken !== undefined) return Effect.failCause(this.broken)
    if (this.entry.edge(typeof next === "string" ? next : next?._tag) !== undefined) return Effect.succeed(next)
    const cause = Cause.die(this.machine.faults.undeclared(this.machine, this.entry.tag, next))
    const { onFailed } = this.attempts
    return this.caught !== undefined || onFailed === undefined
      ? Effect.failCause(cause)
      : Effect.andThen(onFailed(cause, undefined), Effect.failCause(cause))
  }

  private overrun(): AnyEffect {
    return Effect.fail(this.machine.faults.overrun(this.machine, this.entry.tag))
  }

  private located(effect: AnyEffect): AnyEffect {
    return Effect.catchCause(effect, (cause) =>
      Effect.failCause(this.machine.faults.located(this.machine, cause, this))
    )
  }
}

/** A task among the branches of a fork. It has attempts of its own and shares the position of the run. */
class BranchRun implements Run, Retrying {
  readonly branch: string
  readonly task: CompiledTask
  readonly state: unknown
  readonly caught = undefined
  readonly failures = []
  attempt = 1
  private readonly run: Run
  private readonly attempts: Attempts

  constructor(root: LiveRun, run: Run, chain: Chain, branch: string, task: CompiledTask, state: unknown) {
    this.run = run
    this.branch = branch
    this.task = task
    this.state = state
    this.attempts = new Attempts(this, root, chain)
  }

  get id(): string | undefined {
    return this.run.id
  }

  get workflow(): Workflow.Any {
    return this.run.workflow
  }

  get tag(): string {
    return this.run.tag
  }

  get transitions(): number {
    return this.run.transitions
  }

  get again(): AnyEffect {
    return this.attempts.again
  }

  get onAttemptFailed(): Retrying["onAttemptFailed"] {
    return this.attempts.onFailed
  }

  /** Does nothing: log lines of a branch name the attempt of the state. */
  announce(): void {}

  /** Makes all attempts of the branch. */
  all(): AnyEffect {
    const { first, onFailed } = this.attempts
    const retried = Effect.catchCause(firstAttempt(first), (cause) => retry(this, cause))
    return onFailed === undefined ? retried : Effect.tapCause(retried, (cause) => onFailed(cause, undefined))
  }
}

/** Makes the attempts of a task, with interceptors around each. */
class Attempts {
  readonly first: AnyEffect
  readonly again: AnyEffect
  readonly onFailed: Retrying["onAttemptFailed"]

  constructor(run: LiveRun | BranchRun, root: LiveRun, chain: Chain) {
    const { attempt, attemptFailed } = chain
    const parts = partsOf(run, root, chain)
    const made = () => {
      const { failures, state, task } = run
      const output = toEffect(showsParts(task, chain) ? task.inParts!(state, parts) : task.handler(state))
      return failures.length === 0 ? output : counting(output, failures)
    }
    const inner = Effect.suspend(made)
    // An interceptor that has no use for an attempt gives it back: then nothing stands between the state and the task.
    const around = (attempt: Around) => {
      const effect = attempt(run, inner)
      return effect === inner ? made() : effect
    }
    this.first = attempt === undefined ? inner : Effect.suspend(() => around(attempt))
    this.again = Effect.suspend(() => {
      if (root.broken !== undefined) return Effect.die(root.broken)
      run.attempt++
      run.announce()
      return this.first
    })
    this.onFailed =
      attemptFailed === undefined
        ? undefined
        : (cause, retryIn) =>
            root.broken === undefined && hasFailed(cause) ? attemptFailed(run, { cause, retryIn }) : Effect.void
  }
}

/** Whether to run a task in parts. Only the level `part` needs phases; all levels need the attempts of branches. */
const showsParts = ({ fork, inParts }: CompiledTask, chain: Chain): boolean =>
  inParts !== undefined && (fork !== undefined || chain.part !== undefined)

const hasFailed = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => !Cause.isInterruptReason(reason))

const partsOf = (run: LiveRun | BranchRun, root: LiveRun, chain: Chain): Parts => {
  const around = (part: Part, inner: AnyEffect) => (chain.part === undefined ? inner : chain.part(run, part, inner))
  return {
    check: () => {
      if (root.broken !== undefined) throw new Error("an interceptor has ended the run")
    },
    phase: (name, phase) => around({ _tag: "Phase", name }, phase),
    branch: (id, branch) => around({ _tag: "Branch", id }, branch),
    taskBranch: (id, task, state) =>
      around({ _tag: "Branch", id }, new BranchRun(root, run, chain, id, task, state).all())
  }
}
