/**
 * What the tables of the scheduler suites do not show: how late the ticks are, whether any is lost, and what a job costs
 * to register and to keep. `node src/timers.ts [jobs...]`; each contender has a process of its own.
 */
import { execFileSync } from "node:child_process"
import * as Effect from "effect/Effect"
import type { Register } from "./scheduler/ticker.ts"

const contenders: Record<string, () => Promise<Register>> = {
  setInterval: async () => (await import("./scheduler/plain.ts")).intervals,
  "effect-cano": async () => (await import("./scheduler/cano.ts")).intervals,
  "effect-cano, one grid": async () => (await import("./scheduler/cano.ts")).oneGrid,
  "toad-scheduler": async () => (await import("./scheduler/toad.ts")).intervals,
  "Schedule.fixed": async () => (await import("./scheduler/effect.ts")).fixed,
  croner: async () => (await import("./scheduler/croner.ts")).intervals,
  "effect-cano, cron": async () => (await import("./scheduler/cano.ts")).crons,
  "croner, cron": async () => (await import("./scheduler/croner.ts")).crons,
  "node-cron, cron": async () => (await import("./scheduler/nodeCron.ts")).crons
}

const seconds = 10

interface Figures {
  readonly register: number
  readonly bytes: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
  readonly lost: number
}

const settle = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/**
 * A tick is late by what it is behind the grid of a second on which its job was earliest. (Cron ticks are due on the
 * whole second.) It is lost where the next one came two seconds or more after the one before.
 */
const measure = async (name: string, jobs: number): Promise<Figures> => {
  const register = await contenders[name]!()
  const isCron = name.includes("cron")
  const times = Array.from({ length: jobs }, (): Array<number> => [])
  let next = 0
  let isMeasuring = false
  // The effects take their places as they are asked for, one for each job.
  const effects = Array.from({ length: jobs }, (_, index) =>
    Effect.sync(() => {
      if (isMeasuring) times[index]!.push(Date.now())
    })
  )
  globalThis.gc!()
  const heap = process.memoryUsage().heapUsed
  const before = process.cpuUsage()
  await register(jobs, {
    get job() {
      return effects[next++ % jobs]!
    },
    get fire() {
      const effect = effects[next++ % jobs]!
      return () => void Effect.runFork(effect)
    }
  })
  const { system, user } = process.cpuUsage(before)
  globalThis.gc!()
  const bytes = (process.memoryUsage().heapUsed - heap) / jobs
  await settle(3000 - (Date.now() % 1000))
  // Whole seconds from the middle of one, so that every job has as many ticks.
  await settle(500)
  isMeasuring = true
  const start = process.cpuUsage()
  await settle(seconds * 1000)
  isMeasuring = false
  const spent = process.cpuUsage(start)
  const ticks = times.reduce((sum, { length }) => sum + length, 0)
  const late = new Float64Array(ticks)
  let at = 0
  let lost = 0
  for (const own of times) {
    const first = own[0] ?? 0
    const offsets = own.map((time) => (isCron ? time % 1000 : time - first - 1000 * Math.round((time - first) / 1000)))
    const earliest = isCron ? 0 : Math.min(...offsets)
    for (const offset of offsets) late[at++] = offset - earliest
    own.forEach(
      (time, index) => (lost += index === 0 ? 0 : Math.max(0, Math.round((time - own[index - 1]!) / 1000) - 1))
    )
  }
  late.sort()
  return {
    register: (user + system) / jobs,
    bytes,
    cpu: (spent.user + spent.system) / ticks,
    p50: late[Math.floor(ticks * 0.5)]!,
    p99: late[Math.floor(ticks * 0.99)]!,
    lost
  }
}

const show = (value: number) => (Math.abs(value) >= 100 ? Math.round(value).toString() : value.toPrecision(3))

if (process.argv[2] === "--measure") {
  const figures = await measure(process.argv[3]!, Number(process.argv[4]))
  process.stdout.write(JSON.stringify(figures), () => process.exit())
} else {
  const sizes = process.argv.slice(2).map(Number)
  console.log("| contender | jobs | us a tick | late p50, ms | p99, ms | ticks lost | bytes a job | us to register |")
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
  for (const jobs of sizes.length === 0 ? [1000, 10_000, 100_000] : sizes) {
    for (const name of Object.keys(contenders)) {
      // Those left out take minutes to register, or run out of memory.
      if (jobs > 1000 && name.startsWith("node-cron")) continue
      if (jobs > 10_000 && !/setInterval|effect-cano|toad|fixed/.test(name)) continue
      const args = ["--expose-gc", import.meta.filename, "--measure", name, `${jobs}`]
      const { bytes, cpu, lost, p50, p99, register }: Figures = JSON.parse(
        execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      )
      const cells = [show(cpu), show(p50), show(p99), lost, show(bytes), show(register)]
      console.log(`| ${name} | ${jobs.toLocaleString("en-US")} | ${cells.join(" | ")} |`)
    }
  }
}
