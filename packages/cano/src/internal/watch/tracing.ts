import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import type { Part } from "../../Interpreter.ts"
import { machineOf } from "../machine/machine.ts"
import { type AnyState, tagOf } from "../machine/state.ts"
import type { Watcher } from "../run/compensating.ts"
import { errorTypeOf, outcomeOf } from "./redaction.ts"
import { event, inSpan } from "./spans.ts"

/**
 * Opens a span for a run, each state, each attempt of a task with a retry policy, each part of an attempt, and each
 * compensation.
 */
export const tracing: Watcher = {
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
        current.attribute("cano.run.outcome", Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause))
        current.attribute("cano.run.transitions", run.transitions)
        current.attribute("cano.state.name", run.tag)
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
}

const spanNameOf = (part: Part): string => (part._tag === "Phase" ? `node.${part.name}` : "branch")

const attributesOf = (part: Part): Record<string, unknown> =>
  part._tag === "Phase" ? {} : { "cano.branch.id": part.id }
