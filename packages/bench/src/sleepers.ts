/**
 * What instances cost while they sleep, and how fast they are gone: `node --expose-gc src/sleepers.ts [instances]`.
 *
 * The body of an instance is a workflow of one state that sleeps for an hour; the raw fibers and `Effect.forEach` run the same body.
 */
import * as Concurrent from "effect-cano/Concurrent"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"

const size = Number(process.argv[2] ?? 100_000)
if (!Number.isSafeInteger(size) || size < 1) throw new Error(`${process.argv[2]} is no number of instances`)
const { gc } = globalThis
if (gc === undefined) throw new Error("run it with --expose-gc: the heap is measured after a collection")

const sleeper = Workflow.make("sleeper", Schema.Literals(["Sleep", "Done"]), {
  initial: "Sleep",
  exits: ["Done"],
  states: { Sleep: { to: ["Done"], run: () => Effect.as(Effect.sleep("1 hour"), "Done" as const) } }
})

let fibers = 0
const counted = Effect.provideService(Metric.FiberRuntimeMetrics, {
  recordFiberStart: () => void fibers++,
  recordFiberEnd: () => void fibers--
})

/** Bytes on the heap, once the event loop has turned a few times and the garbage is gone. */
const heap = async (): Promise<number> => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    gc()
  }
  return process.memoryUsage().heapUsed
}

const milliseconds = (from: number) => performance.now() - from

const measure = async (make: () => Effect.Effect<unknown>) => {
  const before = await heap()
  const start = performance.now()
  let batch: Effect.Effect<unknown> | undefined = make()
  let fiber: Fiber.Fiber<unknown, unknown> | undefined = Effect.runFork(counted(batch))
  batch = undefined
  while (fibers < size) await new Promise((resolve) => setTimeout(resolve, 1))
  const asleep = milliseconds(start)
  const each = ((await heap()) - before) / size
  const stop = performance.now()
  await Effect.runPromise(Fiber.interrupt(fiber))
  const stopped = milliseconds(stop)
  fiber = undefined
  return { asleep, each, stopped, fibers, kept: ((await heap()) - before) / 2 ** 20 }
}

const instances = () => Array.from({ length: size }, (_, index) => ({ id: String(index) }))

const contenders: Record<string, () => Effect.Effect<unknown>> = {
  "raw fibers": () =>
    Effect.andThen(
      Effect.forEach(instances(), () => Effect.forkChild(Workflow.run(sleeper)), { discard: true }),
      Effect.never
    ),
  "Effect.forEach": () =>
    Effect.forEach(instances(), () => Workflow.run(sleeper), { concurrency: "unbounded", discard: true }),
  "Concurrent.run": () => Concurrent.run(instances().map(() => Workflow.run(sleeper))),
  "Concurrent.workflow": () => Concurrent.workflow(sleeper, { instances: instances() })
}

console.log(`${size.toLocaleString("en-US")} instances asleep, then interrupted; the second of two rounds`)
for (const [name, make] of Object.entries(contenders)) {
  await measure(make)
  const { asleep, each, fibers, kept, stopped } = await measure(make)
  const line = [
    `asleep after ${asleep.toFixed(0)} ms`,
    `${each.toFixed(0)} bytes each`,
    `interrupted in ${stopped.toFixed(0)} ms`,
    `${fibers} fibers left`,
    `${kept.toFixed(1)} MB more on the heap than before`
  ]
  console.log(`${name.padEnd(20)} ${line.join(", ")}`)
}
