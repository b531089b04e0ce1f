import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { hasProperty } from "effect/Predicate"
import { ConfigurationError } from "../../ConfigurationError.ts"
import type { Counters, Flow, Outcome, Tick } from "../../Scheduler.ts"
import { RunTimeout } from "../../SchedulerError.ts"
import { described } from "../faults.ts"
import { peek } from "../watch/redaction.ts"
import { isBrandedStatus } from "../pool/brand.ts"
import { inSpan } from "../watch/spans.ts"

export type AnyEffect = Effect.Effect<any, any, any>

/** The job of a flow, with its timeout. */
export interface Job {
  /** What each run does, unless the job is a function. */
  readonly effect: AnyEffect
  /** What the run for one tick does, if the job is a function. */
  readonly effectOf: ((tick: Tick) => AnyEffect) | undefined
  /** Bounds other work by the timeout of the flow. */
  readonly within: (work: AnyEffect) => AnyEffect
}

/** The job of a flow as it runs. */
export const jobOf = (flow: Flow.Any): Job => {
  const { job } = flow
  const within = (work: AnyEffect): AnyEffect => withinTimeout(flow, work)
  // Not by `typeof`: a service is an Effect, and a class.
  if (Effect.isEffect(job)) return { effect: within(job), effectOf: undefined, within }
  const call = job as (tick: Tick) => unknown
  const given = (tick: Tick) => Effect.suspend(() => effectFrom(flow, call(tick)))
  return { effect: Effect.void, effectOf: (tick) => within(given(tick)), within }
}

const effectFrom = ({ id }: Flow.Any, given: unknown): AnyEffect => {
  if (Effect.isEffect(given)) return given
  const problem = `the job is a function that gave ${described(given)}, expected an Effect`
  return Effect.die(new ConfigurationError({ subject: `Flow "${id}"`, problems: [problem] }))
}

const withinTimeout = ({ id, options }: Flow.Any, effect: AnyEffect): AnyEffect => {
  if (options.timeout === undefined) return effect
  const timeout = Duration.fromInputUnsafe(options.timeout)
  const orElse = () => Effect.fail(new RunTimeout({ flow: id, timeout }))
  return Effect.timeoutOrElse(effect, { duration: timeout, orElse })
}

/** Runs in a span of its own: a root, because the span in which the flow was added has ended long ago. */
export const inRunSpan = (effect: AnyEffect, flow: Flow.Any, run: number, by: Tick["by"]): AnyEffect => {
  const choice = flow.options.span
  const attributes = { "cano.flow.id": flow.id, "cano.flow.run": run, "cano.flow.by": by, ...choice?.attributes }
  return inSpan(choice?.name ?? "scheduler.flow", { attributes, root: true }, (span) =>
    Effect.onExit(effect, (exit) => Effect.sync(() => span.attribute("cano.flow.outcome", runOutcome(flow.id, exit))))
  )
}

/** How a run of a flow ended. The timeout of another flow, which the job has run, is a failure like any other. */
export const runOutcome = (flow: string, exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (exit._tag === "Success") return "success"
  const { cause } = exit
  if (Cause.hasInterruptsOnly(cause)) return "interrupted"
  const reason = cause.reasons.find((reason) => !Cause.isInterruptReason(reason))
  // A cause may be empty.
  if (reason === undefined) return "failure"
  if (Cause.isDieReason(reason)) return "defect"
  if (!Cause.isFailReason(reason)) return "failure"
  const { error } = reason
  return peek(() => error instanceof RunTimeout && error.flow === flow, false) ? "timeout" : "failure"
}

/** The counters of a concurrent run, if its status is in the result of a job. */
export const countersOf = (result: unknown): Counters | undefined =>
  result === undefined ? undefined : peek(() => readCounters(result), undefined)

const readCounters = (result: unknown): Counters | undefined => {
  if (!hasProperty(result, "status") || !isBrandedStatus(result.status)) return undefined
  const { cancelled, completed, failed, total } = result.status
  return { total, completed, failed, cancelled }
}
