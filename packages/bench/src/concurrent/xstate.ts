import { type Actor, createActor, setup } from "xstate"
import { drive } from "./drive.ts"
import type { PrepareBatch, Waits } from "./shape.ts"

const machine = setup({
  types: { context: {} as { readonly waits: Waits }, input: {} as Waits },
  delays: {
    first: ({ context }) => context.waits[0],
    second: ({ context }) => context.waits[1],
    third: ({ context }) => context.waits[2]
  }
}).createMachine({
  context: ({ input }) => ({ waits: input }),
  initial: "A",
  states: {
    A: { after: { first: "B" } },
    B: { after: { second: "C" } },
    C: { after: { third: "Done" } },
    Done: { type: "final" }
  }
})

/** An actor for each instance. */
export const actors: PrepareBatch = drive(() => {
  const running = new Set<Actor<typeof machine>>()
  return {
    start: (waits) =>
      new Promise((resolve, reject) => {
        const actor = createActor(machine, { input: waits })
        running.add(actor)
        actor.subscribe({
          complete: () => {
            running.delete(actor)
            if (actor.getSnapshot().status === "done") resolve()
            else reject(new Error("cancelled"))
          }
        })
        actor.start()
      }),
    stop: () => {
      for (const actor of running) actor.stop()
    }
  }
})
