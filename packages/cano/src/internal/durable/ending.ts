import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { Corrupt } from "../../DurableError.ts"
import type { Head, Undo } from "../../Journal.ts"
import type { Entry } from "../machine/machine.ts"
import { type AnyEffect, toEffect } from "../machine/output.ts"
import { Gone, type Ledger, type Written } from "./ledger.ts"
import { described, type End, outcomeText, readOutcome } from "./outcome.ts"
import { codecOf } from "./payloads.ts"
import type { Registered } from "./registry.ts"

/** The process's side of an end. */
interface Around {
  /** Runs the compensation of a state with the services of the run, on a fiber that the worker can stop. */
  readonly run: (undo: Undo, compensation: AnyEffect) => Effect.Effect<Exit.Exit<unknown, unknown>>
  /** Whether the worker wants the run to leave. */
  readonly isStopping: () => boolean
}

/**
 * The end of a run: its compensations, the latest state first, and its last row.
 *
 * The states to undo are rows. So an end that a crash interrupts goes on in another process, with the compensations that
 * are left; the one in flight runs again.
 */
export class Ending {
  hasBegun = false
  hasEnded = false
  /** The compensation that runs, and the end that the run comes to. */
  present: { readonly undo: Undo; readonly end: End } | undefined = undefined
  private readonly ledger: Ledger
  private readonly registered: Registered
  private readonly around: Around
  private readonly undo = new Map<number, Undo>()

  constructor(ledger: Ledger, registered: Registered, undo: ReadonlyArray<Undo>, around: Around) {
    this.ledger = ledger
    this.registered = registered
    this.around = around
    this.keep(undo)
  }

  keep(undo: ReadonlyArray<Undo>): void {
    for (const each of undo) this.undo.set(each.transition, each)
  }

  /** Nothing has to be undone. */
  forget(): void {
    this.undo.clear()
  }

  /** The undo of the state that a transition entered. */
  undoOf(transition: number): Undo | undefined {
    return this.undo.get(transition)
  }

  get all(): ReadonlyArray<Undo> {
    return Array.from(this.undo.values())
  }

  private get pending(): ReadonlyArray<Undo> {
    return this.all
      .filter(({ outcome }) => outcome === "pending")
      .sort((one, other) => other.transition - one.transition)
  }

  /** The run has come to an exit. */
  arrived({ tag }: Entry, row: Partial<Written>): Effect.Effect<void, any> {
    const compensates = this.registered.machine.compensateOn.has(tag) && this.pending.length > 0
    if (!compensates) return this.last({ ...row, status: "done", tag })
    return this.begin({ status: "done" }, { ...row, tag })
  }

  failed(cause: Cause.Cause<unknown>): Effect.Effect<void, any> {
    return Effect.flatMap(this.endOf(cause), (end) => this.begin(end, {}))
  }

  readonly cancelled: Effect.Effect<void, any> = Effect.suspend(() => this.begin({ status: "cancelled" }, {}))

  /** Goes on with an end that another process began. */
  goOn({ error, errorTag }: Head, outcome: string | undefined): Effect.Effect<void, any> {
    return this.unwind({ status: "failed", ...readOutcome(outcome), errorTag, error })
  }

