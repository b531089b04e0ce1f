import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Flow, Options } from "../../Scheduler.ts"
import { InvalidFlow } from "../../SchedulerError.ts"
import {
  type Check,
  described,
  expected,
  isCount,
  isDuration,
  isNumber,
  isOneOf,
  isOptions,
  isSpan,
  nameProblems,
  optional
} from "../faults.ts"
import type { Backoff, Policy } from "./decision.ts"
import { noOptions } from "./definition.ts"
import { isTime, millisOf } from "./times.ts"

type AnyOptions = Options<Duration.Input | undefined>

/** The latest instant of a date. */
const endOfTime = 8.64e15

/** Shared by all flows without options. */
const plain: Policy = {
  overlap: "skip",
  atMost: 1,
  missed: "skip",
  window: 0,
  jitter: 0,
  startAt: -Infinity,
  endAt: endOfTime,
  maxRuns: Infinity,
  trip: Infinity,
  backoff: undefined,
  debounce: undefined
}

/** The policy for which the options of a flow stand, or everything that is wrong with them, the id and the job. */
export const policyOf = ({ id, job, options }: Flow.Any): Result.Result<Policy, InvalidFlow> => {
  const wrong = [...nameProblems("the id", id), ...isJob("the job", job)]
  if (options === noOptions && wrong.length === 0) return succeedPlain
  const problems = [...wrong, ...problemsOf(options)]
  return problems.length > 0
    ? Result.fail(new InvalidFlow({ flow: nameOf(id).slice(0, 40), problems }))
    : Result.succeed(toPolicy(options))
}

/** What keeps a flow out of a journal. Its id is part of the ids of runs. */
export const memorableProblems = ({ id, trigger }: Flow.Any): ReadonlyArray<string> => [
  ...(trigger._tag === "Scheduled"
    ? ["a journal cannot remember where an Effect schedule stands: use Trigger.every or Trigger.cron"]
    : []),
  ...(id.length > longestId
    ? [`the id has ${id.length} characters, at most ${longestId} are allowed with a journal`]
    : []),
  ...(/[~\p{Cc}\p{Cs}]/u.test(id) ? ["the id holds a character that no run id may hold"] : [])
]

/** An id of a run has 256 characters at most, with the time of the tick and a number. */
const longestId = 200

/** The name of a flow in an error, also if it is none. */
export const nameOf = (id: unknown): string => (typeof id === "string" ? id : described(id))

const succeedPlain = Result.succeed(plain)

const toPolicy = ({
  backoff,
  debounce,
  endAt,
  jitter,
  maxRuns,
  missed,
  overlap,
  startAt,
  trip
}: AnyOptions): Policy => ({
  overlap: typeof overlap === "object" ? "skip" : (overlap ?? plain.overlap),
  atMost: typeof overlap === "object" ? overlap.atMost : plain.atMost,
  missed: typeof missed === "object" ? "all" : (missed ?? plain.missed),
  window: typeof missed === "object" ? Duration.toMillis(missed.all) : 0,
  jitter: jitter === undefined ? 0 : Duration.toMillis(jitter),
  startAt: startAt === undefined ? -Infinity : millisOf(startAt),
  endAt: endAt === undefined ? endOfTime : millisOf(endAt),
  maxRuns: maxRuns ?? Infinity,
  trip: trip ?? Infinity,
  backoff: backoff === undefined ? undefined : toBackoff(backoff),
  debounce:
    debounce === undefined
      ? undefined
      : { quiet: Duration.toMillis(debounce.quiet), latest: Duration.toMillis(debounce.latest ?? "Infinity") }
})

const toBackoff = ({ base, factor, maxDelay }: NonNullable<AnyOptions["backoff"]>): Backoff => ({
  base: Duration.toMillis(base),
  factor: factor ?? 2,
  maxDelay: Duration.toMillis(maxDelay ?? "1 hour")
})

// -----------------------------------------------------------------------------
// what is wrong
// -----------------------------------------------------------------------------

const isJob = expected("an Effect or a function", (job) => Effect.isEffect(job) || typeof job === "function")

const isWindow = isOptions<{ readonly all: Duration.Input }>({
  all: isDuration("above 0", "the window of missed ticks")
})

const isMissed: Check = (what, missed) =>
  typeof missed === "object" && missed !== null
    ? isWindow(what, missed)
    : expected(`"skip", "once" or { all: window }`, (word) => word === "skip" || word === "once")(what, missed)

const isOverlap: Check = (what, overlap) =>
  typeof overlap === "object" && overlap !== null
    ? isBound(what, overlap)
    : isOneOf("skip", "queue", "allow", "cancelPrevious")(what, overlap).map((problem) => `${problem} or { atMost: n }`)

const isBound = isOptions<{ readonly atMost: number }>({ atMost: isCount(1) })

const isBackoff = isOptions<NonNullable<AnyOptions["backoff"]>>({
  base: isDuration("above 0", "the backoff's base"),
  factor: optional((_, factor) => isNumber(1)("the backoff's factor", factor)),
  maxDelay: optional(isDuration("above 0", "the backoff's maxDelay"))
})

const isDebounce = isOptions<NonNullable<AnyOptions["debounce"]>>({
  quiet: isDuration("above 0", "the debounce's quiet"),
  latest: optional(isDuration("above 0", "the debounce's latest"))
})

const areOptions = isOptions<AnyOptions>({
  overlap: optional(isOverlap),
  missed: optional(isMissed),
  jitter: optional(isDuration("from 0")),
  timeout: optional(isDuration("above 0")),
  maxRuns: optional(isCount(1)),
  startAt: optional(isTime),
  endAt: optional(isTime),
  backoff: optional(isBackoff),
  debounce: optional(isDebounce),
  trip: optional(isCount(1)),
  span: optional(isSpan)
})

const problemsOf = (options: AnyOptions): ReadonlyArray<string> => {
  const problems = areOptions("what the flow was given as options", options)
  return problems.length > 0 ? problems : orderProblems(options)
}

const orderProblems = ({ endAt, startAt }: AnyOptions): ReadonlyArray<string> => {
  if (startAt === undefined || endAt === undefined || millisOf(startAt) <= millisOf(endAt)) return []
  const iso = (time: DateTime.DateTime.Input) => DateTime.formatIso(DateTime.makeUnsafe(time))
  return [`startAt (${iso(startAt)}) is after endAt (${iso(endAt)})`]
}
