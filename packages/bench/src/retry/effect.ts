import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Prepare } from "../harness/contender.ts"
import { makePhases, type State } from "./phases.ts"

/** The three effects in a row, without a retry. */
export const bare: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makePhases(nodes)
  return runRepeatedly(Effect.flatMap(Effect.flatMap(prep, exec), post), start, worked)
}

/** The three effects in a row with `Effect.retry` around them. */
export const withRetry: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makePhases(nodes)
  const cycle = Effect.flatMap(Effect.flatMap(prep, exec), post)
  const schedule = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 3 }))
  return runRepeatedly(Effect.retry(cycle, schedule), start, worked)
}

const runRepeatedly = (node: Effect.Effect<State>, start: () => void, worked: () => number) => () => {
  start()
  let state: State = "Work"
  const loop = Effect.whileLoop({
    while: () => state !== "Done",
    body: () => node,
    step: (next) => {
      state = next
    }
  })
  return Effect.runPromise(loop).then(worked)
}
