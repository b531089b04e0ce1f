import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import { ConfigurationError } from "../../ConfigurationError.ts"
import type * as Trigger from "../../Trigger.ts"
import { durationProblems, refuse } from "../faults.ts"
import type { Engine } from "./engine.ts"
import {
  type AlreadyRunning,
  DuplicateFlow,
  type Event,
  type Explanation,
  type Flow,
  type InvalidCron,
  type InvalidFlow,
  NotRunning,
  type Options,
  type Run,
  RunTimeout,
  type Status,
  type StopReport,
  type Tick,
  type TimeoutError,
  TriggerRefused,
  UnknownFlow
} from "./model.ts"
import { noOptions, policyOf } from "./options.ts"
import { FlowRecord } from "./record.ts"
import * as Report from "./report.ts"

/**
 * The operations of a {@link Scheduler}. Where a flow is wanted, its id or its flow value is given.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchedulerShape {
  /**
   * Registers a flow, made by {@link flow} or from its parts, and gives it back. In a running scheduler it is scheduled at
   * once. The job is an Effect, or a function from its {@link Tick} to one; it is given the services of the caller.
   */
  readonly add: {
    <A, E, R>(flow: Flow<A, E, R>): Effect.Effect<Flow<A, E, R>, DuplicateFlow | InvalidFlow | InvalidCron, R>
    <A, E, R, T extends Trigger.Trigger<any>, Timeout extends Duration.Input | undefined = undefined>(
      id: string,
      trigger: T,
      job: Effect.Effect<A, E, R> | ((tick: Tick) => Effect.Effect<A, E, R>),
      options?: Options<Timeout>
    ): Effect.Effect<
      Flow<A, E | TimeoutError<Timeout>, R | Trigger.Trigger.Services<T>>,
      DuplicateFlow | InvalidFlow | InvalidCron,
      R | Trigger.Trigger.Services<T>
    >
  }
  /** Schedules all flows. A scheduler that was stopped can be started again. */
  readonly start: Effect.Effect<void, AlreadyRunning>
  /**
   * Starts nothing more, waits for the runs in flight, interrupts those that take longer than `grace`, waits for their
   * finalizers, and names them. If it is stopped, nothing happens, and nobody is named; if it is stopping, it is waited
   * for, and the shorter grace counts.
   *
   * A job that stops its own scheduler should fork the stop with `Effect.forkDetach`: the stop waits for the job, and what
   * `Effect.forkChild` has forked dies with it.
   *
   * A run that cannot be interrupted (`Effect.uninterruptible`, or a finalizer that hangs) is waited for, however long it
   * takes beyond the grace: bound the work inside of it. Under `Main.run` of effect-cano-node a second signal ends
   * the process at once.
   */
  readonly stop: (options?: { readonly grace?: Duration.Input | undefined }) => Effect.Effect<StopReport>
  /**
   * Runs a flow now, whatever its trigger, a pause or a backoff say; but its overlap policy, a trip and `maxRuns` count. A
   * flow value gives a run with the types of its job, an id one that knows nothing of them.
   */
  readonly trigger: {
    <A, E, R>(flow: Flow<A, E, R>): Effect.Effect<Run<A, E>, UnknownFlow | NotRunning | TriggerRefused>
    (id: string): Effect.Effect<Run<unknown, unknown>, UnknownFlow | NotRunning | TriggerRefused>
  }
  /** Keeps a flow from starting by its trigger. Runs in flight go on, and a tick that waits is dropped. */
  readonly pause: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
  /** Ends a pause. The grid of the flow has stayed. */
  readonly resume: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
  /** Interrupts the runs of a flow, waits for their finalizers, and forgets it. */
  readonly remove: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
  /** Ends a trip, a backoff and the count of failures in a row. */
  readonly reset: (flow: string | Flow.Any) => Effect.Effect<void, UnknownFlow>
  /** Tells where a flow stands. */
  readonly status: (flow: string | Flow.Any) => Effect.Effect<Status, UnknownFlow>
  /** Where all flows stand, in the order in which they were added. */
  readonly list: Effect.Effect<ReadonlyArray<Status>>
  /**
   * Tells when the next `n` runs are due as things stand: none while paused or tripped. While the scheduler is stopped, as
   * if it were started now. At most 10,000, else it dies with a `ConfigurationError`; of `Trigger.schedule`, one.
   */
  readonly preview: (flow: string | Flow.Any, n: number) => Effect.Effect<ReadonlyArray<DateTime.Utc>, UnknownFlow>
  /** Tells what became, or will become, of a tick at an instant. */
  readonly explain: (
    flow: string | Flow.Any,
    instant: DateTime.DateTime.Input
  ) => Effect.Effect<Explanation, UnknownFlow>
  /** The events from the moment that it is run, until the scheduler is closed. */
  readonly changes: Stream.Stream<Event>
  /** Whether it was started, and not stopped since. */
  readonly isRunning: Effect.Effect<boolean>
}

