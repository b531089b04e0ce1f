/** A small seeded generator (mulberry32), so that a suite can print its seed and be replayed. */
export const random = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  /** A whole number from 0 and below `n`. */
  const int = (n: number): number => Math.floor(next() * n)
  const pick = <A>(items: ReadonlyArray<A>): A => items[int(items.length)]!
  const chance = (probability: number): boolean => next() < probability
  return { int, pick, chance }
}

export type Random = ReturnType<typeof random>

/** The seed of a suite and how many cases it tries: `CANO_SEED=7 CANO_RUNS=1 vitest run` replays case 7. */
export const replay = (runs: number) => ({
  seed: Number(process.env["CANO_SEED"] ?? 1),
  runs: Number(process.env["CANO_RUNS"] ?? runs)
})
