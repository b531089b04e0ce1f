import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Head, Shape as Journal } from "../../Journal.ts"
import { type JournalMeter, Meter } from "./meter.ts"
import { count } from "./metering.ts"
import { peek } from "./redaction.ts"
import { ObserverKey, type Sink, SinkKey } from "./sink.ts"

/**
 * Watches a journal for the metrics and the observer of the context: counts its operations, and tells of the runs that
 * end while they stay in no process. Without both it is the journal itself.
 */
export const watchedJournal = (journal: Journal): Effect.Effect<Journal> =>
  Effect.withFiber(({ context }) => {
    const meter = Context.getOrUndefined(context, Meter)?.journal(context)
    const sink = Context.getOrUndefined(context, ObserverKey)?.[SinkKey]
    if (meter === undefined && sink === undefined) return Effect.succeed(journal)
    return Effect.succeed(metered(telling(journal, meter, sink), meter))
  })

/** Counts a run that no fiber drove. */
export const orphaned: Effect.Effect<void> = Effect.withFiber(({ context }) => {
  const meter = Context.getOrUndefined(context, Meter)
  if (meter !== undefined) count(() => meter.journal(context).orphaned())
  return Effect.void
})

/** Tells of ends that the journal itself writes. */
const telling = (journal: Journal, meter: JournalMeter | undefined, sink: Sink | undefined): Journal => {
  const ended = (head: Head, status: "failed" | "cancelled"): Effect.Effect<void> =>
    Clock.clockWith((clock) => {
      count(() => meter?.ended(head.workflow, status))
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
      peek(() => sink?.publish(event), undefined)
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

const metered = (journal: Journal, meter: JournalMeter | undefined): Journal => {
  if (meter === undefined) return journal
  const counted = <A, E>(operation: keyof Journal, call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.tapError(call, (error) =>
      Effect.sync(() => {
        const { _tag, reason } = error as { readonly _tag?: unknown; readonly reason?: unknown }
        if (_tag === "JournalFailure") count(() => meter.failed(operation, String(reason)))
      })
    )
  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis / 1000)
  return {
    ...journal,
    create: (run) => counted("create", journal.create(run)),
    append: (entry) => counted("append", timed(journal.append(entry), meter)),
    claim: (claim) =>
      counted(
        "claim",
        Effect.tap(journal.claim(claim), ({ runs }) =>
          Effect.map(now, (at) => {
            const taken = runs.filter(({ head }) => head.crashes > 0).length
            count(() => meter.claimed(runs.length, taken, at))
          })
        )
      ),
    beat: (worker) =>
      counted(
        "beat",
        Effect.tap(journal.beat(worker), () => Effect.map(now, (at) => count(() => meter.beat(at))))
      ),
    send: (signal) =>
      counted(
        "send",
        Effect.tap(journal.send(signal), (answer) => Effect.sync(() => count(() => meter.signalled(answer))))
      ),
    release: (run) => counted("release", journal.release(run)),
    leave: (owner) => counted("leave", journal.leave(owner)),
    cancel: (request) => counted("cancel", journal.cancel(request)),
    signals: (runId, name) => counted("signals", journal.signals(runId, name)),
    heads: (runIds) => counted("heads", journal.heads(runIds)),
    load: (runId) => counted("load", journal.load(runId)),
    steps: (page) => counted("steps", journal.steps(page)),
    list: (query) => counted("list", journal.list(query)),
    remove: (removal) => counted("remove", journal.remove(removal)),
    define: (definition) => counted("define", journal.define(definition)),
    definitions: (workflow) => counted("definitions", journal.definitions(workflow))
  }
}

/** Measures how long a row takes. */
const timed = <A, E>(append: Effect.Effect<A, E>, meter: JournalMeter): Effect.Effect<A, E> =>
  Clock.clockWith((clock) => {
    const start = clock.monotonicTimeNanosUnsafe()
    return Effect.onExit(append, (exit) =>
      Effect.sync(() => {
        const seconds = Number(clock.monotonicTimeNanosUnsafe() - start) / 1e9
        count(() => meter.appended(outcomeOf(exit), seconds))
      })
    )
  })

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): "written" | "conflict" | "failed" => {
  if (Exit.isSuccess(exit)) return "written"
  const isConflict = exit.cause.reasons.some(
    (reason) => reason._tag === "Fail" && (reason.error as { readonly _tag?: unknown })._tag === "Conflict"
  )
  return isConflict ? "conflict" : "failed"
}
