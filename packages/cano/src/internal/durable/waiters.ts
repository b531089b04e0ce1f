import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { JournalFailure } from "../../DurableError.ts"
import type { Head, Shape as Journal } from "../../Journal.ts"

/** The most ids of one look. */
const batch = 500

/**
 * Those who wait for the ends of runs. One look in the journal serves all of a process.
 */
export class Waiters {
  private readonly journal: Journal
  private readonly poll: number
  private readonly waiting = new Map<string, Set<Deferred.Deferred<void>>>()
  private readonly heard = new Set<string>()

  constructor(journal: Journal, poll: number) {
    this.journal = journal
    this.poll = poll
  }

  /** Waits for the end of a run, or until it is known that there is no such run. */
  ended(runId: string): Effect.Effect<void, JournalFailure> {
    return Effect.suspend(() => {
      const ended = Deferred.makeUnsafe<void>()
      const waiting = this.waiting.get(runId)
      if (waiting === undefined) this.waiting.set(runId, new Set([ended]))
      else waiting.add(ended)
      const left = Effect.sync(() => {
        const waiting = this.waiting.get(runId)
        waiting?.delete(ended)
        if (waiting?.size === 0) this.waiting.delete(runId)
      })
      // The run may have ended before.
      const first = Effect.flatMap(this.journal.heads([runId]), ([head]) =>
        hasEnded(head) ? Effect.void : Deferred.await(ended)
      )
      return Effect.ensuring(first, left)
    })
  }

  /** A run has ended. */
  tell(runId: string): void {
    for (const ended of this.waiting.get(runId) ?? []) Deferred.doneUnsafe(ended, Effect.void)
  }

  /** A run may have ended. */
  hear(runId: string): void {
    if (this.waiting.has(runId)) this.heard.add(runId)
  }

  /** Looks for ends, until interrupted. */
  readonly looks: Effect.Effect<never> = Effect.suspend(() =>
    Effect.forever(Effect.andThen(Effect.sleep(this.poll), this.look))
  )

  private readonly look: Effect.Effect<void> = Effect.suspend(() => {
    const ids = Array.from(this.waiting.keys())
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
  })
}

/** Whether a run has ended, or does not exist. */
export const hasEnded = (head: Head | undefined): boolean => head === undefined || endings.has(head.status)

const endings = new Set(["done", "failed", "cancelled"])
