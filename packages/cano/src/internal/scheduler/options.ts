import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { durationProblems, nameProblems } from "../configuration.ts"
import type { Backoff, Policy } from "./decision.ts"
import { InvalidFlow, type Options } from "./model.ts"

type AnyOptions = Options<Duration.Input | undefined>

/** Shared by all flows without options. */
const plain: Policy = {
  overlap: "skip",
  missed: "skip",
  window: 0,
  jitter: 0,
  startAt: -Infinity,
  endAt: Infinity,
  maxRuns: Infinity,
  trip: Infinity,
  backoff: undefined
}

const overlaps: ReadonlySet<unknown> = new Set(["skip", "queue", "allow", "cancelPrevious"])

/** The policy that options stand for, or everything that is wrong with the id and the options. */
export const policyOf = (id: string, options: AnyOptions): Result.Result<Policy, InvalidFlow> => {
  const wrongName = nameProblems("the id", id)
  if (options === noOptions && wrongName.length === 0) return succeedPlain
  const problems = [...wrongName, ...problemsOf(options)]
  return problems.length > 0
    ? Result.fail(new InvalidFlow({ flow: String(id).slice(0, 40), problems }))
    : Result.succeed(toPolicy(options))
}

export const noOptions: AnyOptions = {}

const succeedPlain = Result.succeed(plain)

const toPolicy = ({ backoff, endAt, jitter, maxRuns, missed, overlap, startAt, trip }: AnyOptions): Policy => ({
  overlap: overlap ?? plain.overlap,
  missed: typeof missed === "object" ? "all" : (missed ?? plain.missed),
  window: typeof missed === "object" ? Duration.toMillis(missed.all) : 0,
  jitter: jitter === undefined ? 0 : Duration.toMillis(jitter),
  startAt: startAt === undefined ? -Infinity : DateTime.toEpochMillis(DateTime.makeUnsafe(startAt)),
  endAt: endAt === undefined ? Infinity : DateTime.toEpochMillis(DateTime.makeUnsafe(endAt)),
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
    ...(typeof missed === "object"
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

const backoffProblems = ({ base, factor, maxDelay }: NonNullable<AnyOptions["backoff"]>): ReadonlyArray<string> => [
  ...durationProblems("the backoff's base", base, "above 0"),
  ...(maxDelay === undefined ? [] : durationProblems("the backoff's maxDelay", maxDelay, "above 0")),
  ...(factor === undefined || (Number.isFinite(factor) && factor >= 1)
    ? []
    : [`the backoff's factor is ${factor}, expected a number from 1`])
]

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
