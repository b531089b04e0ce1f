import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import type { Conflict, JournalFailure, NotEncodable, TooLarge, UnknownRun } from "../../DurableError.ts"
import type { Entry as Row, Loaded, Shape as Journal, Status, StoreChange, Undo, Wake } from "../../Journal.ts"
import type { MemoryStore } from "../../Store.ts"
import type { Transaction } from "../run/outside.ts"
import { type Change, Encoded, JournalKey, type Journaled } from "../cell.ts"
import { JournalInbox } from "./inbox.ts"
import { codecOf } from "./payloads.ts"
import { type Progress, readProgress, writeProgress } from "./progress.ts"

type Appended = Effect.Success<ReturnType<Journal["append"]>>

/** What a row says beside what the ledger knows. */
export interface Written {
  readonly status: Status
  readonly phase?: Row["phase"]
  /** The present state, with its payload and the transitions before it, if the row leads to another state. */
  readonly tag?: string
  readonly state?: string
  readonly transitions?: number
  readonly attempt?: number
  readonly wake?: Wake
  readonly waitsFor?: string
  readonly awaitsChildren?: number
  readonly undo?: ReadonlyArray<Undo>
  readonly errorTag?: string | undefined
  readonly error?: string | undefined
  readonly outcome?: string | undefined
  readonly attempts?: number
}

/**
 * Writes the rows of a run, and knows where the run stands in the journal.
 *
 * A journal that is away is tried again, for as long as the worker may keep the run. Whoever gets a {@link Gone} has to
 * stop: another worker has the run.
 */
export class Ledger {
  readonly runId: string
  readonly journal: Journal
  readonly fence: number
  readonly owner: string
  readonly fingerprint: string
  readonly signals: JournalInbox
  /** What the present state keeps from attempt to attempt. */
  readonly progress: Progress
  tag: string
  transitions: number
  sequence: number
  inbox: number
  /** The end of the present wait. */
  deadline: number | undefined
  /** Whether the latest row was answered with a request to cancel the run. */
  isCancelRequested: boolean
  /** Whether rows are written by the fiber that the worker interrupts when the run has to leave. */
  isInLoop = false
  /** Opened when the worker may not keep the run: then nobody waits for the journal any more. */
  private readonly givenUp = Latch.makeUnsafe(false)
  private isLost = false
  /** Whether something has happened to the run that it has not seen. */
  hasNews = false
  /** Called when a row is answered with a request to cancel the run. */
  onCancel: () => void = () => {}
  private readonly turn = Semaphore.makeUnsafe(1)
  /** The transaction that the next row belongs to. */
  transaction: Transaction | undefined = undefined
  /** The latest row of this stay. */
  written: Written | undefined = undefined
  /** Whether the run was given back without a row. */
  isReleased = false
  /** Whether another worker has the run, or may have it. */
  isGone = false
  private store: Journaled | undefined = undefined

  constructor(journal: Journal, owner: string, fingerprint: string, { head, progress }: Loaded) {
    this.journal = journal
    this.owner = owner
    this.fingerprint = fingerprint
    this.runId = head.runId
    this.fence = head.fence
    this.tag = head.tag
    this.transitions = head.transitions
    this.sequence = head.sequence
    this.inbox = head.inbox
    this.deadline = head.deadline
    this.isCancelRequested = head.isCancelRequested
    this.progress = readProgress(progress)
    this.signals = new JournalInbox(journal, head.runId)
  }

  /** Fills a store from the journal. Its changes belong to the next row. */
  restore(store: MemoryStore["Service"], entries: Loaded["store"]): void {
    this.store = journaledOf(store)
    this.store.restore(entries)
  }

  private advanced(transitions: number): void {
    this.transitions = transitions
    this.progress.failures.length = 0
    this.progress.kept.clear()
    this.deadline = undefined
  }

  /** Writes a row. Branches of a fork may write at once, and each row follows the one before. */
  write(row: Written): Effect.Effect<void, Gone | JournalFailure | NotEncodable | TooLarge> {
    return this.turn.withPermit(
      Effect.suspend(() => {
        const changes = this.store?.take() ?? []
        if (changes.length === 0) return this.append(row, [], this.signals.ids)
        return Effect.flatMap(this.texts(changes), (store) => this.append(row, store, this.signals.ids))
      })
    )
  }

  /**
   * Keeps a value with the present state, in a row of its own. The changes of the store, and the signals that were taken,
   * belong to the row of the state.
   */
  keep(name: string, text: string, row: Written): Effect.Effect<void, Gone | JournalFailure | TooLarge> {
    const { transitions } = this
    const { kept } = this.progress
    const written = Effect.suspend(() => {
      if (this.transitions !== transitions)
        return Effect.die(new Error(`checkpoint "${name}" of a state that was left`))
      kept.set(name, text)
      return Effect.tapCause(this.append(row, [], []), () => Effect.sync(() => kept.delete(name)))
    })
    return this.turn.withPermit(written)
  }

