import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"
import type { Working } from "./ring.ts"

type Lap = { readonly _tag: Working | "Done"; readonly count: number }

/** The async loop over records: the payload carries the count. */
export const asyncRecords: Prepare = (transitions) => {
  const asyncHop =
    (target: Working) =>
    async (state: Lap): Promise<Lap> => {
      const count = state.count + 1
      return count < transitions ? { _tag: target, count } : { _tag: "Done", count }
    }
  const table: Record<Working, (state: Lap) => Promise<Lap>> = {
    S0: asyncHop("S1"),
    S1: asyncHop("S2"),
    S2: asyncHop("S3"),
    S3: asyncHop("S4"),
    S4: asyncHop("S5"),
    S5: asyncHop("S6"),
    S6: asyncHop("S7"),
    S7: asyncHop("S0")
  }
  return async () => {
    let state: Lap = { _tag: "S0", count: 0 }
    while (state._tag !== "Done") state = await table[state._tag](state)
    return state.count
  }
}

/** `Effect.whileLoop` with an object that keeps its own state; an Effect of the next record is built for every state. */
class Loop {
  state: Lap = { _tag: "S0", count: 0 }
  readonly table: Record<Working, (state: Lap) => Effect.Effect<Lap>>
  constructor(table: Record<Working, (state: Lap) => Effect.Effect<Lap>>) {
    this.table = table
  }
  while() {
    return this.state._tag !== "Done"
  }
  body() {
    return this.table[this.state._tag as Working](this.state)
  }
  step(next: Lap) {
    this.state = next
  }
}

export const whileLoopRecords: Prepare = (transitions) => {
  const hop = (target: Working) => (state: Lap) =>
    Effect.sync((): Lap => {
      const count = state.count + 1
      return count < transitions ? { _tag: target, count } : { _tag: "Done", count }
    })
  const table = {
    S0: hop("S1"),
    S1: hop("S2"),
    S2: hop("S3"),
    S3: hop("S4"),
    S4: hop("S5"),
    S5: hop("S6"),
    S6: hop("S7"),
    S7: hop("S0")
  }
  return () => {
    const loop = new Loop(table)
    return Effect.runPromise(Effect.whileLoop(loop)).then(() => loop.state.count)
  }
}
