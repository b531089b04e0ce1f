import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import type { Task } from "../../Task.ts"
import type * as Wait from "../../Wait.ts"
import { type AnyEffect, type Handler, isPending } from "./output.ts"

export const TypeId = "~effect-cano/Task"

export const isTask = (u: unknown): u is Task.Any => hasProperty(u, TypeId)

/** A task as the engine sees it, whichever form it was written in. */
export interface CompiledTask {
  readonly name: string | undefined
  /** Runs one attempt: gives an Effect or a plain value. */
  readonly handler: Handler
  /** The same, for an interpreter that stands around the parts of a task; none where the task has no parts. */
  readonly inParts: PartsHandler | undefined
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
  /** What a diagram shows of a fork. */
  readonly fork: Fork | undefined
}

export interface Fork {
  readonly wait: Wait.Wait
  /** The names of the branches, unless they depend on the state. */
  readonly branches: ReadonlyArray<string> | undefined
}

/** What an interpreter offers to a task with parts: a node with its phases, a fork with its branches. */
export interface Parts {
  /** Stands around a phase. */
  readonly phase: (name: "prep" | "exec" | "post", phase: AnyEffect) => AnyEffect
  /** Stands around a branch that is an Effect or a workflow. */
  readonly branch: (id: string, branch: AnyEffect) => AnyEffect
  /** Stands around a branch that is a task, and around each of its attempts. */
  readonly taskBranch: (id: string, task: CompiledTask, state: unknown) => AnyEffect
}

export type PartsHandler = (state: any, parts: Parts) => unknown

/** What `Task.make` reads from the function that it is given by `Node.make` or `Task.fork`. */
export interface Composite {
  readonly inParts: PartsHandler
  readonly fork?: Fork | undefined
}

const CompositeKey: unique symbol = Symbol("effect-cano/composite")

/** Makes a handler that can also show its parts. */
export const composite = (handler: Handler, parts: Composite): Handler =>
  Object.assign((state: unknown) => handler(state), { [CompositeKey]: parts })

export const compositeOf = (run: unknown): Composite | undefined =>
  typeof run === "function" ? (run as { readonly [CompositeKey]?: Composite })[CompositeKey] : undefined

/** A task is compiled when it is made; its public type does not show it. */
export const compiled = (task: Task.Any): CompiledTask => task as unknown as CompiledTask

/** A task that has nothing but a handler. */
export const plain = (handler: Handler): CompiledTask => ({
  name: undefined,
  handler,
  inParts: undefined,
  retry: undefined,
  attemptTimeout: undefined,
  fork: undefined
})

/** Bounds each attempt of a handler; a plain value or a successful Exit needs no bound. */
export const withTimeout = <Args extends ReadonlyArray<any>>(
  handler: (...args: Args) => unknown,
  timeout: Duration.Duration,
  error: () => unknown
): ((...args: Args) => unknown) => {
  const options = { duration: timeout, orElse: () => Effect.fail(error()) }
  return (...args) => {
    const output = handler(...args)
    return isPending(output) ? Effect.timeoutOrElse(output, options) : output
  }
}
