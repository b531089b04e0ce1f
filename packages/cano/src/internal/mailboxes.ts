import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as MutableList from "effect/MutableList"
import * as Schema from "effect/Schema"
import type { Signal, SignalMismatch } from "../Signal.ts"

export const MailboxesKey: unique symbol = Symbol("effect-cano/Signals/mailboxes")

/** The answer to a value that was sent. */
export type Receipt = "Accepted" | "Duplicate"

/** Where a task takes the values of signals. */
export interface Inbox {
  /** Takes the oldest value, if there is one. */
  readonly poll: (signal: Signal.Any) => Exit.Exit<unknown, SignalMismatch> | undefined
  /** Waits until there is a value. By then another taker may have taken it. */
  readonly arrival: (signal: Signal.Any) => Effect.Effect<void>
}

interface Mailbox {
  readonly values: MutableList.MutableList<unknown>
  readonly ids: Set<string>
  /** Those who wait for a value. */
  readonly waiting: Set<() => void>
}

/**
 * The mailboxes of signals, by name. To wait and to take are two steps: whoever has waited looks again. So an interruption
 * or a timeout between the two leaves the value where it is, and nobody has to give it back.
 */
export class Mailboxes implements Inbox {
  private readonly byName = new Map<string, Mailbox>()
  private readonly mismatch: (signal: Signal.Any) => SignalMismatch

  constructor(mismatch: (signal: Signal.Any) => SignalMismatch) {
    this.mismatch = mismatch
  }

  send(signal: Signal.Any, value: unknown, id: string | undefined): Receipt {
    const { ids, values, waiting } = this.of(signal)
    if (id !== undefined) {
      if (ids.has(id)) return "Duplicate"
      ids.add(id)
    }
    MutableList.append(values, value)
    // Wakes all, because the first may be interrupted before it takes the value. The others wait again.
    const woken = Array.from(waiting)
    waiting.clear()
    for (const wake of woken) wake()
    return "Accepted"
  }

  /** Takes the oldest value, if there is one. */
  poll(signal: Signal.Any): Exit.Exit<unknown, SignalMismatch> | undefined {
    const { values } = this.of(signal)
    if (values.length === 0) return undefined
    const value = MutableList.take(values)
    if (fits(signal, value)) return Exit.succeed(value)
    MutableList.prepend(values, value)
    return Exit.fail(this.mismatch(signal))
  }

  /** Waits until the mailbox has a value. By then another taker may have taken it. */
  arrival(signal: Signal.Any): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const { values, waiting } = this.of(signal)
      if (values.length > 0) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      waiting.add(wake)
      return Effect.sync(() => void waiting.delete(wake))
    })
  }

  private of({ name }: Signal.Any): Mailbox {
    let mailbox = this.byName.get(name)
    if (mailbox === undefined) {
      mailbox = { values: MutableList.make(), ids: new Set(), waiting: new Set() }
      this.byName.set(name, mailbox)
    }
    return mailbox
  }
}

const guards = new WeakMap<object, (value: unknown) => boolean>()

const fits = ({ schema }: Signal.Any, value: unknown): boolean => {
  let guard = guards.get(schema)
  if (guard === undefined) guards.set(schema, (guard = Schema.is(schema)))
  return guard(value)
}
