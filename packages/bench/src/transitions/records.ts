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
