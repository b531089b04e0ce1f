import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { Flow, Options, Run, RunInFlight, Scheduler, SchedulerOptions } from "../../Scheduler.ts"
import {
  DuplicateFlow,
  type InvalidCron,
  InvalidFlow,
  NotRunning,
  TriggerRefused,
  UnknownFlow
} from "../../SchedulerError.ts"
import type * as Trigger from "../../Trigger.ts"
import { durableJobOf, IsStopping } from "../durable/job.ts"
import {
  type Check,
  type Checks,
  described,
  expected,
  isCount,
  isDuration,
  isOptions,
  optional,
  refuse
} from "../faults.ts"
import { isTraced } from "../watch/spans.ts"
import * as decision from "./decision.ts"
import { isFlow, makeFlow } from "./definition.ts"
import type { Engine } from "./engine.ts"
import { explain } from "./explain.ts"
import { type LiveFlow, makeLiveFlow, type Offer } from "./flow.ts"
import { memorableProblems, nameOf, policyOf } from "./policy.ts"
import { Remembered } from "./remembered.ts"
import { previewOf, statusOf } from "./status.ts"
import { isTime, millisOf } from "./times.ts"

/** What a scheduler offers, on an engine. */
export const make = (engine: Engine, grace: Duration.Duration): Scheduler["Service"] => {
  const withFlow = <A, E = never>(flow: string | Flow.Any, use: (flow: LiveFlow) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | UnknownFlow> => {
      const found = find(engine, flow)
      return Result.isFailure(found) ? Effect.fail(found.failure) : use(found.success)
    })
  const sync = <A>(flow: string | Flow.Any, use: (flow: LiveFlow) => A) =>
    withFlow(flow, (flow) => Effect.sync(() => use(flow)))
  return {
    add: (flow: string | Flow.Any, trigger?: Trigger.Trigger<any>, job?: Flow.Any["job"], options?: Options<any>) =>
      add(engine, isFlow(flow) ? flow : makeFlow(flow, trigger!, job!, options)) as any,
    start: engine.start,
    stop: (options = {}) => Effect.suspend(() => engine.stop(graceOf(options, grace))),
    trigger: (flow: string | Flow.Any) => withFlow(flow, (flow) => upToDate(engine, flow, trigger)) as any,
    pause: (flow) => withFlow(flow, (flow) => engine.pause(flow)),
    resume: (flow) => withFlow(flow, (flow) => engine.resume(flow)),
    reset: (flow) => withFlow(flow, (flow) => engine.reset(flow)),
    remove: (flow) => withFlow(flow, (flow) => remove(engine, flow)),
    status: (flow) => sync(flow, (flow) => statusOf(flow, engine)),
    list: Effect.sync(() =>
      Array.from(engine.flows.values())
        .filter((flow) => !flow.isRemoved)
        .map((flow) => statusOf(flow, engine))
    ),
    running: (flow) => withFlow(flow, (flow) => running(engine, flow)),
    preview: (flow, n) =>
      withFlow(flow, (flow) => previewOf(flow, engine.isRunning, engine.clock.read(), previewLengthOf(n))),
    explain: (flow, instant) =>
      withFlow(flow, (flow) => explain(flow, engine.isRunning, engine.clock.read(), instantOf(instant))),
    changes: engine.changes.events,
    isRunning: Effect.sync(() => engine.isRunning)
  }
}

const find = (engine: Engine, flow: string | Flow.Any): Result.Result<LiveFlow, UnknownFlow> => {
  const id = isFlow(flow) ? flow.id : flow
  const found = engine.flows.get(id)
  if (found === undefined || found.isRemoved) return Result.fail(new UnknownFlow({ flow: nameOf(id) }))
  return isFlow(flow) && found.definition !== flow
    ? Result.fail(new UnknownFlow({ flow: id, isOther: true }))
    : Result.succeed(found)
}

const add = (
  engine: Engine,
  definition: Flow.Any
): Effect.Effect<Flow.Any, DuplicateFlow | InvalidFlow | InvalidCron> =>
  Effect.withFiber((fiber): Effect.Effect<Flow.Any, DuplicateFlow | InvalidFlow | InvalidCron> => {
    const { id, trigger } = definition
    const policy = policyOf(definition)
    if (Result.isFailure(policy)) return Effect.fail(policy.failure)
    const problems = engine.memory === undefined ? [] : memorableProblems(definition)
    if (problems.length > 0) return Effect.fail(new InvalidFlow({ flow: id, problems }))
    if (engine.flows.has(id)) return Effect.fail(new DuplicateFlow({ flow: id }))
    const timetable = engine.timetables.acquire(id, trigger, engine.clock.read())
    if (Result.isFailure(timetable)) return Effect.fail(timetable.failure)
    engine.add(
      makeLiveFlow({
        definition,
        order: engine.nextOrder(),
        policy: policy.success,
        timetable: timetable.success,
        context:
          durableJobOf(definition.job) === undefined
            ? fiber.context
            : Context.add(fiber.context, IsStopping, () => !engine.isRunning),
        isTraced: isTraced(fiber),
        remembered: engine.memory === undefined ? undefined : new Remembered(definition)
      })
    )
    return Effect.succeed(definition)
  })

