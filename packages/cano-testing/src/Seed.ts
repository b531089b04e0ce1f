/**
 * Random cases from a seed. A suite prints its seed, so a run of it can be replayed.
 *
 * @since 0.1.0
 */
import { env } from "node:process"

/**
 * A generator of random choices.
 *
 * @category models
 * @since 0.1.0
 */
export interface Random {
  /** Gives a whole number from 0 to `n - 1`. */
  readonly int: (n: number) => number
  /** Gives one of the items. */
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  /** Gives `true` with the probability, which is from 0 to 1. */
  readonly chance: (probability: number) => boolean
}

/**
 * Makes a small generator (mulberry32). The same seed gives the same choices.
 *
 * @category constructors
 * @since 0.1.0
 */
export const random = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (n: number): number => Math.floor(next() * n)
  return {
    int,
    pick: (items) => items[int(items.length)]!,
    chance: (probability) => next() < probability
  }
}

/**
 * Reads the seed and the number of cases of a suite from `CANO_SEED`, default 1, and `CANO_RUNS`, default `runs`.
 * `CANO_SEED=7 CANO_RUNS=1 vitest run` replays case 7.
 *
 * @category constructors
 * @since 0.1.0
 */
export const replay = (runs: number): { readonly seed: number; readonly runs: number } => ({
  seed: Number(env["CANO_SEED"] ?? 1),
  runs: Number(env["CANO_RUNS"] ?? runs)
})
