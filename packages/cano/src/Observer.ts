/**
 * An observer reports what runs do: the states they enter and leave, the attempts that fail, the ends. Progress bars,
 * dashboards and tests read its events.
 *
 * 1. Without an observer in the context a run makes no event. A run looks for one once, at its start.
 * 2. The events of a run are complete and in order: {@link WorkflowEvent.RunStarted} and the `next` of each
 *    {@link WorkflowEvent.StateLeft} are its path. Of a durable run an observer sees the part in its own process.
 * 3. An observer cannot slow, block or break a run: each reader has a buffer. A reader that falls behind loses the
 *    oldest events, and a {@link Lost} says how many.
 * 4. Events hold tags, names, ids, counts and times, and never a payload or the contents of an error.
 *
 * @example
 * ```ts
 * import { Observer, Workflow } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const printed = Observer.layer((event) =>
 *   event._tag === "StateLeft" ? Console.log(`${event.workflow}: ${event.state} -> ${event.next}`) : Effect.void
 * )
 *
 * const program = Workflow.run(order).pipe(Effect.provide(printed))
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Checks, isCount, isDuration, isFunction, optional, optionsProblems, refuse } from "./internal/faults.ts"
import type { OutputOf, Services } from "./internal/inference.ts"
import { forEach, Hub } from "./internal/watch/hub.ts"
import { errorTypeOf } from "./internal/watch/redaction.ts"
import { type Sink, SinkKey } from "./internal/watch/sink.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The way a run or an attempt ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "failure" | "defect" | "interrupted"

/**
 * Something that happened in a run.
 *
 * **Details**
 *
 * Each event has the `run`, the name of the `workflow`, and the time `at`. `run` is the id of a durable run, the id given
 * to `Interpreter.run`, or else a number that the observer counts from `"1"`.
 *
 * - `RunStarted`: a run begins in `state`. `parent` is the run around a nested run, `instance` the id of the instance
 *   in a concurrent batch, `flow` the id of the scheduler's flow.
 * - `RunResumed`: a durable run goes on in this process, in `state`: after a `wait`, the delay of a `retry`, the `release`
 *   by another process, or the `crash` of one. `crashes` counts the processes that died with the run since its latest
 *   row.
 * - `RunLeft`: a durable run has left this process without an end, to go on in `state`: it is `waiting` or `retrying`,
 *   was `released` to other processes, or was `lost`: another process may have it. `until` is the time when its wait
 *   ends by itself, `signal` the name of the signal that it waits for.
 * - `StateEntered`: the task of `state` starts. `transitions` is the number of transitions before it.
 * - `AttemptFailed`: an attempt failed or died. `attempt` counts from 1. `error` is the tag of the error, or else the
 *   name of its class. `retryIn` is the delay before the next attempt, if there is one.
 * - `StateLeft`: the run made a transition to `next`, which may be an exit. `attempts` is the number of attempts in the
 *   state, `duration` the time in it. `error` is the tag of the failure whose error edge was taken, if one was.
 * - `StateCompensated`: the compensation of `state` has ended. Those of a run come in reverse, before its `RunEnded`.
 * - `RunEnded`: the run is over. `state` is the exit, or the state in which the run stopped. `interrupted` is the
 *   attempt that an interruption of the run cut off, if there was one. A durable run ends once, as `success`, `failure` or
 *   `cancelled`, with the number of the signals that no state has taken, and its `duration` counts from its creation.
 *
 * @category models
 * @since 0.1.0
 */
