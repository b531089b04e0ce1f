/**
 * A scheduler runs jobs by interval, by cron expression, by an Effect `Schedule`, or by hand. A job is any Effect, such
 * as a workflow run or a concurrent run, or a function that is told its tick and gives one.
 *
 * - S1: An interval does not drift and loses no tick. Its grid is anchored at the start, or at the flow's `startAt`.
 * - S2: A flow never overlaps itself, unless its `overlap` policy is `"allow"`.
 * - S3: A job that fails, dies or is interrupted hurts no other flow, and neither does a slow one.
 * - S4: The status of a flow always agrees with the events.
 * - S5: A stop starts nothing new, gives the runs in flight a grace, then interrupts and names them. Closing the scope
 *   is such a stop, with a grace of 30 seconds.
 * - S6: A flow that makes no sense is a typed error of `add`, which names the flow and the fault. A mistake in the program
 *   (a wrong grace, `n` of `preview` or instant of `explain`) is a defect, a `ConfigurationError`.
 * - S7: Time comes from Effect's `Clock` and chance from its `Random`: a `TestClock` moves a scheduler through a year.
 * - S8: A cron flow fires at every local time that matches, also on the days on which the clocks change.
 * - S9: A tick that passed while the process slept is counted as missed, or run, as the `missed` policy says.
 * - S10: A clock that is set back stops no flow. Calendar ticks are not repeated, unless it is set back by hours.
 * - S11: A pause, a backoff and a trip hold the ticks of a flow. Its grid stays.
 * - S12: A run by hand has the types of its job, and says how it ended. It obeys the overlap policy, a trip and `maxRuns`.
 * - S13: `preview` and `explain` ask the functions that decide, so what they foretell is what happens.
 * - S14: `changes` tells every event in order. A slow reader holds up nobody, and is told how many events it has lost.
 * - S15: A job has the services that `add` was called with, is told its tick, and runs in a root span of its own.
 * - S16: `layerFlows` adds its flows, starts, and fails as `add` does.
 *
 * **Gotchas**
 *
 * A job has the services that `add` was called with. A scope among them lives as long as that of the caller: let a job
 * that acquires something close it with `Effect.scoped`.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function* () {
 *   const scheduler = yield* Scheduler.Scheduler
 *   yield* scheduler.add("heartbeat", Trigger.every("30 seconds"), Console.log("alive"))
 *   yield* scheduler.add("report", Trigger.cron("0 9 * * MON-FRI"), Console.log("good morning"))
 *   const cleanup = yield* scheduler.add("cleanup", Trigger.manual, Effect.succeed(3))
 *   yield* scheduler.start
 *
 *   const run = yield* scheduler.trigger(cleanup)
 *   const removed = yield* run.join // number
 *   const { nextRun } = yield* scheduler.status("report")
 *   yield* scheduler.stop({ grace: "10 seconds" })
 *   return [removed, nextRun]
 * }).pipe(Effect.provide(Scheduler.layer()))
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { refuse } from "./internal/faults.ts"
import { Engine } from "./internal/scheduler/engine.ts"
import type {
  DuplicateFlow,
  Flow,
  InvalidCron,
  InvalidFlow,
  Options,
  Tick,
  TimeoutError
} from "./internal/scheduler/model.ts"
import * as Service from "./internal/scheduler/service.ts"
import type * as Trigger from "./Trigger.ts"

export {
  AlreadyRunning,
  type Counters,
  DuplicateFlow,
  type Event,
  type Explanation,
  type Flow,
  InvalidCron,
  InvalidFlow,
  NotRunning,
  type Options,
  type Outcome,
  type Run,
  type RunId,
  RunTimeout,
  type SkipReason,
  type State,
  type Status,
  type StopReport,
  type Tick,
  TriggerRefused,
  UnknownFlow
} from "./internal/scheduler/model.ts"
export type { SchedulerShape } from "./internal/scheduler/service.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * How a scheduler is made.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchedulerOptions {
  /** How long runs in flight may take when the scheduler is stopped; default 30 seconds. In tests 0. */
  readonly grace?: Duration.Input | undefined
  /** How many events each reader of `changes` may fall behind before it loses the oldest; default 1,024. */
  readonly buffer?: number | undefined
}

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/**
 * Runs flows when they are due.
 *
 * @category services
 * @since 0.1.0
 */
