import type { Run } from "./contender.ts"

export interface Settings {
  /** How long to run before measuring, in milliseconds. */
  readonly warmUp: number
  /** How long to measure at least, in milliseconds. */
  readonly window: number
}

/** Nanoseconds per operation. */
export interface Measurement {
  readonly cpu: number
  readonly thread: number
  readonly wall: number
  readonly operations: number
}

/** Warms the program up, collects the garbage of that, then runs it again and again for the window. */
export const measure = async (run: Run, expected: number, settings: Settings): Promise<Measurement> => {
  await repeat(run, expected, settings.warmUp, 2)
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  const thread = process.threadCpuUsage()
  const wall = performance.now()
  const operations = await repeat(run, expected, settings.window, 1)
  const wallSpent = performance.now() - wall
  const threadSpent = process.threadCpuUsage(thread)
  const cpuSpent = process.cpuUsage(cpu)
  return {
    cpu: ((cpuSpent.user + cpuSpent.system) * 1e3) / operations,
    thread: ((threadSpent.user + threadSpent.system) * 1e3) / operations,
    wall: (wallSpent * 1e6) / operations,
    operations
  }
}

const repeat = async (run: Run, expected: number, milliseconds: number, atLeast: number): Promise<number> => {
  const until = performance.now() + milliseconds
  let operations = 0
  for (let runs = 0; runs < atLeast || performance.now() < until; runs++) {
    const result = run()
    const performed = typeof result === "number" ? result : await result
    if (performed !== expected) throw new Error(`performed ${performed} operations instead of ${expected}`)
    operations += performed
  }
  return operations
}
