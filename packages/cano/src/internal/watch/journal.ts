import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Head, Shape as Journal } from "../../Journal.ts"
import { peek } from "./redaction.ts"
import { ObserverKey, type Sink, SinkKey } from "./sink.ts"

/**
 * Watches a journal for the observer of the context: tells of the runs that end while they stay in no process. Without an
 * observer it is the journal itself.
 */
export const watchedJournal = (journal: Journal): Effect.Effect<Journal> =>
  Effect.withFiber(({ context }) => {
    const sink = Context.getOrUndefined(context, ObserverKey)?.[SinkKey]
    return Effect.succeed(sink === undefined ? journal : telling(journal, sink))
  })

/** Tells of ends that the journal itself writes. */
const telling = (journal: Journal, sink: Sink): Journal => {
  const ended = (head: Head, status: "failed" | "cancelled"): Effect.Effect<void> =>
    Clock.clockWith((clock) => {
      const { createdAt, endedAt, errorTag, runId, tag, transitions, unreadSignals, workflow } = head
      const event = {
        _tag: "RunEnded",
        at: DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()),
        run: runId,
        workflow,
        outcome: status === "failed" ? "failure" : "cancelled",
        state: tag,
        transitions,
        error: status === "failed" ? errorTag : undefined,
        interrupted: undefined,
        unreadSignals,
        duration: Duration.millis(Math.max(0, (endedAt ?? createdAt) - createdAt))
      } as const
      peek(() => sink.publish(event), undefined)
      return Effect.void
    })
  return {
    ...journal,
    claim: (claim) =>
      Effect.tap(journal.claim(claim), ({ died }) =>
        Effect.forEach(died, (head) => ended(head, "failed"), { discard: true })
      ),
    cancel: (request) =>
      Effect.tap(journal.cancel(request), (answer) =>
        answer === "Cancelled"
          ? Effect.flatMap(
              Effect.orElseSucceed(journal.heads([request.runId]), () => []),
              (heads) => Effect.forEach(heads, (head) => ended(head, "cancelled"), { discard: true })
            )
          : Effect.void
      )
  }
}
