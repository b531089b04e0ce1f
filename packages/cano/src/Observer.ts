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
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { errorTypeOf } from "./internal/blame.ts"
import { durationProblems, refuse } from "./internal/configuration.ts"
import { Hub, type Lost } from "./internal/hub.ts"
import { Observer, type ObserverShape, type Sink, SinkKey, type WorkflowEvent } from "./internal/observation.ts"

export type { Outcome } from "./internal/blame.ts"
export type { Lost } from "./internal/hub.ts"
export { Observer, type ObserverShape, type WorkflowEvent } from "./internal/observation.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

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
export const layer = <R>(
  handler: (event: WorkflowEvent | Lost) => Effect.Effect<unknown, unknown, R>,
  options?: HandlerOptions
): Layer.Layer<Observer, never, Exclude<R, Scope.Scope>> =>
  Layer.effect(
    Observer,
    Effect.gen(function* () {
      const shutdownTimeout = options?.shutdownTimeout ?? "3 seconds"
      refuse("Observer", durationProblems("shutdownTimeout", shutdownTimeout, "from 0"))
      const hub = yield* makeHub(options)
      const events = yield* hub.subscribe
      // Not a child of the scope, which would wait for a handler that cannot be interrupted.
      const reader = yield* Effect.forkDetach(Stream.runForEach(events, guarded(handler)))
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

const makeHub = (options: ObserverOptions | undefined): Effect.Effect<Hub<WorkflowEvent>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const buffer = options?.buffer ?? 16_384
      const valid = Number.isSafeInteger(buffer) && buffer >= 1
      refuse("Observer", valid ? [] : [`buffer is ${buffer}, expected a whole number from 1`])
      return new Hub<WorkflowEvent>(buffer)
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

/** A handler that cannot end its reader. */
const guarded = <R>(handler: (event: WorkflowEvent | Lost) => Effect.Effect<unknown, unknown, R>) => {
  let hasFailed = false
  return (event: WorkflowEvent | Lost): Effect.Effect<void, never, R> =>
    Effect.catchCause(Effect.asVoid(Effect.suspend(() => handler(event))), (cause) => {
      const message = `An observer missed a ${event._tag}: its handler ended with a ${errorTypeOf(cause) ?? "interruption"}`
      const log = hasFailed ? Effect.logDebug(message) : Effect.logWarning(message)
      hasFailed = true
      return log
    })
}
