import * as Workflow from "effect-cano/Workflow"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { machine } from "./machine.ts"
import { batchOf, deadline, type PrepareBatch, quotaOf } from "./shape.ts"

/** The same machine in `Effect.forEach`: all fibers at once, and what a mode needs around it. */
export const forEach: PrepareBatch = (waits, mode) => {
  const states = waits.map((waits) => ({ _tag: "A", waits }) as const)
  const size = states.length
  const batch = Effect.suspend(() => {
    let completed = 0
    const reached = Deferred.makeUnsafe<void>()
    const count = () => {
      if (++completed === quotaOf(size) && mode === "quota") Deferred.doneUnsafe(reached, Effect.void)
    }
    const all = Effect.forEach(states, (state) => Effect.map(Workflow.run(machine, state), count), {
      concurrency: "unbounded"
    })
    const waited =
      mode === "all"
        ? all
        : mode === "quota"
          ? Effect.raceFirst(all, Deferred.await(reached))
          : Effect.timeoutOption(all, deadline)
    return Effect.map(Effect.asVoid<unknown, never, never>(waited), () => batchOf(mode, size, completed))
  })
  return () => () => Effect.runPromise(batch)
}
