/** S5: many fibers start, stop and control one scheduler in real time, and nothing is left over. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { quiet, watch } from "../support/scheduling.ts"
import { random, replay } from "effect-cano-testing/Seed"

const fibers = 10

describe("start and stop", { timeout: 120_000 }, () => {
  const { runs: rounds, seed } = replay(50)

  it.live(`S5: ${fibers} fibers x ${rounds} rounds`, () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0, buffer: 1_000_000 })
      const events = yield* watch(scheduler)
      let alive = 0
      const job = (millis: number): Effect.Effect<void, string> =>
        Effect.acquireUseRelease(
          Effect.sync(() => void alive++),
          () => (millis % 5 === 0 ? Effect.fail("no") : Effect.sleep(millis)),
          () => Effect.sync(() => void alive--)
        )
      const overlaps = ["skip", "queue", "allow", "cancelPrevious"] as const
      for (const overlap of overlaps) yield* scheduler.add(overlap, Trigger.every(2), job(3), { overlap })

      const fiber = (index: number) =>
        Effect.gen(function* () {
          const { int, pick } = random(seed * 1000 + index)
          const own = `own ${index}`
          const ids = [...overlaps, own]
          for (let round = 0; round < rounds; round++) {
            const action = int(9)
            if (action < 2) yield* Effect.ignore(scheduler.start)
            else if (action === 2) {
              const { interrupted } = yield* scheduler.stop({ grace: int(4) })
              assert.isTrue(interrupted.every(({ run }) => run > 0))
            } else if (action === 3) yield* Effect.ignore(scheduler.add(own, Trigger.every(1 + int(3)), job(int(6))))
            else if (action === 4) yield* Effect.ignore(scheduler.remove(own))
            else if (action === 5) yield* Effect.ignore(scheduler.pause(pick(ids)))
            else if (action === 6) yield* Effect.ignore(scheduler.resume(pick(ids)))
            else {
              const run = yield* Effect.exit(scheduler.trigger(pick(ids)))
              if (Exit.isSuccess(run) && int(2) === 0) yield* run.value.await
            }
            yield* Effect.sleep(int(3))
          }
        })
      yield* Effect.all(
        Array.from({ length: fibers }, (_, index) => fiber(index)),
        { concurrency: "unbounded", discard: true }
      )
      yield* scheduler.stop()
      assert.strictEqual(alive, 0)
      yield* Effect.sleep(20)
      const before = events.length
      for (const { failures, interruptions, running, runs, successes, waiting } of yield* scheduler.list) {
        assert.deepStrictEqual([running, waiting], [0, 0])
        assert.strictEqual(runs, successes + failures + interruptions)
      }

      // Nothing starts between a stop and the next start, and nothing is left when it has ended.
      let [isRunning, inFlight] = [false, 0]
      for (const event of events) {
        if (event._tag === "SchedulerStarted") isRunning = true
        else if (event._tag === "SchedulerStopping") isRunning = false
        else if (event._tag === "SchedulerStopped") assert.strictEqual(inFlight, 0)
        else if (event._tag === "RunStarted") {
          assert.isTrue(isRunning)
          inFlight++
        } else if (event._tag === "RunEnded") inFlight--
      }
      const count = (tag: Scheduler.Event["_tag"]) => events.filter(({ _tag }) => _tag === tag).length
      assert.strictEqual(count("SchedulerStarted"), count("SchedulerStopped"))
      assert.isAbove(count("SchedulerStarted"), 10)
      assert.isAbove(count("RunStarted"), 100)
      yield* Effect.sleep(20)
      assert.strictEqual(events.length, before)
    }).pipe(quiet)
  )
})
