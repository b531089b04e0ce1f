import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import type { Signal } from "../../Signal.ts"
import type { Task } from "../../Task.ts"
import type * as Wait from "../../Wait.ts"
import type { Workflow } from "../../Workflow.ts"
import { type AnyEffect, type Handler, isGenerator, isPending, toEffect } from "./output.ts"

export const TypeId = "~effect-cano/Task"

export const isTask = (u: unknown): u is Task.Any => hasProperty(u, TypeId)

/** A task as the engine sees it. All forms of a task compile to this one. */
export interface CompiledTask {
  readonly name: string | undefined
  /** Makes one attempt: gives an Effect or a plain value. */
  readonly handler: Handler
  /** Makes one attempt with an interpreter around each part; none if the task has no parts. */
  readonly inParts: PartsHandler | undefined
  readonly retry: Schedule.Schedule<unknown, any, any, any> | undefined
  readonly attemptTimeout: Duration.Duration | undefined
  /** The details of a fork that a diagram shows. */
  readonly fork: Fork | undefined
  /** What the task waits for; none for a task that runs. Interpreters that can wait without a fiber read it. */
  readonly waitFor: WaitFor | undefined
  /** The workflow that the task nests; none for other tasks. Interpreters that keep child runs read it. */
  readonly child: Child | undefined
}

/** A workflow that a task nests. */
export interface Child {
  readonly workflow: Workflow.Any
  /** Gives the state in which the child starts; none for the child's initial state. */
  readonly start: ((state: any) => unknown) | undefined
  readonly mapExit: (exit: any, state: any) => unknown
}

/** The reason why a task waits. A task that waits has neither a retry policy nor a timeout of its attempts. */
export type WaitFor = WaitForTime | WaitForSignal

/** The task waits for a time, in epoch milliseconds, and then gives the next state. */
export interface WaitForTime {
  readonly _tag: "Time"
  readonly until: (state: any, now: number) => number
  readonly next: Handler
}

/** The task waits for a value of a signal, up to a deadline in epoch milliseconds, if it has one. */
export interface WaitForSignal {
  readonly _tag: "Signal"
  readonly signal: Signal.Any
  readonly onValue: (value: any, state: any) => unknown
  readonly deadline: ((state: any, now: number) => number) | undefined
  /** Gives the next state after the deadline. Fails with `SignalTimeout` where the user gave no next state. */
  readonly onTimeout: Handler
}

export interface Fork {
  readonly wait: Wait.Wait
  /** The names of the branches, unless they depend on the state. */
  readonly branches: ReadonlyArray<string> | undefined
  /** The workflows among the branches, unless they depend on the state. */
  readonly workflows: ReadonlyArray<Workflow.Any>
}

/** The interpreter's side of a task with parts: a node with its phases, a fork with its branches. */
export interface Parts {
  /** Throws if an interceptor has ended the run. */
  readonly check: () => void
  /** Stands around a phase. */
  readonly phase: (name: "prep" | "exec" | "post", phase: AnyEffect) => AnyEffect
  /** Stands around a branch that is an Effect or a workflow. */
  readonly branch: (id: string, branch: AnyEffect) => AnyEffect
  /** Stands around a branch that is a task, and around each of its attempts. */
  readonly taskBranch: (id: string, task: CompiledTask, state: unknown) => AnyEffect
}

export type PartsHandler = (state: any, parts: Parts) => unknown

/** The details that `Node.make`, `Task.fork` and the waits attach to a handler, for the task that is made of it. */
export interface Composite {
  readonly inParts?: PartsHandler | undefined
  readonly fork?: Fork | undefined
  readonly waitFor?: WaitFor | undefined
  readonly child?: Child | undefined
}

const CompositeKey: unique symbol = Symbol("effect-cano/composite")

/** Attaches details to a copy of a handler. */
export const composite = (handler: Handler, parts: Composite): Handler =>
  Object.assign((state: unknown) => handler(state), { [CompositeKey]: parts })

export const compositeOf = (run: unknown): Composite | undefined =>
  typeof run === "function" ? (run as { readonly [CompositeKey]?: Composite })[CompositeKey] : undefined

/** Shows the compiled task in a task. `Task.make` has compiled it already; the public type hides that. */
export const compiled = (task: Task.Any): CompiledTask => task as unknown as CompiledTask

/** Makes a task of a handler alone. */
export const plain = (handler: Handler): CompiledTask => ({
  name: undefined,
  handler,
  inParts: undefined,
  retry: undefined,
  attemptTimeout: undefined,
  fork: undefined,
  waitFor: undefined,
  child: undefined
})

/** Bounds each attempt of a handler in time. A plain value or a successful Exit needs no bound. */
export const withTimeout = <Args extends ReadonlyArray<any>>(
  handler: (...args: Args) => unknown,
  timeout: Duration.Duration,
  error: () => unknown
): ((...args: Args) => unknown) => {
  const options = { duration: timeout, orElse: () => Effect.fail(error()) }
  return (...args) => {
    const output = handler(...args)
    return isPending(output) || isGenerator(output) ? Effect.timeoutOrElse(toEffect(output), options) : output
  }
}
