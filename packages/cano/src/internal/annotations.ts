import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"

/** Where a run is at the moment. */
export interface Whereabouts {
  readonly stateName: string
  readonly attempt: number
}

export type Annotations = Readonly<Record<string, unknown>>

export const annotationsOf = (fiber: Fiber.Fiber<unknown, unknown>): Annotations =>
  fiber.getRef(References.CurrentLogAnnotations)

/**
 * What every log line of a run says about where it comes from; annotations of a run around it are overridden. A run has one
 * such object, which looks where the run is when it is read: a context for each state would cost more than the state. So a
 * fiber that a state leaves behind logs the state that the run is in by then.
 */
export const forRun = (inherited: Annotations, workflow: string, run: Whereabouts): Annotations => ({
  ...inherited,
  "cano.workflow.name": workflow,
  get "cano.state.name"() {
    return run.stateName
  },
  get "cano.attempt"() {
    return run.attempt
  }
})

/** Reads an annotation of ours, such as the id of the instance around a run. */
export const read = (annotations: Annotations, name: string): string | undefined => {
  const value = annotations[name]
  return typeof value === "string" ? value : undefined
}

/** The observed run that a fiber is in, and who observes it; the runs inside name it as their parent. */
export const ObservedRun = Context.Reference<{ readonly sink: object; readonly run: string } | undefined>(
  "effect-cano/ObservedRun",
  { defaultValue: () => undefined }
)

/** A context in which logs have these annotations. */
export const provide = <R>(context: Context.Context<R>, annotations: object): Context.Context<R> =>
  Context.add(context, References.CurrentLogAnnotations, annotations as Annotations)

/** A context in which logs have one annotation more. */
export const add = <R>(context: Context.Context<R>, name: string, value: string): Context.Context<R> =>
  provide(context, { ...Context.get(context, References.CurrentLogAnnotations), [name]: value })
