/** What a state keeps while it is in flight: the next attempt, in whatever process, finds it again. */
export interface Progress {
  /** The times of the failed attempts, by the clock of the journal. */
  readonly failures: Array<number>
  /** The payloads of finished checkpoints, by their names. */
  readonly kept: Map<string, string>
}

export const writeProgress = ({ failures, kept }: Progress): string | undefined =>
  failures.length === 0 && kept.size === 0
    ? undefined
    : JSON.stringify({ v: 1, failures: shortened(failures), attempts: failures.length, kept: Array.from(kept) })

/** The most failures that are written with their times, at the beginning and at the end. */
const most = 100

/** A state may be tried for ever. The times in the middle are left out. */
const shortened = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.length <= 2 * most ? times : [...times.slice(0, most), ...times.slice(-most)]

/** A policy counts the failures whose times were left out as well: they stand at the time before the gap. */
const lengthened = (times: ReadonlyArray<number>, attempts: unknown): Array<number> => {
  const missing = Number.isSafeInteger(attempts) ? Math.min((attempts as number) - times.length, mostAttempts) : 0
  if (missing <= 0) return [...times]
  const gap = Array.from({ length: missing }, () => times[most - 1] ?? 0)
  return [...times.slice(0, most), ...gap, ...times.slice(most)]
}

/** More is no number of attempts that a policy would have to be told of one by one. */
const mostAttempts = 1_000_000

/** Reads progress. What cannot be read is none: the state begins anew. */
export const readProgress = (text: string | undefined): Progress => {
  try {
    const { attempts, failures, kept } = JSON.parse(text ?? "{}") as Record<string, unknown>
    return {
      failures: Array.isArray(failures) ? lengthened(failures.filter(isNumber), attempts) : [],
      kept: new Map(Array.isArray(kept) ? kept.filter(isKept) : [])
    }
  } catch {
    return { failures: [], kept: new Map() }
  }
}

const isNumber = (u: unknown): u is number => typeof u === "number"

const isKept = (entry: unknown): entry is readonly [string, string] =>
  Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "string"
