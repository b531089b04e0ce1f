import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Interceptor, Part } from "../../Interpreter.ts"
import { machineOf } from "../machine/machine.ts"
import { tagOf } from "../machine/state.ts"
import { errorTypeOf, outcomeOf } from "./redaction.ts"
import { event, inSpan } from "./spans.ts"

/** Opens a span for a run, each state, each attempt where retry is configured, and each part of an attempt. */
export const tracing: Interceptor = {
  run: (run, inner) => {
    const { span } = machineOf(run.workflow)
    const attributes: Record<string, unknown> = { "cano.workflow.name": run.workflow.name }
    if (run.id !== undefined) attributes["cano.run.id"] = run.id
    return inSpan(span.name, { attributes: { ...attributes, ...span.attributes } }, (span) =>
      Effect.onExit(inner, (exit) =>
        Effect.sync(() => {
          span.attribute("cano.run.outcome", Exit.isSuccess(exit) ? "success" : outcomeOf(exit.cause))
          span.attribute("cano.run.transitions", run.transitions)
          span.attribute("cano.state.name", run.tag)
        })
      )
    )
  },

  state: (run, inner) => {
    const attributes: Record<string, unknown> = { "cano.workflow.name": run.workflow.name, "cano.state.name": run.tag }
    if (run.task.name !== undefined) attributes["cano.task.name"] = run.task.name
    return inSpan(`state ${run.tag}`, { attributes }, (span) => {
      const caught = () => run.caught && span.attribute("cano.state.caught", errorTypeOf(run.caught))
      return Effect.matchCauseEffect(inner, {
        onSuccess: (next) => {
          caught()
          span.attribute("cano.state.next", tagOf(next as any))
          return Effect.succeed(next)
        },
        onFailure: (cause) => {
          caught()
          return Effect.failCause(cause)
        }
      })
    })
  },

  attempt: (run, inner) =>
    run.task.retry === undefined
      ? inner
      : inSpan("attempt", { attributes: { "cano.attempt": run.attempt } }, () => inner),

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
