import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Flow, Options } from "../../Scheduler.ts"
import { InvalidFlow } from "../../SchedulerError.ts"
import { durationProblems, nameProblems } from "../faults.ts"
import type { Backoff, Policy } from "./decision.ts"
import { noOptions } from "./definition.ts"

type AnyOptions = Options<Duration.Input | undefined>

/** The latest instant of a date. */
const endOfTime = 8.64e15

/** Shared by all flows without options. */
const plain: Policy = {
  overlap: "skip",
  missed: "skip",
  window: 0,
  jitter: 0,
  startAt: -Infinity,
  endAt: endOfTime,
  maxRuns: Infinity,
  trip: Infinity,
  backoff: undefined
}

const overlaps: ReadonlySet<unknown> = new Set(["skip", "queue", "allow", "cancelPrevious"])

/** The policy for which the options of a flow stand, or everything that is wrong with them, the id and the job. */
export const policyOf = ({ id, job, options }: Flow.Any): Result.Result<Policy, InvalidFlow> => {
  const wrongName = nameProblems("the id", id)
  const isJob = Effect.isEffect(job) || typeof job === "function"
  if (options === noOptions && wrongName.length === 0 && isJob) return succeedPlain
  const problems = [
    ...wrongName,
    ...(isJob ? [] : ["the job is neither an Effect nor a function"]),
    ...problemsOf(options)
  ]
  return problems.length > 0
    ? Result.fail(new InvalidFlow({ flow: String(id).slice(0, 40), problems }))
    : Result.succeed(toPolicy(options))
}

const succeedPlain = Result.succeed(plain)

const toPolicy = ({ backoff, endAt, jitter, maxRuns, missed, overlap, startAt, trip }: AnyOptions): Policy => ({
  overlap: overlap ?? plain.overlap,
  missed: typeof missed === "object" ? "all" : (missed ?? plain.missed),
  window: typeof missed === "object" ? Duration.toMillis(missed.all) : 0,
  jitter: jitter === undefined ? 0 : Duration.toMillis(jitter),
  startAt: startAt === undefined ? -Infinity : DateTime.toEpochMillis(DateTime.makeUnsafe(startAt)),
  endAt: endAt === undefined ? endOfTime : DateTime.toEpochMillis(DateTime.makeUnsafe(endAt)),
  maxRuns: maxRuns ?? Infinity,
  trip: trip ?? Infinity,
  backoff: backoff === undefined ? undefined : toBackoff(backoff)
})

const toBackoff = ({ base, factor, maxDelay }: NonNullable<AnyOptions["backoff"]>): Backoff => ({
  base: Duration.toMillis(base),
  factor: factor ?? 2,
  maxDelay: Duration.toMillis(maxDelay ?? "1 hour")
})

const problemsOf = (options: AnyOptions): ReadonlyArray<string> => {
  const { backoff, endAt, jitter, maxRuns, missed, overlap, startAt, timeout, trip } = options
  return [
    ...(overlap === undefined || overlaps.has(overlap) ? [] : [`there is no overlap policy "${String(overlap)}"`]),
    ...(typeof missed === "object" && missed !== null
      ? durationProblems("the window of missed ticks", missed.all, "above 0")
      : missed === undefined || missed === "skip" || missed === "once"
        ? []
        : [`there is no policy "${String(missed)}" for missed ticks`]),
    ...(jitter === undefined ? [] : durationProblems("jitter", jitter, "from 0")),
    ...(timeout === undefined ? [] : durationProblems("timeout", timeout, "above 0")),
    ...countProblems("maxRuns", maxRuns),
    ...countProblems("trip", trip),
    ...(backoff === undefined ? [] : backoffProblems(backoff)),
    ...timeProblems(startAt, endAt)
  ]
}

const countProblems = (what: string, count: number | undefined): ReadonlyArray<string> =>
  count === undefined || (Number.isSafeInteger(count) && count >= 1)
    ? []
    : [`${what} is ${count}, expected a whole number from 1`]

const backoffProblems = (backoff: NonNullable<AnyOptions["backoff"]>): ReadonlyArray<string> => {
  if (typeof backoff !== "object" || backoff === null) return ["the backoff is not an object"]
  const { base, factor, maxDelay } = backoff
  return [
    ...durationProblems("the backoff's base", base, "above 0"),
    ...(maxDelay === undefined ? [] : durationProblems("the backoff's maxDelay", maxDelay, "above 0")),
    ...(factor === undefined || (Number.isFinite(factor) && factor >= 1)
      ? []
      : [`the backoff's factor is ${factor}, expected a number from 1`])
  ]
}

const timeProblems = (startAt: AnyOptions["startAt"], endAt: AnyOptions["endAt"]): ReadonlyArray<string> => {
  const from = startAt === undefined ? undefined : DateTime.make(startAt)
  const to = endAt === undefined ? undefined : DateTime.make(endAt)
  const wrong = [
    ...(from !== undefined && Option.isNone(from) ? ["startAt is not a time"] : []),
    ...(to !== undefined && Option.isNone(to) ? ["endAt is not a time"] : [])
  ]
  if (wrong.length > 0 || from === undefined || to === undefined) return wrong
  const [start, end] = [Option.getOrThrow(from), Option.getOrThrow(to)]
  return DateTime.toEpochMillis(start) > DateTime.toEpochMillis(end)
    ? [`startAt (${DateTime.formatIso(start)}) is after endAt (${DateTime.formatIso(end)})`]
    : []
}
