/** What all contenders do: runs of so many steps, each of which hands a state of about 100 bytes on. */
export const stepsPerRun = 30

export const order = { order: "0123456789", note: "x".repeat(60) }

/** The ids of the runs that one of `lanes` makes one after another, to do its part of all steps. */
export const runIdsOf = (call: number, lane: number, steps: number, lanes: number): ReadonlyArray<string> =>
  Array.from({ length: steps / lanes / stepsPerRun }, (_, n) => `${call}/${lane}/${n}`)
