import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"

export type Annotations = Readonly<Record<string, unknown>>

export const annotationsOf = (fiber: Fiber.Fiber<unknown, unknown>): Annotations =>
  fiber.getRef(References.CurrentLogAnnotations)

/** What every log line of a run says about where it comes from. */
export interface RunAnnotations extends Record<string, unknown> {
  "cano.state.name": string
  "cano.attempt": number
}

/**
 * The annotations of a run; those of a run around it are overridden. A run has one such object and changes it, because a
 * context for each state would cost more than the state. So a fiber that a state leaves behind logs the state that the
 * run is in by then.
 */
export const ofRun = (
  inherited: Annotations,
  workflow: string,
  at: { readonly tag: string; readonly attempt: number },
  id: string | undefined
): RunAnnotations => {
  const annotations: RunAnnotations = {
    ...inherited,
    "cano.workflow.name": workflow,
    "cano.state.name": at.tag,
    "cano.attempt": at.attempt
  }
  if (id !== undefined) annotations["cano.run.id"] = id
  return annotations
}

/** Reads an annotation of ours, such as the id of the instance around a run. */
export const read = (annotations: Annotations, name: string): string | undefined => {
  const value = annotations[name]
  return typeof value === "string" ? value : undefined
}

/** A context in which logs have these annotations. */
export const provide = <R>(context: Context.Context<R>, annotations: object): Context.Context<R> =>
  Context.add(context, References.CurrentLogAnnotations, annotations as Annotations)

/** A context in which logs have one annotation more. */
export const add = <R>(context: Context.Context<R>, name: string, value: string): Context.Context<R> =>
  provide(context, { ...Context.get(context, References.CurrentLogAnnotations), [name]: value })
