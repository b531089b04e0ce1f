import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import type { Part } from "../../Interpreter.ts"
import { machineOf } from "../machine/machine.ts"
import { type AnyState, tagOf } from "../machine/state.ts"
import type { Watcher } from "../run/compensating.ts"
import { errorTypeOf, outcomeOf } from "./redaction.ts"
import { event, inSpan } from "./spans.ts"
import { leavesOf, type StayView } from "./stayView.ts"

/**
 * Opens a span for a run, each state, each attempt of a task with a retry policy, each part of an attempt, and each
 * compensation. The run of a stay may leave its process without an end; its spans then end as if all was well.
 */
export const tracingOf = (stay: StayView | undefined): Watcher => ({
  run: (run, inner) => {
    const { span } = machineOf(run.workflow)
    const attributes: Record<string, unknown> = { "cano.workflow.name": run.workflow.name }
    if (run.id !== undefined) attributes["cano.run.id"] = run.id
    const options = { attributes: { ...attributes, ...span.attributes } }
    return inSpan(
      span.name,
      options,
      () => inner,
      (current, exit) => {
        const hasLeft = leavesOf(stay) !== undefined
        const outcome = Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause)
        current.attribute("cano.run.outcome", hasLeft ? "left" : outcome)
        current.attribute("cano.run.transitions", stay?.transitions ?? run.transitions)
        current.attribute("cano.state.name", stay?.tag ?? run.tag)
        return hasLeft ? Exit.void : undefined
      }
    )
  },

  state: (run, inner) => {
    const attributes: Record<string, unknown> = { "cano.workflow.name": run.workflow.name, "cano.state.name": run.tag }
    if (run.task.name !== undefined) attributes["cano.task.name"] = run.task.name
    return inSpan(
      `state ${run.tag}`,
      { attributes },
      () => inner,
      (span, exit) => {
        if (run.caught !== undefined) span.attribute("cano.state.caught", errorTypeOf(run.caught))
        if (Exit.isSuccess(exit)) span.attribute("cano.state.next", tagOf(exit.value as AnyState))
        else if (stay !== undefined && stay.transitions > run.transitions) span.attribute("cano.state.next", stay.tag)
        // A state that its process has stopped was interrupted; one that waits was not.
        const isOver = leavesOf(stay) !== undefined && (stay!.isParked || !isInterrupted(exit))
        return isOver ? Exit.void : undefined
      }
    )
  },

  attempt: (run, inner) =>
    run.task.retry === undefined
      ? inner
      : inSpan("attempt", { attributes: { "cano.attempt": run.attempt } }, () => inner),

  compensation: (run, tag, inner) => {
    const attributes = { "cano.workflow.name": run.workflow.name, "cano.state.name": tag }
    return inSpan("cano.compensate", { attributes }, () => inner)
  },

  part: (_run, part, inner) => inSpan(spanNameOf(part), { attributes: attributesOf(part) }, () => inner),

  attemptFailed: (run, { cause, retryIn }) => {
    const attributes = { "cano.attempt": run.attempt, "error.type": errorTypeOf(cause) }
    return retryIn === undefined
      ? event("failure", attributes)
      : event("retry", { ...attributes, "cano.retry.delay_ms": Duration.toMillis(retryIn) })
  }
})

export const tracing: Watcher = tracingOf(undefined)

const isInterrupted = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)

const spanNameOf = (part: Part): string => (part._tag === "Phase" ? `node.${part.name}` : "branch")

const attributesOf = (part: Part): Record<string, unknown> =>
  part._tag === "Phase" ? {} : { "cano.branch.id": part.id }
