/**
 * W4: interrupts a run at every step. Nothing starts afterwards, each finalizer runs once, in reverse order, and no
 * fiber is left.
 *
 * A step is an operation of the run's fibers. A scheduler counts the operations, makes the fiber yield at the k-th, and
 * interrupts the run before that fiber goes on.
 */
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import { type Machine, randomMachine } from "../../Machines.ts"
import { interpret } from "../../Reference.ts"
import { replay } from "../../Seed.ts"
import { makeLog, observe } from "../../Trial.ts"
import type { Suite } from "./suite.ts"

/** One interrupted run. `events` lists its actions in order; `!` is the interruption. */
interface Trial {
  readonly events: Array<string>
  /** The operations of the run's fibers so far. */
  steps: number
  /** The number of running fibers. */
  fibers: number
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

/** Forks a run, to be interrupted at a step; with {@link never} it is not. */
const fork = (run: Suite["run"], machine: Machine, at: number) =>
  Effect.gen(function* () {
    const trial: Trial = { events: [], steps: 0, fibers: 0, fiber: undefined }
    const { events } = trial
    const log = makeLog((tag, work) => {
      const resource = (name: string) =>
        Effect.acquireRelease(
          Effect.sync(() => events.push(`+${name}`)),
          () => Effect.sync(() => events.push(`-${name}`))
        )
      const used = Effect.andThen(Effect.andThen(resource(`${tag}.outer`), resource(`${tag}.inner`)), work)
      return Effect.scoped(Effect.onInterrupt(used, () => Effect.sync(() => events.push(`stopped ${tag}`))))
    })
    log.attempts.push = (...lines) => (
      events.push(...lines.map((line) => `start ${line}`)),
      Array.prototype.push.apply(log.attempts, lines)
    )

    const ambient = yield* Scheduler.Scheduler
    let due = false
    const scheduler: Scheduler.Scheduler = {
      executionMode: ambient.executionMode,
      shouldYield(fiber) {
        // The forking fiber is under this scheduler for a moment, too.
        if (trial.fiber !== undefined) due ||= ++trial.steps === at
        return due || ambient.shouldYield(fiber)
      },
      makeDispatcher() {
        const dispatcher = ambient.makeDispatcher()
        return {
          flush: () => dispatcher.flush(),
          scheduleTask(task, priority) {
            const interrupting = due
            due = false
            dispatcher.scheduleTask(() => {
              if (interrupting) {
                events.push("!")
                trial.fiber!.interruptUnsafe()
              }
              task()
            }, priority)
          }
        }
      }
    }
    const metrics: Metric.FiberRuntimeMetricsService = {
      recordFiberStart: () => trial.fibers++,
      recordFiberEnd: () => trial.fibers--
    }
    trial.fiber = yield* Effect.forkDetach(Effect.delay(observe(machine, { log, run }), 1)).pipe(
      Effect.provideService(Scheduler.Scheduler, scheduler),
      Effect.provideService(Metric.FiberRuntimeMetrics, metrics)
    )
    return trial
  })

const check = (trial: Trial, machine: Machine, hint: string) =>
  Effect.gen(function* () {
    const exit = yield* Fiber.await(trial.fiber!)
    const { events } = trial
    const interrupted = events.indexOf("!")
    if (interrupted >= 0) {
      const after = events.slice(interrupted)
      assert.deepStrictEqual(
        after.filter((event) => event.startsWith("start") || event.startsWith("+")),
        after.filter((event) => event.startsWith("+")).slice(0, 1),
        `${hint}: no task starts after the interruption, and at most the acquisition in progress ends`
      )
    }
    if (Exit.isFailure(exit)) {
      // The interruption may come just after a defect of the run itself. The cause then has both.
      const others = exit.cause.reasons.filter((reason) => !Cause.isInterruptReason(reason))
      const expected = "defect" in interpret(machine).end ? others.slice(0, 1) : []
      assert.deepStrictEqual(others, expected, hint)
    } else assert.deepStrictEqual(exit.value, interpret(machine), `${hint}: a run that was not reached is whole`)
    const held: Array<string> = []
    for (const event of events) {
      if (event.startsWith("+")) held.push(event.slice(1))
      if (event.startsWith("-")) assert.strictEqual(held.pop(), event.slice(1), `${hint}: in reverse, once each`)
    }
    assert.deepStrictEqual(held, [], `${hint}: every finalizer ran`)
    assert.strictEqual(trial.fibers, 0, `${hint}: no fiber is left`)
    return interrupted >= 0
  })

const never = Infinity

export const interruptions = ({ given, run, sizes }: Suite): void => {
  const { runs, seed } = replay(sizes.interrupted)

  describe(`W4: laws of interruption, seed ${seed}`, () => {
    given("once", "counts").effect(
      `at every step of ${runs} random machines`,
      () =>
        Effect.gen(function* () {
          let steps = 0
          let hits = 0
          for (let i = seed; i < seed + runs; i++) {
            const machine = randomMachine(i)
            const whole = yield* fork(run, machine, never)
            yield* TestClock.adjust("1 day")
            yield* check(whole, machine, `seed ${i}`)
            const ks = Array.from({ length: whole.steps }, (_, k) => k + 1)
            const trials = yield* Effect.forEach(ks, (k) => fork(run, machine, k))
            steps += ks.length
            yield* TestClock.adjust("1 day")
            const before = trials.map((trial) => trial.events.length)
            yield* TestClock.adjust("1 day")
            assert.deepStrictEqual(
              trials.map((trial) => trial.events.length),
              before,
              `seed ${i}: nothing happens later`
            )
            for (const [k, trial] of trials.entries()) {
              if (yield* check(trial, machine, `seed ${i}, step ${k + 1} of ${whole.steps}`)) hits++
            }
          }
          assert.strictEqual(hits, steps, "every step was hit")
        }),
      60_000
    )

    given("once", "counts").effect(
      `from outside, at many times of ${runs} random machines`,
      () =>
        Effect.gen(function* () {
          for (let i = seed; i < seed + runs; i++) {
            const machine = randomMachine(i)
            const { elapsed } = interpret(machine)
            const times = Array.from({ length: 12 }, (_, n) => Math.floor((elapsed * n) / 11))
            const trials = yield* Effect.forEach(times, () => fork(run, machine, never))
            let now = -1
            for (const [n, time] of times.entries()) {
              yield* TestClock.adjust(time - now)
              now = time
              const trial = trials[n]!
              trial.events.push("!")
              yield* Fiber.interrupt(trial.fiber!)
              assert.strictEqual(trial.fibers, 0, `seed ${i}, ${time} ms: it waits for the end`)
            }
            yield* TestClock.adjust("1 day")
            for (const [n, trial] of trials.entries()) yield* check(trial, machine, `seed ${i}, ${times[n]} ms`)
          }
        }),
      60_000
    )
  })
}