/** Looks first at what other schedulers have done, if there is a journal. One that is away holds up no call. */
const upToDate = <A, E>(
  engine: Engine,
  flow: LiveFlow,
  use: (engine: Engine, flow: LiveFlow) => Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const { acceptance } = engine
  if (acceptance === undefined) return use(engine, flow)
  return Effect.andThen(
    Effect.ignore(acceptance.refresh(flow)),
    Effect.suspend(() => use(engine, flow))
  )
}

const trigger = (engine: Engine, flow: LiveFlow): Effect.Effect<Run<unknown, unknown>, NotRunning | TriggerRefused> => {
  const { id } = flow
  if (!engine.isRunning) return Effect.fail(new NotRunning({ flow: id }))
  const { debounce } = flow.policy
  if (debounce !== undefined && !flow.tripped && decision.runsLeft(flow.policy, flow) > 0) {
    return Effect.succeed(runOf(engine, flow, engine.debouncer.gather(flow, debounce)))
  }
  const offer = {
    due: engine.clock.read(),
    by: "hand",
    done: Deferred.makeUnsafe<Exit.Exit<unknown, unknown>>()
  } as const
  const decided = engine.runner.offer(flow, offer)
  return decided._tag === "Skip"
    ? Effect.fail(new TriggerRefused({ flow: id, reason: decided.reason, run: decided.run }))
    : Effect.succeed(runOf(engine, flow, offer))
}

const runOf = (engine: Engine, flow: LiveFlow, offer: Offer): Run<unknown, unknown> => {
  const end = Deferred.await(offer.done!)
  const cancel = Effect.suspend(() =>
    engine.debouncer.drop(flow, "cancelled", offer) ? Effect.void : engine.runner.cancel(flow, offer)
  )
  return { flow: flow.id, await: end, join: Effect.flatten(end), cancel }
}

/** A run that asks before its first pause is in flight only when it has come to that. */
const running = (engine: Engine, flow: LiveFlow): Effect.Effect<ReadonlyArray<RunInFlight>> => {
  const list = Effect.sync(() =>
    flow.allInFlight.map(({ offer, run, startedAt }) => ({
      flow: flow.id,
      run,
      due: DateTime.makeUnsafe(offer.due),
      by: offer.by,
      startedAt: DateTime.makeUnsafe(startedAt),
      cancel: engine.runner.cancel(flow, offer)
    }))
  )
  return flow.isStarting ? Effect.andThen(Effect.yieldNow, list) : list
}

/** Waits for the runs, but not from within one of them: that one is interrupted while it waits. */
const remove = (engine: Engine, flow: LiveFlow): Effect.Effect<void> =>
  Effect.suspend(() => {
    const fibers = flow.fibersInFlight
    engine.remove(flow)
    return Effect.asVoid(Fiber.awaitAll(fibers))
  })

// -----------------------------------------------------------------------------
// what only a mistake in the program can make wrong
// -----------------------------------------------------------------------------

/** A grace may be of any length, also none and without end. */
const isGrace: Check = (what, grace) =>
  grace === Infinity || grace === "Infinity" ? [] : isDuration("from 0")(what, grace)

const stopChecks: Checks<Pick<SchedulerOptions, "grace">> = { grace: optional(isGrace) }

const schedulerChecks: Checks<SchedulerOptions> = {
  ...stopChecks,
  buffer: optional(isCount(1)),
  journal: optional(expected("true or false", (journal) => typeof journal === "boolean"))
}

/** Reads the options of a scheduler, and fills them in. */
export const settingsOf = (
  options: SchedulerOptions<boolean> = {}
): { readonly grace: Duration.Duration; readonly buffer: number; readonly journal: boolean } => {
  refuse("Scheduler", isOptions(schedulerChecks)("what Scheduler.make was given", options))
  const { buffer = 1024, grace = "30 seconds", journal = false } = options
  return { grace: Duration.fromInputUnsafe(grace), buffer, journal }
}

const graceOf = (options: Pick<SchedulerOptions, "grace">, standard: Duration.Duration): Duration.Duration => {
  refuse("Scheduler.stop", isOptions(stopChecks)("what Scheduler.stop was given", options))
  return Duration.fromInputUnsafe(options.grace ?? standard)
}

/** To find more ticks would take too long. */
const longestPreview = 10_000

const previewLengthOf = (n: number): number => {
  const isFine = Number.isSafeInteger(n) && n >= 0 && n <= longestPreview
  refuse(
    "Scheduler.preview",
    isFine ? [] : [`n is ${described(n)}, expected a whole number from 0 to ${longestPreview}`]
  )
  return n
}

const instantOf = (input: DateTime.DateTime.Input): number => {
  refuse("Scheduler.explain", isTime("the instant", input))
  return millisOf(input)
}
