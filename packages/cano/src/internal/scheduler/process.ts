/** As much of Node's `process` as there is in every runtime that has signals. */
interface Process {
  readonly on: (signal: string, listener: () => void) => unknown
  readonly removeListener: (signal: string, listener: () => void) => unknown
  readonly exit: (code: number) => void
}

const numbers = { SIGINT: 2, SIGTERM: 15 }

/** Calls back on the first signal, and ends the process at once on the second. */
export const onSignal = (first: () => void) => {
  const { process } = globalThis as { readonly process?: Process }
  const state = {
    received: false,
    remove: () => {
      for (const [signal, listener] of listeners) process?.removeListener(signal, listener)
    },
    exit: (code: number) => process?.exit(code)
  }
  const listeners = Object.entries(numbers).map(([signal, number]) => {
    const listener = () => {
      if (state.received) return process?.exit(128 + number)
      state.received = true
      first()
    }
    process?.on(signal, listener)
    return [signal, listener] as const
  })
  return state
}