type Job = Flow.Any["job"]

class FlowImpl {
  readonly "~effect-cano/Scheduler/Flow" = variance
  readonly id: string
  readonly trigger: Trigger.Trigger<any>
  readonly job: Job
  readonly options: Options<any>

  constructor(id: string, trigger: Trigger.Trigger<any>, job: Job, options: Options<any>) {
    this.id = id
    this.trigger = trigger
    this.job = job
    this.options = options
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

const variance: any = {}

export const makeFlow = (
  id: string,
  trigger: Trigger.Trigger<any>,
  job: Job,
  options?: Options<any>
): Flow<any, any, any> => new FlowImpl(id, trigger, job, options ?? noOptions)

const isFlow = (u: string | Flow.Any): u is Flow.Any => hasProperty(u, "~effect-cano/Scheduler/Flow")

/** Reads a grace; any length is one, also none and without end. */
export const graceOf = (input: Duration.Input): Duration.Duration => {
  const isUnbounded = input === Infinity || input === "Infinity"
  refuse("Scheduler", isUnbounded ? [] : durationProblems("grace", input, "from 0"))
  return Duration.fromInputUnsafe(input)
}

/** To find more ticks would hold up all flows. */
const longestPreview = 10_000

/** The operations on an engine. */
export const make = (engine: Engine, grace: Duration.Duration): SchedulerShape => {
  const find = (flow: string | Flow.Any): Result.Result<FlowRecord, UnknownFlow> => {
    const id = isFlow(flow) ? flow.id : flow
    const record = engine.records.get(id)
    if (record === undefined || record.removed) return Result.fail(new UnknownFlow({ flow: String(id) }))
    return isFlow(flow) && record.flow !== flow
      ? Result.fail(new UnknownFlow({ flow: id, isOther: true }))
      : Result.succeed(record)
  }
  const withRecord = <A, E = never>(flow: string | Flow.Any, f: (record: FlowRecord) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | UnknownFlow> => {
      const record = find(flow)
      return Result.isFailure(record) ? Effect.fail(record.failure) : f(record.success)
    })
  const sync = <A>(flow: string | Flow.Any, f: (record: FlowRecord) => A) =>
    withRecord(flow, (record) => Effect.sync(() => f(record)))
  return {
    add: (first: string | Flow.Any, trigger?: Trigger.Trigger<any>, job?: Job, options?: any) =>
      addFlow(engine, isFlow(first) ? first : makeFlow(first, trigger!, job!, options)) as any,
    start: engine.start,
    stop: (options) => Effect.suspend(() => engine.stop(options?.grace === undefined ? grace : graceOf(options.grace))),
    trigger: (flow: string | Flow.Any) => withRecord(flow, (record) => triggerFlow(engine, record)) as any,
    pause: (flow) => sync(flow, (record) => engine.pause(record)),
    resume: (flow) => sync(flow, (record) => engine.resume(record)),
    reset: (flow) => sync(flow, (record) => engine.reset(record)),
    remove: (flow) => withRecord(flow, (record) => removeFlow(engine, record)),
    status: (flow) => sync(flow, (record) => Report.statusOf(record, engine.state, engine.now())),
    list: Effect.sync(() =>
      Array.from(engine.records.values())
        .filter((record) => !record.removed)
        .map((record) => Report.statusOf(record, engine.state, engine.now()))
    ),
    preview: (flow, n) =>
      sync(flow, (record) => {
        refuse(
          "Scheduler.preview",
          Number.isSafeInteger(n) && n >= 0 && n <= longestPreview
            ? []
            : [`n is ${n}, expected a whole number from 0 to ${longestPreview}`]
        )
        return Report.previewOf(record, engine.state, engine.now(), n)
      }),
    explain: (flow, instant) =>
      sync(flow, (record) => {
        const at = DateTime.make(instant)
        refuse("Scheduler.explain", Option.isSome(at) ? [] : [`the instant is ${String(instant)}, expected a time`])
        return Report.explain(record, engine.state, engine.now(), DateTime.toEpochMillis(Option.getOrThrow(at)))
      }),
    changes: engine.hub.events,
    isRunning: Effect.sync(() => engine.state === "running")
  }
}

const addFlow = <A, E, R>(
  engine: Engine,
  flow: Flow<A, E, R>
): Effect.Effect<Flow<A, E, R>, DuplicateFlow | InvalidFlow | InvalidCron, R> =>
  Effect.withFiber((fiber): Effect.Effect<Flow<A, E, R>, DuplicateFlow | InvalidFlow | InvalidCron> => {
    const policy = policyOf(flow)
    if (Result.isFailure(policy)) return Effect.fail(policy.failure)
    if (engine.records.has(flow.id)) return Effect.fail(new DuplicateFlow({ flow: flow.id }))
    const timetable = engine.timetables.acquire(flow.id, flow.trigger, engine.now())
    if (Result.isFailure(timetable)) return Effect.fail(timetable.failure)
    const { cache } = fiber
    engine.add(
      new FlowRecord({
        flow,
        order: engine.nextOrder(),
        policy: policy.success,
        timetable: timetable.success,
        ...workOf(flow),
        context: fiber.context,
        isTraced: cache.tracer !== undefined && cache.tracerEnabled
      })
    )
    return Effect.succeed(flow)
  })

/** The job with its timeout, as one effect or one for each tick. */
const workOf = (flow: Flow.Any): Pick<FlowRecord, "effect" | "effectOf"> => {
  const { job } = flow
  // Not by `typeof`: a service is an Effect, and a class.
  if (Effect.isEffect(job)) return { effect: bounded(flow, job), effectOf: undefined }
  const call = job as (tick: Tick) => unknown
  const jobFor = (tick: Tick) => Effect.suspend(() => effectFrom(flow, call(tick)))
  return { effect: Effect.void, effectOf: (tick) => bounded(flow, jobFor(tick)) }
}

const effectFrom = ({ id }: Flow.Any, given: unknown): Effect.Effect<any, any, any> => {
  if (Effect.isEffect(given)) return given
  const problem = `the job is a function that gave ${String(given)}, expected an Effect`
  return Effect.die(new ConfigurationError({ subject: `Flow "${id}"`, problems: [problem] }))
}

const bounded = ({ id, options }: Flow.Any, work: Effect.Effect<any, any, any>): Effect.Effect<any, any, any> => {
  if (options.timeout === undefined) return work
  const timeout = Duration.fromInputUnsafe(options.timeout)
  const orElse = () => Effect.fail(new RunTimeout({ flow: id, timeout }))
  return Effect.timeoutOrElse(work, { duration: timeout, orElse })
}

const triggerFlow = (
  engine: Engine,
  record: FlowRecord
): Effect.Effect<Run<unknown, unknown>, NotRunning | TriggerRefused> => {
  const { id } = record
  if (engine.state !== "running") return Effect.fail(new NotRunning({ flow: id }))
  const done = Deferred.makeUnsafe<Exit.Exit<unknown, unknown>>()
  const decided = engine.runner.offer(record, engine.now(), "hand", done)
  if (decided._tag === "Skip") {
    return Effect.fail(new TriggerRefused({ flow: id, reason: decided.reason, run: decided.run }))
  }
  const end = Deferred.await(done)
  return Effect.succeed({ flow: id, await: end, join: Effect.flatten(end) })
}

/** Waits for the runs, but not from within one of them: that one is interrupted while it waits. */
const removeFlow = (engine: Engine, record: FlowRecord): Effect.Effect<void> =>
  Effect.suspend(() => {
    const fibers = Array.from(record.fibers?.values() ?? [], ({ fiber }) => fiber)
    engine.remove(record)
    return Effect.asVoid(Fiber.awaitAll(fibers))
  })
