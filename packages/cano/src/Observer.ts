/**
 * An observer is told what runs do: which states they enter and leave, which attempts fail, how they end. Progress bars,
 * dashboards and tests read it.
 *
 * 1. Without an observer in the context a run makes no event: it asks once, at its start.
 * 2. The events of a run are complete and in order: {@link WorkflowEvent.RunStarted} and the `next` of each
 *    {@link WorkflowEvent.StateLeft} are its path.
 * 3. An observer cannot slow, block or break a run: events are handed over by a buffer. A reader that falls behind loses
 *    the oldest events, and is told how many.
 * 4. Events hold tags, names, ids and counts, and never a payload or an error's contents.
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
 * How something ended.
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
 * Each has `run`, which is unique to the observer and counts from `"1"`, the name of the `workflow`, and the time `at`.
 *
 * - `RunStarted`: a run begins in `state`. `parent` is the run that it is nested in, `instance` the id of its instance in
 *   a concurrent batch, `flow` the id of the scheduler's flow it runs in.
 * - `StateEntered`: the task of `state` starts, after so many `transitions`.
 * - `AttemptFailed`: the attempt, counted from 1, failed or died. `error` is the tag of the error, or else the name of its
 *   class; `retryIn` is how long until the next attempt, if there is one.
 * - `StateLeft`: a transition was made to `next`, which may be an exit. It took so many `attempts`, and was the error edge
 *   for `error` if that is there. `duration` is the time in the state.
 * - `RunEnded`: the run is over. `state` is where: an exit, or the state that failed. `interrupted` is the attempt that was
 *   under way when the run was interrupted, if one was.
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
  RunEnded: Origin & {
    readonly outcome: Outcome
    readonly state: string
    readonly transitions: number
    readonly error: string | undefined
    readonly interrupted: number | undefined
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
  export type StateEntered = Extract<WorkflowEvent, { readonly _tag: "StateEntered" }>
  /** @since 0.1.0 */
  export type AttemptFailed = Extract<WorkflowEvent, { readonly _tag: "AttemptFailed" }>
  /** @since 0.1.0 */
  export type StateLeft = Extract<WorkflowEvent, { readonly _tag: "StateLeft" }>
  /** @since 0.1.0 */
  export type RunEnded = Extract<WorkflowEvent, { readonly _tag: "RunEnded" }>
}

/**
 * Stands in a stream where a slow reader has lost events.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lost {
  readonly _tag: "Lost"
  readonly at: DateTime.Utc
  readonly count: number
}

/**
 * What an observer offers.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObserverShape {
  /** What happens from now on, until the observer's scope is closed. A reader that is too slow finds a `Lost`. */
  readonly events: Stream.Stream<WorkflowEvent | Lost>
  /** @internal */
  readonly [SinkKey]: Sink
}

/**
 * How an observer is made.
 *
 * **Details**
 *
 * - `buffer`: how many events each reader may fall behind before it loses the oldest; default 16,384.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObserverOptions {
  readonly buffer?: number | undefined
}

/**
 * How a handler of events is run.
 *
 * **Details**
 *
 * - `buffer`: how many events it may fall behind before it loses the oldest; default 16,384.
 * - `shutdownTimeout`: how long it may take for what is in the buffer when its scope is closed; default 3 seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface HandlerOptions extends ObserverOptions {
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * What an effect gave, and the events of the runs in it.
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
 * Is told what runs do, where it is in their context.
 *
 * @category services
 * @since 0.1.0
 */
export class Observer extends Context.Service<Observer, ObserverShape>()("effect-cano/Observer") {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes an observer whose events are read as a stream.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: ObserverOptions): Effect.Effect<ObserverShape, never, Scope.Scope> =>
  Effect.map(makeHub(options), (hub) => fromHub(hub))

/**
 * A layer with an observer whose events are read as a stream.
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
 * A layer that calls a handler for each event, one after another, in a fiber of its own.
 *
 * **Details**
 *
 * A handler that fails or dies has missed that event: the first time is logged as a warning, the others at debug level.
 * When the layer's scope is closed, the handler gets what is in the buffer, as long as `shutdownTimeout` allows; then it is
 * interrupted, which is logged and not waited for.
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
      // Not a child of the scope, which would wait for a handler that cannot be interrupted.
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

/** Lets a reader come to its end, and after a time leaves it to itself. */
const stopWithin = (reader: Fiber.Fiber<void>, timeout: Duration.Input): Effect.Effect<void> =>
  Effect.flatMap(Effect.timeoutOption(Fiber.await(reader), timeout), (end) => {
    if (Option.isSome(end)) return Effect.void
    reader.interruptUnsafe()
    return Effect.logWarning("An observer was closed before its handler had read all events")
  })

/** Warns of the first event that a handler missed. */
const logMissed = () => {
  let hasWarned = false
  return (event: WorkflowEvent | Lost, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
    const message = `An observer missed a ${event._tag}: its handler ended with a ${errorTypeOf(cause) ?? "interruption"}`
    const log = hasWarned ? Effect.logDebug(message) : Effect.logWarning(message)
    hasWarned = true
    return log
  }
}
