import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import { JournalFailure } from "../../DurableError.ts"
import type { Head, Shape as Journal } from "../../Journal.ts"

/** The most ids of one look. */
const batch = 500

/**
 * Those who wait for the ends of runs. One look in the journal serves all of a process.
 */
export class Waiters {
  private readonly journal: Journal
  private readonly poll: number
  private readonly waiting = new Map<string, Set<Deferred.Deferred<void, JournalFailure>>>()
  private isClosed = false
  /** The runs that have been told of since the last look. */
  private readonly heard = new Set<string>()
  private readonly news = Latch.makeUnsafe(false)
  private readonly someone = Latch.makeUnsafe(false)

  constructor(journal: Journal, poll: number) {
    this.journal = journal
    this.poll = poll
  }

  /** Waits for the end of a run, or until it is known that there is no such run. */
  ended(runId: string): Effect.Effect<void, JournalFailure> {
    return Effect.suspend(() => {
      if (this.isClosed) return closed
      const ended = Deferred.makeUnsafe<void, JournalFailure>()
      const waiting = this.waiting.get(runId)
      if (waiting === undefined) this.waiting.set(runId, new Set([ended]))
      else waiting.add(ended)
      this.someone.openUnsafe()
      const left = Effect.sync(() => {
        const waiting = this.waiting.get(runId)
        waiting?.delete(ended)
        if (waiting?.size === 0) this.waiting.delete(runId)
        if (this.waiting.size === 0) this.someone.closeUnsafe()
      })
      // The run may have ended before.
      const first = Effect.flatMap(this.journal.heads([runId]), ([head]) =>
        hasEnded(head) ? Effect.void : Deferred.await(ended)
      )
      return Effect.ensuring(first, left)
    })
  }

  /** Nobody looks any more: those who wait are told so. */
  close(): void {
    this.isClosed = true
    for (const waiting of this.waiting.values()) for (const ended of waiting) Deferred.doneUnsafe(ended, closed)
  }

  /** A run has ended. */
  tell(runId: string): void {
    for (const ended of this.waiting.get(runId) ?? []) Deferred.doneUnsafe(ended, Effect.void)
  }

  /** A run may have ended. */
  hear(runId: string): void {
    if (!this.waiting.has(runId)) return
    this.heard.add(runId)
    this.news.openUnsafe()
  }

  /** Looks for ends while somebody waits, until interrupted: at some runs when told of them, and at all now and then. */
  readonly looks: Effect.Effect<never> = Effect.suspend(() =>
    Effect.forever(
      Effect.flatMap(Effect.andThen(this.someone.await, Effect.timeoutOption(this.news.await, this.poll)), (told) =>
        this.look(Option.isSome(told))
      )
    )
  )

  private look(isTold: boolean): Effect.Effect<void> {
    const ids = isTold ? Array.from(this.heard) : Array.from(this.waiting.keys())
    this.heard.clear()
    this.news.closeUnsafe()
    const slices = Array.from({ length: Math.ceil(ids.length / batch) }, (_, at) =>
      ids.slice(at * batch, (at + 1) * batch)
    )
    return Effect.forEach(
      slices,
      (ids) =>
        Effect.map(
          Effect.orElseSucceed(this.journal.heads(ids), () => undefined),
          (heads) => {
            if (heads === undefined) return
            const byId = new Map(heads.map((head) => [head.runId, head]))
            for (const id of ids) if (hasEnded(byId.get(id))) this.tell(id)
          }
        ),
      { discard: true }
    )
  }
}

/** Whether a run has ended, or does not exist. */
export const hasEnded = (head: Head | undefined): boolean => head === undefined || endings.has(head.status)

const endings = new Set(["done", "failed", "cancelled"])

const closed = Effect.fail(
  new JournalFailure({ operation: "wait for the end of a run", reason: "Unavailable", cause: "the layer has closed" })
)
