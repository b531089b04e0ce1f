import { createActor, createMachine } from "xstate"
import type { Prepare } from "../harness/contender.ts"
import { makeRing } from "./ring.ts"

/** An actor that is sent one event a transition: the way XState is meant to be driven. */
export const actor: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const count = hop("S0")
  const state = (target: string) => ({
    on: { NEXT: [{ guard: () => count() === "Done", target: "Done" }, { target }] }
  })
  const machine = createMachine({ id: "ring", initial: "S0", states: statesOf(state) })
  const next = { type: "NEXT" }
  return () => {
    start()
    const running = createActor(machine).start()
    for (let sent = 0; sent < transitions; sent++) running.send(next)
    if (running.getSnapshot().status !== "done") throw new Error("the machine did not finish")
    return taken()
  }
}

/** Eventless transitions: the whole run happens while the actor starts. */
export const always: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const count = hop("S0")
  const state = (target: string) => ({ always: [{ guard: () => count() === "Done", target: "Done" }, { target }] })
  const machine = createMachine({ id: "ring", initial: "S0", states: statesOf(state) })
  return () => {
    start()
    const running = createActor(machine).start()
    if (running.getSnapshot().status !== "done") throw new Error("the machine did not finish")
    return taken()
  }
}

const statesOf = <A>(state: (target: string) => A) => ({
  S0: state("S1"),
  S1: state("S2"),
  S2: state("S3"),
  S3: state("S4"),
  S4: state("S5"),
  S5: state("S6"),
  S6: state("S7"),
  S7: state("S0"),
  Done: { type: "final" as const }
})
