import pLimit from "p-limit"
import { drive, Waiting } from "./drive.ts"
import { batchOf, longest, type PrepareBatch, type Waits } from "./shape.ts"

type State = "A" | "B" | "C" | "Done"

const step = async (state: Exclude<State, "Done">, waits: Waits, waiting: Waiting): Promise<State> => {
  switch (state) {
    case "A":
      await waiting.sleep(waits[0])
      return "B"
    case "B":
      await waiting.sleep(waits[1])
      return "C"
    case "C":
      await waiting.sleep(waits[2])
      return "Done"
  }
}

const instance = async (waits: Waits, waiting: Waiting): Promise<void> => {
  let state: State = "A"
  while (state !== "Done") state = await step(state, waits, waiting)
}

export const promises: PrepareBatch = drive(() => {
  const waiting = new Waiting()
  return { start: (waits) => instance(waits, waiting), stop: () => waiting.giveUp() }
})

/** With as many places as instances, so that it limits nothing. */
export const limited: PrepareBatch = drive((size) => {
  const waiting = new Waiting()
  const limit = pLimit(size)
  return { start: (waits) => limit(instance, waits, waiting), stop: () => waiting.giveUp() }
})

export const sequential: PrepareBatch = (instances, mode) => () => async () => {
  const waiting = new Waiting()
  for (const waits of instances) await instance(waits, waiting)
  return batchOf(mode, instances.length, instances.length)
}

/** The instance that takes longest, alone: no batch of all instances can be faster. */
export const ideal: PrepareBatch = (instances, mode) => promises([longest(instances)], mode)

/** Nothing but the timer of the deadline. */
export const timer = (milliseconds: number) => () => () =>
  new Promise<number>((resolve) => setTimeout(() => resolve(1), milliseconds))
