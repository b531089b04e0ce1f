/**
 * C1 to C6: a batch does what a plain model says, whatever its size, delays, failures, strategy, concurrency and time of
 * interruption: outcomes, order, counters, number in flight, time, and no fiber left.
 *
 * `CANO_SEED=7 CANO_RUNS=1` replays batch 7; a higher `CANO_RUNS` tries more.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { TestClock } from "effect/testing"
import { random, replay } from "effect-cano-testing/Seed"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Wait from "../../src/Wait.ts"

/** How an instance works: it sleeps, ends in some way, and needs time to clean up when it is interrupted. */
interface Plan {
  readonly sleeps: number
  readonly end: "succeed" | "fail" | "die" | "interrupt"
  readonly cleanup: number
}

interface Batch {
  readonly plans: ReadonlyArray<Plan>
  readonly wait: Wait.Wait
  readonly concurrency: number | "unbounded"
  readonly interruptAt: number | undefined
}

const randomBatch = (seed: number): Batch => {
  const { chance, int, pick } = random(seed)
  const n = chance(0.05) ? 0 : chance(0.1) ? 40 + int(60) : 1 + int(12)
  const plans = Array.from({ length: n }, (): Plan => ({
    sleeps: chance(0.15) ? 0 : 1 + int(60),
    end: chance(0.7) ? "succeed" : pick(["fail", "die", "interrupt"]),
    cleanup: chance(0.7) ? 0 : 1 + int(30)
  }))
  const quota = () => (chance(0.1) ? n + 1 : int(n + 1))
  const count = { count: pick(["succeeded", "settled"] as const) }
  const time = () => (chance(0.05) ? 0 : 1 + int(90))
  const waits: ReadonlyArray<() => Wait.Wait> = [
    () => Wait.all,
    () => Wait.any,
    () => Wait.quota(quota(), count),
    () => Wait.percentage(int(101), count),
    () => Wait.duration(time()),
    () => Wait.quotaOrDuration(quota(), time(), count)
  ]
  return {
    plans,
    wait: pick(waits)(),
    concurrency: chance(0.4) ? "unbounded" : 1 + int(8),
    interruptAt: chance(0.25) ? 1 + int(100) : undefined
  }
}

interface Outcome {
  /** `C` completed, `F` failed, `-` cancelled; or that the call was interrupted. */
  readonly results: string
  readonly end: string
  readonly time: number
  /** Instances in the order in which they were started. */
  readonly started: ReadonlyArray<number>
}

const requiredOf = (wait: Wait.Wait, n: number): number | undefined => {
  if (wait._tag === "Percentage") return Math.ceil((n * wait.percentage) / 100)
  return wait._tag === "Quota" || wait._tag === "QuotaOrDuration" ? wait.required : undefined
}

/** The same in a plain loop over events, without fibers and without a clock. */
const model = ({ concurrency, interruptAt = Infinity, plans, wait }: Batch): Outcome => {
  const n = plans.length
  const limit = concurrency === "unbounded" ? Infinity : concurrency
  const required = requiredOf(wait, n)
  const deadline =
    wait._tag === "ForDuration" || wait._tag === "QuotaOrDuration" ? Duration.toMillis(wait.duration) : Infinity
  const results: Array<"C" | "F" | "-"> = plans.map(() => "-")
  const started: Array<number> = []
  const running: Array<{ readonly i: number; readonly at: number }> = []
  let counted = 0
  let settled = 0
  let end: string | undefined =
    required === 0
      ? "quota"
      : n === 0
        ? required === undefined
          ? "settled"
          : "unreachable"
        : deadline === 0
          ? "deadline"
          : undefined
  let now = 0

  const settle = (i: number): void => {
    const ok = plans[i]!.end === "succeed"
    results[i] = ok ? "C" : "F"
    settled++
    if (ok || (wait as { readonly count?: Wait.Count }).count === "settled") counted++
    if (required !== undefined && counted >= required) end = "quota"
    else if (settled === n) end = required === undefined ? "settled" : "unreachable"
  }
  const launch = (): void => {
    while (end === undefined && running.length < limit && started.length < n) {
      const i = started.length
      started.push(i)
      const { sleeps } = plans[i]!
      if (sleeps === 0) settle(i)
      else running.push({ i, at: now + sleeps })
    }
  }
  /** What still runs is interrupted, and the call returns when the last has cleaned up. */
  const stop = (results: string, end: string): Outcome => ({
    results,
    end,
    time: now + Math.max(0, ...running.map(({ i }) => plans[i]!.cleanup)),
    started
  })

  launch()
  while (end === undefined) {
    // Those that end at the same time end in the order in which they were started.
    const next = running.reduce((first, other) => (other.at < first.at ? other : first))
    if (Math.min(interruptAt, deadline) <= next.at && interruptAt <= deadline) {
      now = interruptAt
      return stop("interrupted", "interrupted")
    }
    if (deadline <= next.at) {
      now = deadline
      end = "deadline"
      break
    }
    now = next.at
    running.splice(running.indexOf(next), 1)
    settle(next.i)
    launch()
  }
  const outcome = stop(results.join(""), end)
  return interruptAt <= outcome.time ? { ...outcome, results: "interrupted", end: "interrupted" } : outcome
}

interface Trial {
  readonly outcome: Outcome
  readonly most: number
  readonly running: number
  readonly fibers: number
}

const signs = { Completed: "C", Failed: "F", Cancelled: "-" }

