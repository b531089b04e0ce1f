import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { JournalFailure } from "../../DurableError.ts"
import type { Shape as Journal } from "../../Journal.ts"
import type { Signal, SignalsShape } from "../../Signal.ts"
import { type Inbox, MailboxesKey } from "../mailboxes.ts"
import { codecOf } from "./payloads.ts"

/** How often a task that waits in its fiber looks for a signal, in milliseconds. */
const every = 250

/**
 * The signals of a run, for tasks that take them with their own code, and for branches of forks. Such a wait keeps its
 * fiber. The next row of the run takes the signals for good.
 */
export class JournalInbox implements Inbox {
  private readonly journal: Journal
  private readonly runId: string
  /** The ids that this stay has taken, and no row yet. */
  private taken: Array<string> = []
  /** The values that have come, by the name of their signal. */
  private readonly arrived = new Map<string, Array<{ readonly id: string; readonly value: Exit.Exit<any, any> }>>()

  constructor(journal: Journal, runId: string) {
    this.journal = journal
    this.runId = runId
  }

  /** Takes a signal for the next row. */
  take(id: string): void {
    this.taken.push(id)
  }

  /** The ids for the next row. */
  get ids(): ReadonlyArray<string> {
    return this.taken
  }

  /** The row with these ids is written. */
  forget(ids: ReadonlyArray<string>): void {
    this.taken = this.taken.filter((id) => !ids.includes(id))
  }

  poll(signal: Signal.Any): Exit.Exit<any, any> | undefined {
    const first = this.arrived.get(signal.name)?.shift()
    if (first === undefined) return undefined
    this.taken.push(first.id)
    return first.value
  }

  arrival(signal: Signal.Any): Effect.Effect<void> {
    const look: Effect.Effect<boolean, JournalFailure> = Effect.flatMap(
      this.journal.signals(this.runId, signal.name),
      ({ signals }) => {
        const known = this.arrived.get(signal.name) ?? []
        const fresh = signals.filter(({ id }) => !this.taken.includes(id) && !known.some((each) => each.id === id))
        const decoded = Effect.forEach(fresh, ({ id, value }) =>
          Effect.map(
            Effect.exit(codecOf(signal.schema).decode(this.runId, `signal "${signal.name}"`, value)),
            (value) => ({
              id,
              value
            })
          )
        )
        return Effect.map(decoded, (values) => {
          this.arrived.set(signal.name, [...known, ...values])
          return known.length + values.length > 0
        })
      }
    )
    const wait: Effect.Effect<void> = Effect.flatMap(
      Effect.orElseSucceed(look, () => false),
      (isThere) => (isThere ? Effect.void : Effect.andThen(Effect.sleep(every), wait))
    )
    return wait
  }
}

/** The service `Signals` of a durable run. Its own tasks may send to the run too. */
export const signalsOf = (
  inbox: JournalInbox,
  send: (signal: Signal.Any, value: unknown, id: string | undefined) => Effect.Effect<any>
): SignalsShape => {
  const take = (signal: Signal.Any): Effect.Effect<any, any> =>
    Effect.suspend(() => inbox.poll(signal) ?? Effect.andThen(inbox.arrival(signal), take(signal)))
  return {
    send: (signal, value, options) => send(signal, value, options?.id),
    take,
    [MailboxesKey]: inbox
  }
}
