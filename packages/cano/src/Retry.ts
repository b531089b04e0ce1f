/**
 * Retry policies with names. Each is a plain `Schedule`; for any other policy use `Schedule` itself.
 *
 * 1. `n` retries mean `n + 1` attempts.
 * 2. The exponential delay before the k-th retry (k starts at 0) is `min(base * factor^k, maxDelay)`, multiplied by a
 *    uniform factor in `[1 - jitter, 1 + jitter]`. Jitter comes after the cap, as in Cano, so a delay can exceed
 *    `maxDelay` by the jitter.
 * 3. Randomness comes from Effect's `Random`, so `Random.withSeed` makes the delays repeatable.
 * 4. A constructor refuses numbers that make no sense, with a `ConfigurationError`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import {
  type Checks,
  countProblems,
  durationProblems,
  isCount,
  isDuration,
  isNumber,
  optional,
  isObject,
  valuesProblems,
  refuse
} from "./internal/faults.ts"
import { label } from "./internal/machine/policyLabel.ts"

/**
 * A schedule that takes any failure, never fails and needs no service.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy extends Schedule.Schedule<number> {}

/**
 * The numbers of an exponential backoff; see {@link exponentialCustom}.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExponentialOptions {
  readonly retries: number
  readonly base?: Duration.Input | undefined
  readonly factor?: number | undefined
  readonly maxDelay?: Duration.Input | undefined
  readonly jitter?: number | undefined
}

/**
 * Never retries: one attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const none: Policy = label(Schedule.recurs(0), "no retry")

/**
 * Retries up to `retries` times with the same delay before each.
 *
 * @example
 * ```ts
 * import { Retry } from "effect-cano"
 *
 * // at most 4 attempts, 2 s apart
 * const policy = Retry.fixed(3, "2 seconds")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (retries: number, delay: Duration.Input): Policy => {
  refuse("Retry.fixed", [...countProblems("retries", retries, 0), ...durationProblems("delay", delay, "from 0")])
  const wait = Duration.fromInputUnsafe(delay)
  return label(Schedule.upTo(Schedule.spaced(wait), { times: retries }), `${retries} × ${Duration.format(wait)}`)
}

/**
 * Retries up to `retries` times, after 100 ms, 200 ms, 400 ms and so on, at most 30 s, each with 10 % jitter.
 *
 * The numbers are those of Cano's `with_exponential_retry`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const exponential = (retries: number): Policy => exponentialCustom({ retries })

/**
 * Retries with exponential backoff, with numbers of your own.
 *
 * **Details**
 *
 * - `retries`: the number of retries, a whole number from 0.
 * - `base`: the first delay; default 100 ms.
 * - `factor`: the growth from one delay to the next, at least 1; default 2.
 * - `maxDelay`: the cap before jitter; default 30 s.
 * - `jitter`: the relative spread, from 0 to 1; default 0.1.
 *
 * @example
 * ```ts
 * import { Retry } from "effect-cano"
 *
 * // 50 ms, 100 ms, 200 ms, without jitter
 * const policy = Retry.exponentialCustom({ retries: 3, base: "50 millis", jitter: 0 })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const exponentialCustom = (options: ExponentialOptions): Policy => {
  refuse("Retry.exponentialCustom", [
    ...isObject("what it was given", options),
    ...valuesProblems(options ?? {}, checks)
  ])
  const { base = "100 millis", factor = 2, jitter = 0.1, maxDelay = "30 seconds" } = options
  const baseMillis = Duration.toMillis(base)
  const maxMillis = Duration.toMillis(maxDelay)
  const delays = Schedule.modifyDelay(Schedule.recurs(options.retries), ({ attempt }) =>
    spread(Math.min(baseMillis * factor ** (attempt - 1), maxMillis), jitter)
  )
  return label(delays, `${options.retries} × exponential`)
}

const checks: Checks<ExponentialOptions> = {
  retries: isCount(0),
  base: optional(isDuration("from 0")),
  maxDelay: optional(isDuration("from 0")),
  factor: optional(isNumber(1)),
  jitter: optional(isNumber(0, 1))
}

const spread = (millis: number, jitter: number): Effect.Effect<Duration.Duration> =>
  jitter === 0
    ? Effect.succeed(Duration.millis(millis))
    : Effect.map(Random.next, (random) => Duration.millis(millis * (1 - jitter + 2 * jitter * random)))
