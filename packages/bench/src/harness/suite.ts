import type { Contender } from "./contender.ts"

export type Unit = "ns" | "us" | "ms"

/** CPU time of the whole process (garbage collector threads included), or the time on the wall. */
export type Clock = "cpu" | "wall"

/** What the project aims at. Shown, never asserted. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number }

/** Compares two contenders within each round: by their quotient, or by their difference in the unit of the suite. */
export interface Comparison {
  readonly kind: "ratio" | "difference"
  readonly of: string
  readonly to: string
  readonly goal: Goal | undefined
}

export interface Suite {
  readonly name: string
  readonly title: string
  /** What is done, in a sentence or two: stands above the table. */
  readonly about: string
  /** What one operation is called. */
  readonly operation: string
  readonly unit: Unit
  readonly clock: Clock
  /** Measured in processes that have run a mix of ordinary effects first, with the figures of cold processes beside. */
  readonly isWarm?: boolean | undefined
  /** The contender that all are set against in the first table, if there is one that makes sense for all. */
  readonly baseline: string | undefined
  readonly contenders: ReadonlyArray<Contender>
  readonly comparisons: ReadonlyArray<Comparison>
}

export const ratio = (of: string, to: string, goal?: Goal): Comparison => ({ kind: "ratio", of, to, goal })

export const difference = (of: string, to: string, goal?: Goal): Comparison => ({ kind: "difference", of, to, goal })
