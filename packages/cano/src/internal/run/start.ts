import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { Interceptor } from "../../Interpreter.ts"
import type { Workflow } from "../../Workflow.ts"
import * as Annotations from "../annotations.ts"
import { entryOf, type Machine, machineOf } from "../machine/machine.ts"
import type { AnyEffect } from "../machine/output.ts"
import type { AnyState } from "../machine/state.ts"
import { BareRun } from "./bare.ts"
import { Compensating, type Watcher } from "./compensating.ts"
import { LiveRun } from "./intercepted.ts"
import type { Position } from "./position.ts"

/** The watchers of a fiber's runs. The engine looks for them once, at the start of a run. */
export interface Watch {
  /** Gives a number to a run, if a watcher numbers runs. */
  readonly number: (() => string) | undefined
  readonly watchers: ReadonlyArray<Watcher>
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** Finds the watchers in the context of a fiber. */
export type WatchOf = (fiber: AnyFiber) => Watch | undefined

/** Runs a workflow: in the bare loop if nobody watches and no state has a compensation, in the intercepted loop otherwise. */
export const start = (workflow: Workflow.Any, state: AnyState | undefined, watchOf: WatchOf): AnyEffect =>
  Effect.withFiber((fiber) => {
    const machine = machineOf(workflow)
    const entry = entryOf(machine, state)
    const watch = watchOf(fiber)
    if (watch === undefined && !machine.compensates) {
      const run = new BareRun(machine, entry, state!)
      return run.begin() ?? inContext(run, run.run(), fiber, undefined)
    }
    const watchers = watch?.watchers ?? []
    const company = { id: watch?.number?.(), watchers, others: compensating(machine, watchers) }
    const run = new LiveRun(workflow, machine, entry, state!, company)
    return inContext(run, run.run(), fiber, run.id)
  })

export interface Options {
  readonly id: string | undefined
  readonly transitions: number
  readonly interceptors: ReadonlyArray<Interceptor<any, any>>
  /** Whether the run compensates itself; default `true`. An engine that keeps the states to undo gives `false`. */
  readonly compensates?: boolean | undefined
  /** The failed attempts of the present state before, each by its time. */
  readonly failures?: ReadonlyArray<number> | undefined
}

/** Runs a workflow with interceptors, and with the watchers around them. */
export const startIntercepted = (
  workflow: Workflow.Any,
  state: AnyState | undefined,
  { compensates = true, failures = [], id, interceptors, transitions }: Options,
  watchOf: WatchOf
): AnyEffect =>
  Effect.withFiber((fiber) => {
    const machine = machineOf(workflow)
    const entry = entryOf(machine, state)
    const watch = watchOf(fiber)
    const watchers = watch?.watchers ?? []
    const others = compensates ? [...interceptors, ...compensating(machine, watchers)] : interceptors
    const company = { id: id ?? watch?.number?.(), watchers, others }
    const run = new LiveRun(workflow, machine, entry, state!, company)
    run.transitions = transitions
    run.failures = [...failures]
    run.attempt = failures.length + 1
    return inContext(run, run.run(), fiber, run.id)
  })

/** The interceptor of a run that compensates itself, if its machine has compensations. */
const compensating = (machine: Machine, watchers: ReadonlyArray<Watcher>): ReadonlyArray<Interceptor<any, any>> =>
  machine.compensates ? [new Compensating(machine, watchers)] : []

/** Runs one state, and gives the next one. Nothing is compensated: the caller knows the path. */
export const step = (workflow: Workflow.Any, state: AnyState, watchOf: WatchOf): AnyEffect =>
  Effect.withFiber((fiber) => {
    const machine = machineOf(workflow)
    const watchers = watchOf(fiber)?.watchers ?? []
    const run = new LiveRun(workflow, machine, entryOf(machine, state), state, { id: undefined, watchers, others: [] })
    return inContext(run, run.step(), fiber, undefined)
  })

/** Annotates the logs of a run, and hides the attempt number of a retry or a repetition around it from its tasks. */
const inContext = (run: Position, effect: AnyEffect, fiber: AnyFiber, id: string | undefined): AnyEffect => {
  const annotations = Annotations.ofRun(Annotations.annotationsOf(fiber), run.machine.name, run, id)
  run.annotations = annotations
  return Effect.updateContext(effect, (context: Context.Context<any>) => {
    const annotated = Annotations.provide(context, annotations)
    const { attempt } = Context.get(context, Schedule.CurrentMetadata)
    return attempt === 0 ? annotated : Context.add(annotated, Schedule.CurrentMetadata, firstAttempt)
  })
}

const firstAttempt = Schedule.CurrentMetadata.defaultValue()
