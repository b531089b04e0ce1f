import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { hasProperty } from "effect/Predicate"
import { type Counters, type Outcome, RunTimeout } from "./model.ts"

/** A run in a span of its own: a root, because what added the flow has ended long ago. */
export const inSpan = (
  effect: Effect.Effect<any, any, any>,
  flow: string,
  run: number,
  by: "timer" | "hand"
): Effect.Effect<any, any, any> =>
  Effect.withSpan(
    Effect.onExit(effect, (exit) => Effect.annotateCurrentSpan("cano.flow.outcome", outcomeOf(flow, exit))),
    "scheduler.flow",
    {
      root: true,
      captureStackTrace: false,
      attributes: { "cano.flow.id": flow, "cano.flow.run": run, "cano.flow.by": by }
    }
  )

export const outcomeOf = (flow: string, exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (exit._tag === "Success") return "success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  const reason = exit.cause.reasons.find((reason) => !Cause.isInterruptReason(reason))!
  if (Cause.isDieReason(reason)) return "defect"
  return Cause.isFailReason(reason) && reason.error instanceof RunTimeout && reason.error.flow === flow
    ? "timeout"
    : "failure"
}

const names = ["total", "completed", "failed", "cancelled"] as const

/** The counts in the result of a concurrent run, recognised by their shape. */
export const countersOf = (value: unknown): Counters | undefined => {
  if (!hasProperty(value, "status")) return undefined
  const { status } = value
  const isCounters = (u: unknown): u is Counters =>
    names.every((name) => hasProperty(u, name) && typeof u[name] === "number")
  return isCounters(status)
    ? { total: status.total, completed: status.completed, failed: status.failed, cancelled: status.cancelled }
    : undefined
}