  /** Only a failure that has a schema can be read again. */
  private endOf(cause: Cause.Cause<unknown>): Effect.Effect<End> {
    const end: End = { status: "failed", ...described(cause) }
    const failure = Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)
    const { errors } = this.registered
    if (errors === undefined || Option.isNone(failure)) return Effect.succeed(end)
    const encoded = Effect.option(codecOf(errors).encode(this.ledger.runId, "failure", failure.value))
    return Effect.map(encoded, (failure) => ({ ...end, failure: Option.getOrUndefined(failure) }))
  }

  /** An end whose compensation has failed: the first failure of the run stays the one that is given. */
  private worsened(end: End, tag: string, cause: Cause.Cause<unknown>): Effect.Effect<End> {
    const error = `the compensation of ${tag} failed: ${described(cause).error}`
    if (end.status === "done") return Effect.map(this.endOf(cause), (failed) => ({ ...failed, error }))
    return Effect.succeed({ ...end, error: end.error === undefined ? error : `${end.error}\n${error}`.slice(0, 4096) })
  }

  private begin(end: End, row: Partial<Written>): Effect.Effect<void, any> {
    this.hasBegun = true
    // What the state has kept is of no use to its compensation.
    this.ledger.progress.kept.clear()
    this.ledger.progress.failures.length = 0
    if (this.pending.length === 0) return this.last({ ...row, ...rowOf(end), status: end.status })
    this.ledger.isInLoop = false
    const written = this.written({ ...row, ...compensating(end) })
    // The row itself may belong to the states to undo.
    return Effect.flatMap(written, () => this.unwind(end))
  }

  /** Runs the compensations that are left, with a row after each. */
  private unwind(end: End, pending: ReadonlyArray<Undo> = this.pending, at: number = 0): Effect.Effect<void, any> {
    return Effect.suspend(() => {
      this.hasBegun = true
      const undo = pending[at]
      if (undo === undefined) return this.last({ ...rowOf(end), status: end.status })
      if (this.around.isStopping()) return this.ledger.release
      this.present = { undo, end }
      return Effect.flatMap(this.around.run(undo, this.compensation(undo)), (exit) => {
        const isStopped = this.around.isStopping() && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        if (isStopped) return this.ledger.release
        this.ledger.progress.kept.clear()
        const changed: Undo = { ...undo, outcome: Exit.isSuccess(exit) ? "done" : "failed" }
        const after = Exit.isSuccess(exit) ? Effect.succeed(end) : this.worsened(end, undo.tag, exit.cause)
        return Effect.flatMap(after, (next) =>
          Effect.andThen(this.written({ ...compensating(next), undo: [changed] }), this.unwind(next, pending, at + 1))
        )
      })
    })
  }

  private compensation({ entered, next, tag }: Undo): AnyEffect {
    const { runId } = this.ledger
    const { machine } = this.registered
    const decode = (text: string) => codecOf(machine.schema).decode(runId, "undo", text)
    return Effect.gen(function* () {
      const before = yield* decode(entered)
      const after = next === undefined ? Option.none() : Option.some(yield* decode(next))
      const compensate = machine.entries.get(tag)?.compensate
      if (compensate === undefined) return yield* Effect.fail(new Corrupt({ runId, what: `undo of state ${tag}` }))
      return yield* toEffect(compensate(before, after))
    })
  }

  private last(row: Written): Effect.Effect<void, any> {
    return Effect.map(this.written(row), () => {
      this.hasEnded = true
    })
  }

  /**
   * Writes a row of the end. A store that cannot be written must not keep an end from being written, and neither must a
   * failure that cannot. The first try has taken the changes of the store.
   */
  private written(row: Written): Effect.Effect<void, any> {
    const write = (row: Written) => this.ledger.write(row)
    const bare = row.outcome === undefined ? row : { ...row, outcome: outcomeText({ status: endOfOutcome(row) }) }
    const otherwise = (next: Written) => (error: unknown) => (error instanceof Gone ? Effect.fail(error) : write(next))
    // A state that cannot be written is a failure of the run. Without its state a row would be another row.
    const written =
      row.state !== undefined
        ? write(row)
        : write(row).pipe(Effect.catch(otherwise(row)), Effect.catch(otherwise(bare)))
    return Effect.map(written, () => this.keep(row.undo ?? []))
  }
}

const rowOf = (end: End) => ({ outcome: outcomeText(end), errorTag: end.errorTag, error: end.error })

const endOfOutcome = ({ outcome }: Written): End["status"] => readOutcome(outcome)?.status ?? "failed"

/** The row of a run that compensates before it ends. */
export const compensating = (end: End): Written => ({ ...rowOf(end), status: "running", phase: "compensating" })
