import * as Concurrent from "effect-cano/Concurrent"
import * as Wait from "effect-cano/Wait"
import * as Effect from "effect/Effect"
import { machine } from "./machine.ts"
import { batchOf, deadline, type Mode, type PrepareBatch, quotaOf } from "./shape.ts"

const waitOf = (mode: Mode, size: number): Wait.Wait =>
  mode === "all" ? Wait.all : mode === "quota" ? Wait.quota(quotaOf(size)) : Wait.duration(deadline)

export const cano: PrepareBatch = (waits, mode) => {
  const instances = waits.map((waits, index) => ({ id: `instance ${index}`, state: { _tag: "A", waits } as const }))
  const batch = Concurrent.workflow(machine, { instances, wait: waitOf(mode, instances.length) })
  return () => async () => {
    const { status } = await Effect.runPromise(batch)
    return batchOf(mode, status.total, status.completed)
  }
}
