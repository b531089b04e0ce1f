export interface Summary {
  readonly median: number
  /** The middle half of the values lies between the quartiles. */
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

export const summarize = (values: ReadonlyArray<number>): Summary => {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75)
  }
}

const quantile = (sorted: ReadonlyArray<number>, fraction: number): number => {
  const position = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}