export type WorkflowEvent = Data.TaggedEnum<{
  RunStarted: Origin & {
    readonly state: string
    readonly parent: string | undefined
    readonly instance: string | undefined
    readonly flow: string | undefined
  }
  RunResumed: Origin & {
    readonly state: string
    readonly transitions: number
    readonly after: "wait" | "retry" | "release" | "crash"
    readonly crashes: number
  }
  RunLeft: Origin & {
    readonly state: string
    readonly transitions: number
    readonly why: "waiting" | "retrying" | "released" | "lost"
    readonly until: DateTime.Utc | undefined
    readonly signal: string | undefined
  }
  StateEntered: Origin & { readonly state: string; readonly transitions: number }
  AttemptFailed: Origin & {
    readonly state: string
    readonly attempt: number
    readonly error: string
    readonly outcome: "failure" | "defect"
    readonly retryIn: Duration.Duration | undefined
  }
  StateLeft: Origin & {
    readonly state: string
    readonly next: string
    readonly attempts: number
    readonly error: string | undefined
    readonly duration: Duration.Duration
  }
  StateCompensated: Origin & { readonly state: string; readonly outcome: Outcome }
  RunEnded: Origin & {
    readonly outcome: Outcome | "cancelled"
    readonly state: string
    readonly transitions: number
    readonly error: string | undefined
    readonly interrupted: number | undefined
    /** `undefined` in a run that is not durable, or if the journal could not tell. */
    readonly unreadSignals: number | undefined
    readonly duration: Duration.Duration
  }
}>

interface Origin {
  readonly at: DateTime.Utc
  readonly run: string
  readonly workflow: string
}

/**
 * @since 0.1.0
 */
export declare namespace WorkflowEvent {
  /** @since 0.1.0 */
  export type RunStarted = Extract<WorkflowEvent, { readonly _tag: "RunStarted" }>
  /** @since 0.1.0 */
  export type RunResumed = Extract<WorkflowEvent, { readonly _tag: "RunResumed" }>
  /** @since 0.1.0 */
  export type RunLeft = Extract<WorkflowEvent, { readonly _tag: "RunLeft" }>
  /** @since 0.1.0 */
  export type StateEntered = Extract<WorkflowEvent, { readonly _tag: "StateEntered" }>
  /** @since 0.1.0 */
  export type AttemptFailed = Extract<WorkflowEvent, { readonly _tag: "AttemptFailed" }>
  /** @since 0.1.0 */
  export type StateLeft = Extract<WorkflowEvent, { readonly _tag: "StateLeft" }>
  /** @since 0.1.0 */
  export type StateCompensated = Extract<WorkflowEvent, { readonly _tag: "StateCompensated" }>
  /** @since 0.1.0 */
  export type RunEnded = Extract<WorkflowEvent, { readonly _tag: "RunEnded" }>
}

/**
 * Stands in place of events that a slow reader has lost.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lost {
  readonly _tag: "Lost"
  /** The time of the next event that was not lost. */
  readonly at: DateTime.Utc
  /** The number of lost events. */
  readonly count: number
}

/**
 * The service of an observer.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObserverShape {
  /** The events from the start of the stream until the observer's scope is closed. A slow reader finds a `Lost`. */
  readonly events: Stream.Stream<WorkflowEvent | Lost>
  /** @internal */
  readonly [SinkKey]: Sink
}

/**
 * The options of an observer.
 *
 * **Details**
 *
 * - `buffer`: the events that the buffer of each reader holds before the oldest are lost, from 1; default 16,384.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObserverOptions {
  readonly buffer?: number | undefined
}

/**
 * The options of an observer with a handler.
 *
 * **Details**
 *
 * - `buffer`: the events that the buffer holds before the oldest are lost, from 1; default 16,384.
 * - `shutdownTimeout`: the time that the handler has for the rest of the buffer when the scope is closed; default 3
 *   seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface HandlerOptions extends ObserverOptions {
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * The exit of an effect, and the events of the runs in it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recording<out A, out E> {
  readonly exit: Exit.Exit<A, E>
  readonly events: ReadonlyArray<WorkflowEvent>
}

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/**
 * Receives the events of all runs that have it in their context.
 *
 * @category services
 * @since 0.1.0
 */
export class Observer extends Context.Service<Observer, ObserverShape>()("effect-cano/Observer") {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes an observer that gives its events as a stream.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: ObserverOptions): Effect.Effect<ObserverShape, never, Scope.Scope> =>
  Effect.map(makeHub(options), (hub) => fromHub(hub))