export class Scheduler extends Context.Service<Scheduler, Service.SchedulerShape>()("effect-cano/Scheduler") {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Describes a flow without adding it: for {@link layerFlows}, and for ids that are declared once.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as DateTime from "effect/DateTime"
 * import * as Effect from "effect/Effect"
 *
 * const sync = Scheduler.flow("sync", Trigger.every("5 minutes"), Effect.succeed("done"), { trip: 5 })
 *
 * // a job may be a function of the tick that it runs for
 * const report = Scheduler.flow("report", Trigger.cron("0 2 * * *"), ({ due }) => Console.log(DateTime.formatIso(due)), {
 *   missed: { all: "2 days" }
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const flow: <A, E, R, T extends Trigger.Trigger<any>, Timeout extends Duration.Input | undefined = undefined>(
  id: string,
  trigger: T,
  job: Effect.Effect<A, E, R> | ((tick: Tick) => Effect.Effect<A, E, R>),
  options?: Options<Timeout>
) => Flow<A, E | TimeoutError<Timeout>, R | Trigger.Trigger.Services<T>> = Service.makeFlow

/**
 * Makes a scheduler, which is not started. When the scope is closed it is stopped, and what was interrupted is logged.
 *
 * Dies with a `ConfigurationError` if an option makes no sense.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: SchedulerOptions): Effect.Effect<Scheduler["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const grace = Service.graceOf(options?.grace ?? "30 seconds")
    const buffer = options?.buffer ?? 1024
    refuse(
      "Scheduler",
      Number.isSafeInteger(buffer) && buffer >= 1 ? [] : [`buffer is ${buffer}, expected a whole number from 1`]
    )
    const fibers = yield* FiberSet.make<any, any>()
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const engine = new Engine({ clock, context, fibers, buffer })
    yield* Effect.addFinalizer(() => closeGracefully(engine, grace))
    return Service.make(engine, grace)
  })

/**
 * A layer with a scheduler that is not started.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: SchedulerOptions): Layer.Layer<Scheduler> => Layer.effect(Scheduler, make(options))

/**
 * A layer with a scheduler that has these flows and is started. Its jobs may use the scheduler itself.
 *
 * @example
 * ```ts
 * import { Scheduler, Trigger } from "effect-cano"
 * import * as Console from "effect/Console"
 * import * as Layer from "effect/Layer"
 *
 * const schedules = Scheduler.layerFlows([
 *   Scheduler.flow("heartbeat", Trigger.every("30 seconds"), Console.log("alive")),
 *   Scheduler.flow("report", Trigger.cron("0 9 * * *", { timeZone: "Europe/Berlin" }), Console.log("good morning"))
 * ])
 *
 * // never ends: give it to `Main.run` of effect-cano-node, or to `NodeRuntime.runMain`
 * const main = Layer.launch(schedules)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFlows = <const Flows extends ReadonlyArray<Flow.Any>>(
  flows: Flows,
  options?: SchedulerOptions
): Layer.Layer<
  Scheduler,
  DuplicateFlow | InvalidFlow | InvalidCron,
  Exclude<Flow.Services<Flows[number]>, Scheduler | Scope.Scope>
> =>
  Layer.effect(
    Scheduler,
    Effect.gen(function* () {
      const scheduler = yield* make(options)
      const addAll = Effect.forEach(flows, (flow) => scheduler.add(flow), { discard: true })
      yield* Effect.provideService(addAll, Scheduler, scheduler)
      yield* Effect.orDie(scheduler.start)
      return scheduler
    })
  ) as any

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const closeGracefully = (engine: Engine, grace: Duration.Duration): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { inFlight } = engine
    if (inFlight.length > 0) {
      const flows = named(inFlight)
      yield* Effect.logInfo(`Scheduler is stopping; up to ${Duration.format(grace)} are left for ${flows}`)
    }
    const { interrupted } = yield* engine.stop(grace)
    if (interrupted.length > 0) yield* Effect.logWarning(`Scheduler has interrupted ${named(interrupted)}`)
    yield* engine.close()
  })

const named = (runs: ReadonlyArray<{ readonly flow: string; readonly run: number }>): string => {
  const shown = runs.slice(0, 20).map(({ flow, run }) => `"${flow}" (run ${run})`)
  return `${shown.join(", ")}${runs.length > 20 ? ` and ${runs.length - 20} more` : ""}`
}
