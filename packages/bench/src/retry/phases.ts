import * as Effect from "effect/Effect"

export type State = "Work" | "Done"

/** The three synchronous phases of a node that counts down, then leaves. */
export const makePhases = (nodes: number) => {
  let left = nodes
  return {
    start: () => {
      left = nodes
    },
    prep: Effect.sync(() => left),
    exec: (prepared: number) => Effect.sync(() => prepared - 1),
    post: (executed: number) =>
      Effect.sync((): State => {
        left = executed
        return left > 0 ? "Work" : "Done"
      }),
    worked: () => nodes - left
  }
}
