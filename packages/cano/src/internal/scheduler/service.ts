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
import { ConfigurationError } from "../../ConfigurationError.ts"
import type { Flow, Options, Run, Scheduler, Tick } from "../../Scheduler.ts"
import {
  DuplicateFlow,
  type InvalidCron,
  type InvalidFlow,
  NotRunning,
  RunTimeout,
  TriggerRefused,
  UnknownFlow
} from "../../SchedulerError.ts"
import type * as Trigger from "../../Trigger.ts"
import { durationProblems, refuse } from "../configuration.ts"
import type { Engine } from "./engine.ts"
import { noOptions, policyOf } from "./options.ts"
import { FlowRecord } from "./record.ts"
import * as Report from "./report.ts"

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
export const make = (engine: Engine, grace: Duration.Duration): Scheduler["Service"] => {
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
