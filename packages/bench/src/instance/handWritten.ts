import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"
import { sequentially } from "./sequentially.ts"

type State = "S0" | "S1" | "S2" | "S3" | "S4" | "Done"
type Working = Exclude<State, "Done">

export const asyncRuns: Prepare = (runs) => {
  const table: Record<Working, () => Promise<State>> = {
    S0: async () => "S1",
    S1: async () => "S2",
    S2: async () => "S3",
    S3: async () => "S4",
    S4: async () => "Done"
  }
  const runOnce = async () => {
    let state: State = "S0"
    while (state !== "Done") state = await table[state]()
    return state
  }
  return async () => {
    let finished = 0
    while (finished < runs && (await runOnce()) === "Done") finished++
    return finished
  }
}

const table: Record<Working, Effect.Effect<State>> = {
  S0: Effect.sync(() => "S1"),
  S1: Effect.sync(() => "S2"),
  S2: Effect.sync(() => "S3"),
  S3: Effect.sync(() => "S4"),
  S4: Effect.sync(() => "Done")
}

const genRun = () =>
  Effect.gen(function* () {
    let state: State = "S0"
    while (state !== "Done") state = yield* table[state]
    return state
  })

/** Each run is a new `Effect.gen`, run with `Effect.runPromise`. */
export const genRunPromise: Prepare = (runs) => async () => {
  let finished = 0
  while (finished < runs && (await Effect.runPromise(genRun())) === "Done") finished++
  return finished
}

/** Each run is a new `Effect.gen`, all of them in one fiber. */
export const genInFiber: Prepare = (runs) => () => Effect.runPromise(sequentially(runs, genRun))
