/** What all contenders run: instances of three states, each of which waits for some milliseconds. */

/** How long to wait for the instances: for all, until half have succeeded, or for 22 ms. */
export type Mode = "all" | "quota" | "deadline"

/** Milliseconds to wait in each of the three states. */
export type Waits = readonly [number, number, number]

export const deadline = 22

export const quotaOf = (size: number): number => Math.floor(size / 2)

/** 2 to 10 ms in each state, another mixture for each instance. */
const mixed = (index: number): Waits => [2 + ((index * 7) % 9), 2 + ((index * 5 + 3) % 9), 2 + ((index * 11 + 6) % 9)]

/** 14 ms for every instance: the shape that Cano's README measures. */
const equal: Waits = [4, 5, 5]

export type Shape = "mixed" | "equal"

export const waitsOf = (shape: Shape, size: number): ReadonlyArray<Waits> =>
  Array.from({ length: size }, (_, index) => (shape === "mixed" ? mixed(index) : equal))

export const longest = (instances: ReadonlyArray<Waits>): Waits =>
  instances.reduce((most, waits) => (total(waits) > total(most) ? waits : most))

const total = ([a, b, c]: Waits): number => a + b + c

/** A batch counts as one operation if as many instances as the mode demands have succeeded. */
export const batchOf = (mode: Mode, size: number, completed: number): number => {
  const enough = mode === "all" ? completed === size : mode === "quota" ? completed >= quotaOf(size) : completed >= 0
  if (!enough) throw new Error(`${completed} of ${size} instances completed`)
  return 1
}

/** Prepares batches of these instances. */
export type PrepareBatch = (
  instances: ReadonlyArray<Waits>,
  mode: Mode
) => (operations: number) => () => Promise<number>
