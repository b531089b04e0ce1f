import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { Conflict, JournalFailure, UnknownRun } from "../../DurableError.ts"
import type * as Journal from "../../Journal.ts"
import { checked } from "./checks.ts"
import * as Rows from "./rows.ts"

/** The largest payload, in bytes. */
const maxPayload = 4 * 1024 * 1024

/** The hints that a slow reader may be behind; it misses older ones. */
const maxHints = 1024

/**
 * A journal in memory: the plain model of all promises, which other journals are compared with. Each operation is one
 * synchronous step, so it is atomic and cannot be interrupted.
 */
export const makeMemory: Effect.Effect<Journal.Shape> = Effect.gen(function* () {
  const hints = yield* PubSub.sliding<string>(maxHints)
  const hint = (runId: string): void => void PubSub.publishUnsafe(hints, runId)
  return checked({ ...operations(new Rows.Tables(hint)), hints: Stream.fromPubSub(hints) }, maxPayload)
})

/** Runs a step at the present time, in whole milliseconds. */
const at = <A>(step: (now: number) => A): Effect.Effect<A> =>
  Effect.clockWith((clock) => Effect.succeed(step(Math.floor(clock.currentTimeMillisUnsafe()))))

const operations = (tables: Rows.Tables): Omit<Journal.Shape, "hints"> => ({
  create: (run) => at((now) => tables.create(run, now)),
  claim: (claim) => at((now) => tables.claim(claim, now)),
  append: (entry) =>
    Effect.flatMap(
      at((now) => tables.append(entry, now)),
      (answer) => answered(entry, answer)
    ),
  release: (run) => at((now) => tables.release(run, now)),
  beat: (worker) => at((now) => tables.beat(worker, now)),
  leave: (owner) => at((now) => tables.leave(owner, now)),
  workers: Effect.sync(() => Array.from(tables.workers.values()).sort(Rows.by((worker) => worker.owner))),
  send: (signal) => at((now) => tables.send(signal, now)),
  signals: (runId, name) => Effect.sync(() => tables.signals(runId, name)),
  cancel: ({ runId }) => at((now) => tables.cancel(runId, now)),
  heads: (runIds) => Effect.sync(() => tables.heads(runIds)),
  load: (runId) =>
    Effect.sync(() => Option.map(Option.fromNullishOr(tables.runs.get(runId)), (run) => Rows.loaded(run))),
  steps: (page) => Effect.sync(() => tables.steps(page)),
  list: (query) => Effect.suspend(() => tables.list(query)),
  remove: (removal) => at((now) => tables.remove(removal, now)),
  define: (definition) => Effect.sync(() => tables.define(definition)),
  definitions: (workflow) =>
    Effect.sync(() =>
      Array.from(tables.definitions.values()).filter((row) => workflow === undefined || row.workflow === workflow)
    ),
  flow: (flowId) => Effect.sync(() => Option.fromNullishOr(tables.flows.get(flowId))),
  saveFlow: (flow) => Effect.sync(() => tables.saveFlow(flow)),
  fire: (fire) => at((now) => tables.fire(fire, now))
})

const answered = (
  { fence, runId }: Journal.Entry,
  answer: ReturnType<Rows.Tables["append"]>
): ReturnType<Journal.Shape["append"]> => {
  switch (answer) {
    case "Conflict":
      return Effect.fail(new Conflict({ runId, fence }))
    case "UnknownRun":
      return Effect.fail(new UnknownRun({ runId }))
    case "Refused":
      return Effect.fail(new JournalFailure({ operation: "append", reason: "Refused" }))
    default:
      return Effect.succeed(answer)
  }
}
