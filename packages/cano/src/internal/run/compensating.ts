import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Inner, Interceptor, Run } from "../../Interpreter.ts"
import type { Entry, Machine } from "../machine/machine.ts"
import { type AnyEffect, effectOf } from "../machine/output.ts"
import type { AnyState } from "../machine/state.ts"

/** A state to undo: data, which an engine can keep in a journal. */
export interface Undo {
  readonly entry: Entry
  /** The state as it was entered. */
  readonly entered: AnyState
  /** The state that followed; none as long as the state is in flight. */
  next: AnyState | undefined
}

/**
 * Runs the compensations of states, the latest state first, and gives the causes of those that failed. None of them can be
 * interrupted, and none stops the others. `undone` is called after each, with its index in the stack, and stops all if it
 * fails. `around` stands around each compensation.
 */
export const unwind = (
  stack: ReadonlyArray<Undo>,
  undone: (undo: Undo, index: number, exit: Exit.Exit<unknown, unknown>) => AnyEffect,
  around: (undo: Undo, compensation: AnyEffect) => AnyEffect = (_, compensation) => compensation
): Effect.Effect<Cause.Cause<unknown>, any, any> =>
  Effect.suspend(() => {
    const failures: Array<Cause.Reason<unknown>> = []
    const each = (undo: Undo, index: number) =>
      Effect.uninterruptible(
        Effect.flatMap(Effect.exit(around(undo, compensationOf(undo))), (exit) => {
          if (Exit.isFailure(exit)) failures.push(...exit.cause.reasons)
          return undone(undo, index, exit)
        })
      )
    const latestFirst = stack.map((undo, index) => [undo, index] as const).reverse()
    const all = Effect.forEach(latestFirst, ([undo, index]) => each(undo, index), { discard: true })
    return Effect.map(all, () => Cause.fromReasons(failures))
  })

const compensationOf = ({ entered, entry, next }: Undo): AnyEffect =>
  Effect.suspend(() =>
    effectOf(`state "${entry.tag}"`, "compensate", entry.compensate?.(entered, Option.fromUndefinedOr(next)))
  )

/** An interceptor that watches, and stands around the compensations of states as well. */
export interface Watcher extends Interceptor {
  readonly compensation?: ((run: Pick<Run, "id" | "workflow">, tag: string, compensation: Inner) => Inner) | undefined
}

/**
 * Compensates a run: remembers the states that it enters, and undoes them if the run does not end well. It is the innermost
 * interceptor, so the other ones see the end of the compensations.
 */
export class Compensating implements Interceptor<any, any> {
  private readonly stack: Array<Undo> = []
  private readonly machine: Machine
  private readonly watchers: ReadonlyArray<Watcher>

  constructor(machine: Machine, watchers: ReadonlyArray<Watcher>) {
    this.machine = machine
    this.watchers = watchers
  }

  state(run: Run, inner: Inner): Inner {
    const entry = this.machine.entries.get(run.tag)!
    if (entry.compensate === undefined) return inner
    return Effect.suspend(() => {
      const undo: Undo = { entry, entered: run.state as AnyState, next: undefined }
      this.stack.push(undo)
      return Effect.map(inner, (next) => {
        undo.next = next as AnyState
        return next
      })
    })
  }

  run(run: Run, inner: Inner): Inner {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.exit(restore(inner)), (exit) => {
        if (this.stack.length === 0 || (Exit.isSuccess(exit) && !this.machine.compensateOn.has(run.tag))) return exit
        const isInterrupted = Effect.map(Effect.exit(restore(Effect.void)), Exit.isFailure)
        return Effect.flatMap(this.unwound(run), (failures) =>
          Effect.flatMap(isInterrupted, (late) => ended(exit, late ? asDefects(failures) : failures))
        )
      })
    ) as Inner
  }

  private unwound(run: Run): AnyEffect {
    const { machine, watchers } = this
    return unwind(
      this.stack,
      () => Effect.void,
      ({ entry: { tag } }, compensation) => {
        const place = { tag, transitions: run.transitions, attempt: 1 }
        const located = Effect.catchCause(compensation, (cause) =>
          Effect.failCause(machine.faults.located(machine, cause, place))
        )
        const logged = Effect.annotateLogs(located, "cano.state.name", tag)
        return watchers.reduceRight((inner, watcher) => watcher.compensation?.(run, tag, inner) ?? inner, logged)
      }
    )
  }
}

/** An interrupted fiber drops typed failures as soon as it skips a handler of failures. It keeps defects. */
const asDefects = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Cause.fromReasons(
    cause.reasons.map((reason) =>
      Cause.isFailReason(reason) ? Cause.makeDieReason(reason.error).annotate(Cause.reasonAnnotations(reason)) : reason
    )
  )

/** The end of a run whose compensations have ended: the failure of the run stands first. */
const ended = (exit: Exit.Exit<unknown, any>, failures: Cause.Cause<unknown>): Exit.Exit<unknown, unknown> => {
  if (failures.reasons.length === 0) return exit
  const own = Exit.isSuccess(exit) ? [] : exit.cause.reasons
  return Exit.failCause(Cause.fromReasons([...own, ...failures.reasons]))
}
