export const states = ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "Done"] as const

export type State = (typeof states)[number]
export type Working = Exclude<State, "Done">

/**
 * What every contender's states do: count the transition, then go on to the target, or to the exit when it was the
 * last one.
 */
export const makeRing = (transitions: number) => {
  let left = transitions
  return {
    start: () => {
      left = transitions
    },
    hop:
      <const Target extends Working>(target: Target) =>
      (): Target | "Done" =>
        --left > 0 ? target : "Done",
    asyncHop:
      <const Target extends Working>(target: Target) =>
      async (): Promise<Target | "Done"> =>
        --left > 0 ? target : "Done",
    taken: () => transitions - left
  }
}
