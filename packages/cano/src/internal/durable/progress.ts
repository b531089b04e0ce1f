/** What a state keeps while it is in flight: the next attempt, in whatever process, finds it again. */
export interface Progress {
  /** The times of the failed attempts, by the clock of the journal. */
  readonly failures: Array<number>
  /** The payloads of finished checkpoints, by their names. */
  readonly kept: Map<string, string>
}

export const writeProgress = ({ failures, kept }: Progress): string | undefined =>
  failures.length === 0 && kept.size === 0 ? undefined : JSON.stringify({ v: 1, failures, kept: Array.from(kept) })

/** Reads progress. What cannot be read is none: the state begins anew. */
export const readProgress = (text: string | undefined): Progress => {
  try {
    const { failures, kept } = JSON.parse(text ?? "{}") as { readonly failures?: unknown; readonly kept?: unknown }
    return {
      failures: Array.isArray(failures) ? failures.filter((time) => typeof time === "number") : [],
      kept: new Map(Array.isArray(kept) ? kept.filter(isKept) : [])
    }
  } catch {
    return { failures: [], kept: new Map() }
  }
}

const isKept = (entry: unknown): entry is readonly [string, string] =>
  Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "string"