/**
 * Provides an observer that gives its events as a stream.
 *
 * @example
 * ```ts
 * import { Observer, Workflow } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const program = Effect.gen(function* () {
 *   const { events } = yield* Observer.Observer
 *   yield* events.pipe(Stream.runForEach(Console.log), Effect.forkChild({ startImmediately: true }))
 *   return yield* Workflow.run(order)
 * }).pipe(Effect.provide(Observer.layerStream()))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStream = (options?: ObserverOptions): Layer.Layer<Observer> => Layer.effect(Observer, make(options))

/**
 * Provides an observer that calls a handler for each event, one after another, in a fiber of its own.
 *
 * **Details**
 *
 * A handler that fails or dies has missed that event. The first miss is logged as a warning, all others at debug level.
 * When the layer's scope is closed, the handler gets the rest of the buffer, for `shutdownTimeout` at most. After that
 * the handler is interrupted. The interruption is logged as a warning and not waited for.
 *
 * Dies with a `ConfigurationError` if an option makes no sense.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <Handler extends (event: WorkflowEvent | Lost) => Effect.Effect<unknown, unknown, unknown>>(
  handler: Handler,
  options: HandlerOptions = {}
): Layer.Layer<Observer, never, Exclude<Services<OutputOf<Handler>>, Scope.Scope>> =>
  Layer.effect(
    Observer,
    Effect.gen(function* () {
      refuse("Observer", [
        ...isFunction("the handler", handler),
        ...optionsProblems<HandlerOptions>("options", options, {
          ...checks,
          shutdownTimeout: optional(isDuration("from 0"))
        })
      ])
      const { buffer, shutdownTimeout = "3 seconds" } = options
      const hub = yield* makeHub({ buffer })
      const subscription = yield* hub.subscribe
      // Not a child of the scope: the scope would wait for a handler that cannot be interrupted.
      const typed = handler as (
        event: WorkflowEvent | Lost
      ) => Effect.Effect<unknown, unknown, Services<OutputOf<Handler>>>
      const reader = yield* Effect.forkDetach(forEach(subscription, typed, logMissed()))
      yield* Effect.addFinalizer(() => Effect.andThen(hub.close, stopWithin(reader, shutdownTimeout)))
      return fromHub(hub)
    })
  )

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/**
 * Runs an effect and keeps every event of the runs in it, for tests.
 *
 * @example
 * ```ts
 * import { Observer, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 *
 * const path = Effect.gen(function* () {
 *   const { events } = yield* Observer.record(Workflow.run(order))
 *   return events.flatMap((event) => (event._tag === "StateLeft" ? [event.next] : []))
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const record = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Recording<A, E>, never, Exclude<R, Observer>> =>
  Effect.suspend(() => {
    const events: Array<WorkflowEvent> = []
    const observer: ObserverShape = { events: Stream.empty, [SinkKey]: sinkOf((event) => events.push(event)) }
    return Effect.map(Effect.exit(Effect.provideService(effect, Observer, observer)), (exit) => ({ exit, events }))
  })

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const checks: Checks<ObserverOptions> = { buffer: optional(isCount(1)) }

const makeHub = (options: ObserverOptions = {}): Effect.Effect<Hub<WorkflowEvent>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      refuse("Observer", optionsProblems("options", options, checks))
      return new Hub<WorkflowEvent>(options.buffer ?? 16_384)
    }),
    (hub) => hub.close
  )

const fromHub = (hub: Hub<WorkflowEvent>): ObserverShape => ({
  events: hub.events,
  [SinkKey]: sinkOf((event) => hub.publish(event))
})

const sinkOf = (publish: (event: WorkflowEvent) => void): Sink => {
  let runs = 0
  return { nextRun: () => String(++runs), publish }
}

/** Waits for the end of a reader. After the timeout, interrupts the reader and waits no longer. */
const stopWithin = (reader: Fiber.Fiber<void>, timeout: Duration.Input): Effect.Effect<void> =>
  Effect.flatMap(Effect.timeoutOption(Fiber.await(reader), timeout), (end) => {
    if (Option.isSome(end)) return Effect.void
    reader.interruptUnsafe()
    return Effect.logWarning("An observer was closed before its handler had read all events")
  })

/** Logs each event that a handler missed: the first as a warning. */
const logMissed = () => {
  let hasWarned = false
  return (event: WorkflowEvent | Lost, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
    const message = `An observer missed a ${event._tag}: its handler ended with a ${errorTypeOf(cause) ?? "interruption"}`
    const log = hasWarned ? Effect.logDebug(message) : Effect.logWarning(message)
    hasWarned = true
    return log
  }
}
