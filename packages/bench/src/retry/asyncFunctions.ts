import pRetry from "p-retry"
import type { Prepare } from "../harness/contender.ts"

type State = "Work" | "Done"

const makeNode = (nodes: number) => {
  let left = nodes
  return {
    start: () => {
      left = nodes
    },
    prep: async () => left,
    exec: async (prepared: number) => prepared - 1,
    post: async (executed: number): Promise<State> => {
      left = executed
      return left > 0 ? "Work" : "Done"
    },
    worked: () => nodes - left
  }
}

export const bare: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makeNode(nodes)
  return async () => {
    start()
    let state: State = "Work"
    while (state !== "Done") state = await post(await exec(await prep()))
    return worked()
  }
}

export const withPRetry: Prepare = (nodes) => {
  const { exec, post, prep, start, worked } = makeNode(nodes)
  const cycle = async () => post(await exec(await prep()))
  const options = { retries: 3, minTimeout: 1000, factor: 1 }
  return async () => {
    start()
    let state: State = "Work"
    while (state !== "Done") state = await pRetry(cycle, options)
    return worked()
  }
}