  private append(row: Written, store: ReadonlyArray<StoreChange>, signals: ReadonlyArray<string>) {
    const entry: Row = {
      runId: this.runId,
      owner: this.owner,
      fence: this.fence,
      sequence: this.sequence + 1,
      inbox: this.inbox,
      status: row.status,
      phase: row.phase ?? "forward",
      tag: row.tag ?? this.tag,
      state: row.state,
      fingerprint: this.fingerprint,
      transitions: row.transitions ?? this.transitions,
      attempt: row.attempt ?? 1,
      wake: row.wake,
      waitsFor: row.waitsFor,
      awaitsChildren: row.awaitsChildren ?? 0,
      store,
      signals,
      undo: row.undo ?? [],
      // What a state has kept is forgotten when the run leaves the state.
      progress: row.transitions === undefined ? writeProgress(this.progress) : undefined,
      errorTag: row.errorTag,
      error: row.error,
      outcome: row.outcome,
      attempts: row.attempts ?? 1
    }
    const { transaction } = this
    const appended =
      transaction === undefined
        ? this.settled(this.persist(this.journal.append(entry)))
        : this.joined(transaction, entry)
    // The commit and the change of the position belong together.
    return Effect.uninterruptible(
      Effect.map(appended, ({ inbox, isCancelRequested }) => {
        this.sequence = entry.sequence
        this.written = row
        this.hasNews = inbox !== entry.inbox
        this.inbox = inbox
        this.tag = entry.tag
        if (entry.transitions > this.transitions) this.advanced(entry.transitions)
        this.isCancelRequested = isCancelRequested
        if (isCancelRequested && entry.phase === "forward") this.onCancel()
        if (entry.signals.length > 0) this.signals.forget(entry.signals)
      })
    )
  }

  /**
   * Writes a row in the transaction of its state. A transaction that cannot be committed is not tried again: the state is
   * in flight again, for whoever claims the run.
   */
  private joined(transaction: Transaction, entry: Row): Effect.Effect<Appended, Gone | JournalFailure | TooLarge> {
    this.transaction = undefined
    return Effect.andThen(transaction.append(entry), (answer) => Effect.as(transaction.commit, answer)).pipe(
      Effect.tapCause(() => transaction.rollback),
      Effect.catchTags({
        Conflict: () => this.gone,
        UnknownRun: () => this.gone,
        JournalFailure: (failure) =>
          failure.reason === "Refused" ? Effect.fail(failure) : Effect.andThen(this.release, this.gone)
      })
    )
  }

  /** Rolls the transaction of a state back that did not come to its row. */
  readonly rollback: Effect.Effect<void> = Effect.suspend(() => {
    const { transaction } = this
    this.transaction = undefined
    return transaction?.rollback ?? Effect.void
  })

  /** All entries of the store. */
  readonly entries: Effect.Effect<ReadonlyArray<StoreChange>, NotEncodable> = Effect.suspend(() =>
    this.texts(this.store?.all() ?? [])
  )

  /** Takes changes of the store over from a child. */
  apply(changes: ReadonlyArray<StoreChange>): void {
    this.store?.apply(changes)
  }

  private texts(changes: ReadonlyArray<Change>): Effect.Effect<ReadonlyArray<StoreChange>, NotEncodable> {
    return Effect.forEach(changes, ({ name, schema, value }): Effect.Effect<StoreChange, NotEncodable> => {
      if (schema === undefined) return Effect.succeed([name, undefined])
      if (value instanceof Encoded) return Effect.succeed([name, value.text])
      return Effect.map(codecOf(schema).encode(this.runId, `store key "${name}"`, value), (text) => [name, text])
    })
  }

  /** Tries a call of the journal again while the journal is away. */
  persist<A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, Exclude<E, Conflict | UnknownRun> | Gone> {
    const attempt = (delay: number): Effect.Effect<A, any> =>
      Effect.catch(call as Effect.Effect<A, any>, (error: Conflict | UnknownRun | JournalFailure | TooLarge) => {
        if (error._tag === "Conflict" || error._tag === "UnknownRun") return this.gone
        if (error._tag !== "JournalFailure" || error.reason === "Refused") return Effect.fail(error)
        return Effect.andThen(Effect.sleep(delay), attempt(Math.min(delay * 2, slowest)))
      })
    return attempt(quickest)
  }

  /**
   * Waits for the journal no longer: the worker may not keep the run. What a state has done may still be written, unless
   * the run is lost.
   */
  giveUp(isLost: boolean): void {
    this.isLost ||= isLost
    this.givenUp.openUnsafe()
  }

  /**
   * A call that does not answer must not hold a run that has to leave. An append that is interrupted is repeated, which
   * changes nothing (J3): then it is known to be written. Only a run that is given up leaves without knowing.
   */
  private settled<A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | Gone> {
    const late = Effect.andThen(
      this.givenUp.await,
      Effect.suspend(() => (this.isLost ? this.gone : Effect.delay(this.gone, lastAppend)))
    )
    const bounded = Effect.raceFirst(Effect.interruptible(call), late)
    if (!this.isInLoop) return bounded
    return Effect.catchCause(Effect.interruptible(call), (cause): Effect.Effect<A, E | Gone> => {
      if (!Cause.hasInterrupts(cause)) return Effect.failCause(cause)
      return this.isLost ? this.gone : bounded
    })
  }

  /** Gives the run back to whoever is free. */
  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    this.isReleased = true
    return Effect.ignore(
      Effect.timeout(this.journal.release({ runId: this.runId, owner: this.owner, fence: this.fence }), longestRelease)
    )
  })

  private readonly gone: Effect.Effect<never, Gone> = Effect.suspend(() => {
    this.isGone = true
    return Effect.fail(new Gone())
  })
}

/** How long to wait for the last row of a run that leaves, in milliseconds. */
const lastAppend = 1000

/** How long to wait for a journal that takes a run back, in milliseconds. The worker's end gives the run back too. */
const longestRelease = 5000

/** The delays between two tries of a journal that is away, in milliseconds. */
const quickest = 20
const slowest = 1000

/** Another worker has the run, or nobody. */
export class Gone {
  readonly _tag = "effect-cano/Gone"
}

export const isGone = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error instanceof Gone)

export const journaledOf = (store: MemoryStore["Service"]): Journaled =>
  (store as unknown as { readonly [JournalKey]: Journaled })[JournalKey]
