/** Runs the prepared program once and answers how many operations it performed. */
export type Run = () => number | Promise<number>

/** Builds everything a run can share, so that only the run itself is measured. */
export type Prepare = (operations: number) => Run | Promise<Run>

export interface Contender {
  /** Names the contender on the command line and in ratios. */
  readonly name: string
  /** Describes it in the tables. */
  readonly label: string
  /** Operations in one run: fewer for slow contenders, the figures are per operation. */
  readonly operations: number
  /** Loads the program, and with it only what this contender imports. */
  readonly load: () => Promise<Prepare>
}
