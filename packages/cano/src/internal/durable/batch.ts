import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Concurrent from "../../Concurrent.ts"
import { InvalidRun, JournalFailure, RunCancelled } from "../../DurableError.ts"
import type { Wait } from "../../Wait.ts"
import type { Workflow } from "../../Workflow.ts"
import { machineOf } from "../machine/machine.ts"
import { brandStatus } from "../pool/brand.ts"
import { resultOf } from "../pool/result.ts"
import { startProblems } from "./checks.ts"
import type { Engine } from "./engine.ts"

export interface Instance {
  readonly id: string
  readonly state?: unknown
  readonly labels?: Readonly<Record<string, string>> | undefined
}

interface Options extends Omit<Concurrent.Options<Wait>, "concurrency"> {
  readonly batchId: string
}

type AnyResult = Concurrent.Result<unknown, unknown>

/** The label of the runs of a batch. */
const label = "batch"

/** How many instances are cancelled at once. */
const cancelling = 64

interface Start {
  readonly runId: string
  readonly state: unknown
  readonly labels: Readonly<Record<string, string>>
}

/** Starts or joins the run of each instance, waits by the strategy, and cancels the runs that nobody waits for any more. */
export const runBatch = (
  engine: Engine,
  workflow: Workflow.Any,
  instances: ReadonlyArray<Instance>,
  { batchId, onProgress, span, wait }: Options
): Effect.Effect<Concurrent.Batch<Array<AnyResult>>, InvalidRun | JournalFailure> =>
  Effect.gen(function* () {
    const starts = instances.map(({ id, labels, state }): Start => {
      return { runId: `${batchId}/${id}`, state, labels: { ...labels, [label]: batchId } }
    })
    const problems = starts.flatMap(({ labels, runId }) => startProblems(runId, labels))
    if (problems.length > 0) return yield* Effect.fail(new InvalidRun({ problems: problems.slice(0, 20) }))
    const lost = yield* Deferred.make<never, JournalFailure>()
    const runs = starts.map((start) =>
      // The run goes on without the journal's answer, so its instance has not failed: the call has.
      Effect.catch(
        Effect.andThen(engine.start(workflow, start, true), engine.outcome(workflow, start.runId)),
        (error) =>
          error instanceof JournalFailure
            ? Effect.andThen(Deferred.fail(lost, error), Effect.never)
            : Effect.fail(error)
      )
    )
    const ids = instances.map(({ id }) => id)
    const batch = yield* Effect.raceFirst(
      Concurrent.run<Array<Effect.Effect<unknown, unknown>>, Wait>(runs, { ids, onProgress, span, wait }),
      Deferred.await(lost)
    )
    if (wait === undefined || wait._tag === "All") return batch
    const results = yield* Effect.forEach(
      batch.results,
      (result, index) => settled(engine, workflow, starts[index]!, result),
      { concurrency: cancelling }
    )
    const count = (tag: AnyResult["_tag"]) => results.filter(({ _tag }) => _tag === tag).length
    const counts = { completed: count("Completed"), failed: count("Failed"), cancelled: count("Cancelled") }
    return { results, status: brandStatus({ ...batch.status, ...counts }) }
  })

/** The result of an instance after the waiting: the run of one that is not needed any more is cancelled, and awaited. */
const settled = (
  engine: Engine,
  workflow: Workflow.Any,
  { labels, runId }: Start,
  result: AnyResult
): Effect.Effect<AnyResult, JournalFailure> => {
  const { id } = result
  if (result._tag === "Completed") return Effect.succeed(result)
  // An earlier call of the batch has cancelled the run, or an operator.
  if (result._tag === "Failed") return Effect.succeed(isCancellation(result.cause) ? resultOf(undefined, id) : result)
  return Effect.gen(function* () {
    const [head] = yield* engine.journal.heads([runId])
    const isOurs = head?.workflow === machineOf(workflow).name && head.labels[label] === labels[label]
    if (!isOurs) return result
    const end = Effect.andThen(engine.cancel(runId), engine.outcome(workflow, runId))
    const exit = yield* Effect.exit(end)
    if (Exit.isSuccess(exit)) return resultOf(exit, id)
    const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    if (failure instanceof JournalFailure) return yield* Effect.fail(failure)
    return isCancellation(exit.cause) ? result : resultOf(exit, id)
  })
}

const isCancellation = (cause: Cause.Cause<unknown>): boolean =>
  Option.getOrUndefined(Cause.findErrorOption(cause)) instanceof RunCancelled
