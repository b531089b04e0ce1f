import type { Prepare } from "../harness/contender.ts"
import { makeRing, type State, type Working } from "./ring.ts"

export const syncSwitch: Prepare = (transitions) => () => {
  let left = transitions
  let state: State = "S0"
  while (state !== "Done") {
    switch (state) {
      case "S0":
        state = --left > 0 ? "S1" : "Done"
        break
      case "S1":
        state = --left > 0 ? "S2" : "Done"
        break
      case "S2":
        state = --left > 0 ? "S3" : "Done"
        break
      case "S3":
        state = --left > 0 ? "S4" : "Done"
        break
      case "S4":
        state = --left > 0 ? "S5" : "Done"
        break
      case "S5":
        state = --left > 0 ? "S6" : "Done"
        break
      case "S6":
        state = --left > 0 ? "S7" : "Done"
        break
      case "S7":
        state = --left > 0 ? "S0" : "Done"
        break
    }
  }
  return transitions - left
}

export const syncTable: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const table: Record<Working, () => State> = {
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
    start()
    let state: State = "S0"
    while (state !== "Done") state = table[state]()
    return taken()
  }
}

export const asyncLoop: Prepare = (transitions) => {
  const { asyncHop, start, taken } = makeRing(transitions)
  const table: Record<Working, () => Promise<State>> = {
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
    start()
    let state: State = "S0"
    while (state !== "Done") state = await table[state]()
    return taken()
  }
}
