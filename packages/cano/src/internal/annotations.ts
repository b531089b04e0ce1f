import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"

export type Annotations = Readonly<Record<string, unknown>>

export const annotationsOf = (fiber: Fiber.Fiber<unknown, unknown>): Annotations =>
  fiber.getRef(References.CurrentLogAnnotations)

/** The annotations that every log line of a run has. */
export interface RunAnnotations extends Record<string, unknown> {
  "cano.state.name": string
  "cano.attempt": number
}

/**
 * Makes the annotations of a run. They override the annotations of a run around it. A run has one such object and
 * changes it, because a new context for each state would cost more than the state. So a fiber that outlives its state
 * logs the present state of the run.
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

/** Reads an annotation of the library, such as the id of the instance around a run. */
export const read = (annotations: Annotations, name: string): string | undefined => {
  const value = annotations[name]
  return typeof value === "string" ? value : undefined
}

/** Replaces the log annotations of a context. */
export const provide = <R>(context: Context.Context<R>, annotations: object): Context.Context<R> =>
  Context.add(context, References.CurrentLogAnnotations, annotations as Annotations)

/** Adds one log annotation to a context. */
export const add = <R>(context: Context.Context<R>, name: string, value: string): Context.Context<R> =>
  provide(context, { ...Context.get(context, References.CurrentLogAnnotations), [name]: value })
