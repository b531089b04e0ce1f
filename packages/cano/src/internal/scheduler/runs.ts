import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { Counters, Flow, Outcome } from "../../Scheduler.ts"
import { RunTimeout } from "../../SchedulerError.ts"
import { peek } from "../blame.ts"
import { inSpan } from "../trace.ts"

/** A run in a span of its own: a root, because what added the flow has ended long ago. */
export const inRunSpan = (
  effect: Effect.Effect<any, any, any>,
  flow: Flow.Any,
  run: number,
  by: "timer" | "hand"
): Effect.Effect<any, any, any> => {
  const choice = flow.options.span
  const attributes = { "cano.flow.id": flow.id, "cano.flow.run": run, "cano.flow.by": by, ...choice?.attributes }
  return inSpan(choice?.name ?? "scheduler.flow", { attributes, root: true }, (span) =>
    Effect.onExit(effect, (exit) =>
      Effect.sync(() =>
        span.attribute("cano.flow.outcome", exit._tag === "Success" ? "success" : outcomeOf(flow.id, exit.cause))
      )
    )
  )
}

/** How a run that did not succeed ended. */
export const outcomeOf = (flow: string, cause: Cause.Cause<unknown>): Exclude<Outcome, "success"> => {
  if (Cause.hasInterruptsOnly(cause)) return "interrupted"
  const reason = cause.reasons.find((reason) => !Cause.isInterruptReason(reason))
  // A cause may be empty.
  if (reason === undefined) return "failure"
  if (Cause.isDieReason(reason)) return "defect"
  if (!Cause.isFailReason(reason)) return "failure"
  const { error } = reason
  return peek(() => error instanceof RunTimeout && error.flow === flow, false) ? "timeout" : "failure"
}

const names = ["total", "completed", "failed", "cancelled"] as const

/** The counts in the result of a concurrent run, recognised by their shape. */
export const countersOf = (value: unknown): Counters | undefined => peek(() => readCounters(value), undefined)

const readCounters = (value: unknown): Counters | undefined => {
  if (!hasProperty(value, "status")) return undefined
  const { status } = value
  const isCounters = (u: unknown): u is Counters =>
    names.every((name) => hasProperty(u, name) && typeof u[name] === "number")
  return isCounters(status)
    ? { total: status.total, completed: status.completed, failed: status.failed, cancelled: status.cancelled }
    : undefined
}