const observe = ({ concurrency, interruptAt, plans, wait }: Batch): Effect.Effect<Trial> => {
  const started: Array<number> = []
  let running = 0
  let most = 0
  let fibers = 0
  const ends = { succeed: Effect.void, fail: Effect.fail("no"), die: Effect.die("no"), interrupt: Effect.interrupt }
  const effects = plans.map(({ cleanup, end, sleeps }, i) => {
    const start = Effect.sync(() => {
      started.push(i)
      most = Math.max(most, ++running)
    })
    const work = Effect.onInterrupt(sleeps === 0 ? Effect.void : Effect.sleep(sleeps), () =>
      cleanup === 0 ? Effect.void : Effect.sleep(cleanup)
    )
    const use = Effect.andThen(work, ends[end])
    return Effect.acquireUseRelease(
      start,
      () => use,
      () => Effect.sync(() => running--)
    )
  })
  const batch = Effect.provideService(Concurrent.run(effects, { wait, concurrency }), Metric.FiberRuntimeMetrics, {
    recordFiberStart: () => void fibers++,
    recordFiberEnd: () => void fibers--
  })
  return Effect.gen(function* () {
    const [duration, exit] = yield* Effect.timed(
      Effect.gen(function* () {
        if (interruptAt === undefined) return yield* Effect.exit(batch)
        // The one who interrupts sleeps first, so at the same time its timer is the first.
        const gate: { fiber: Fiber.Fiber<any, any> | undefined } = { fiber: undefined }
        const interrupter = yield* Effect.forkChild(
          Effect.flatMap(Effect.sleep(interruptAt), () => Fiber.interrupt(gate.fiber!)),
          { startImmediately: true }
        )
        gate.fiber = yield* Effect.forkChild(batch, { startImmediately: true })
        const exit = yield* Fiber.await(gate.fiber)
        yield* Fiber.interrupt(interrupter)
        return exit
      })
    )
    const time = Duration.toMillis(duration)
    if (Exit.isFailure(exit)) {
      assert.isTrue(Cause.hasInterruptsOnly(exit.cause))
      return { outcome: { results: "interrupted", end: "interrupted", time, started }, most, running, fibers }
    }
    const { results, status } = exit.value as Concurrent.Batch<ReadonlyArray<Concurrent.Result<void, string>>>
    const line = results.map(({ _tag }) => signs[_tag]).join("")
    const counts = ["C", "F", "-"].map((sign) => line.split(sign).length - 1)
    assert.deepStrictEqual([status.completed, status.failed, status.cancelled], counts)
    assert.strictEqual(status.completed + status.failed + status.cancelled, plans.length)
    assert.strictEqual(Duration.toMillis(status.duration), time)
    assert.deepStrictEqual(
      results.map(({ id }) => id),
      plans.map((_, i) => String(i))
    )
    return { outcome: { results: line, end: status.end, time, started }, most, running, fibers }
  })
}

const { runs, seed } = replay(2_000)

describe(`laws of batches, seed ${seed}`, () => {
  it.effect(
    `C1, C2, C3, C4, C6: ${runs} random batches agree with the model`,
    () =>
      Effect.gen(function* () {
        for (let i = seed; i < seed + runs; i++) {
          const batch = randomBatch(i)
          const hint = `replay with CANO_SEED=${i} CANO_RUNS=1`
          const fiber = yield* Effect.forkChild(Effect.delay(observe(batch), 1))
          yield* TestClock.adjust("1 hour")
          const { fibers, most, outcome, running } = yield* Fiber.join(fiber)
          assert.deepStrictEqual(outcome, model(batch), `${hint}\n${JSON.stringify(batch)}`)
          assert.deepStrictEqual([running, fibers], [0, 0], `${hint}: nothing is left`)
          if (batch.concurrency !== "unbounded") assert.isAtMost(most, batch.concurrency, hint)
        }
      }),
    600_000
  )

  it.live("C5: 10^4 instances asleep are gone once the call is interrupted: nothing runs, no fiber is left", () =>
    Effect.gen(function* () {
      const size = 10_000
      let fibers = 0
      let held = 0
      const instance = Effect.acquireUseRelease(
        Effect.sync(() => held++),
        () => Effect.sleep("1 hour"),
        () => Effect.sync(() => held--)
      )
      for (const concurrency of ["unbounded", 500] as const) {
        const batch = Concurrent.run(
          Array.from({ length: size }, () => instance),
          { concurrency }
        ).pipe(
          Effect.provideService(Metric.FiberRuntimeMetrics, {
            recordFiberStart: () => void fibers++,
            recordFiberEnd: () => void fibers--
          })
        )
        const fiber = yield* Effect.forkChild(batch)
        const expected = concurrency === "unbounded" ? size : concurrency
        while (held < expected) yield* Effect.sleep(1)
        assert.strictEqual(fibers, expected)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual([held, fibers], [0, 0])
      }
    })
  )

  it("the random batches reach every strategy, every end, and every kind of result", () => {
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    for (let i = 0; i < 2000; i++) {
      const batch = randomBatch(i)
      const { end, results, started } = model(batch)
      count(batch.wait._tag)
      count(end)
      for (const sign of new Set(results.length === 0 ? ["empty"] : results)) count(sign)
      if (started.length < batch.plans.length) count("never started")
      if (batch.plans.length > 64) count("large")
    }
    const expected = ["All", "Quota", "Percentage", "ForDuration", "QuotaOrDuration", "settled", "quota", "deadline"]
    for (const what of [...expected, "unreachable", "interrupted", "C", "F", "-", "never started", "large", "empty"]) {
      assert.isAbove(seen.get(what) ?? 0, 20, what)
    }
  })
})
