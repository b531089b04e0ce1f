import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { Boom, jumpingClock, makeScheduler, millis, quiet } from "../support/scheduling.ts"

describe("S15: a job that is a function", () => {
  it.effect("is told its tick, on time, caught up, queued or by hand", () =>
    Effect.gen(function* () {
      const { clock, jump } = yield* jumpingClock
      yield* Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const ticks: Array<unknown> = []
        const note = ({ by, due, flow, run }: Scheduler.Tick) =>
          Effect.as(
            Effect.delay(
              Effect.sync(() => void ticks.push([flow, run, millis(due), by])),
              10
            ),
            run
          )
        const flow = yield* scheduler.add("a", Trigger.every(1000), note, { missed: { all: "1 minute" } })
        yield* scheduler.add(Scheduler.flow("b", Trigger.manual, note))
        yield* scheduler.start
        yield* TestClock.adjust(500)
        yield* jump(2500)
        yield* TestClock.adjust(600)
        const run = yield* scheduler.trigger(flow)
        yield* TestClock.adjust(10)
        assert.strictEqual(yield* run.join, 5)
        yield* scheduler.trigger("b")
        yield* TestClock.adjust(10)
        assert.deepStrictEqual(ticks, [
          ["a", 1, 0, "timer"],
          ["a", 2, 1000, "timer"],
          ["a", 3, 2000, "timer"],
          ["a", 4, 3000, "timer"],
          ["a", 5, 3600, "hand"],
          ["b", 1, 3610, "hand"]
        ])
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
    })
  )

  it.effect("gets the timeout; one that throws, or gives no Effect, is a defect of the run", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const add = scheduler.add as (...args: ReadonlyArray<unknown>) => Effect.Effect<Scheduler.Flow<unknown>>
      const outcome = (job: unknown, options?: Scheduler.Options<Duration.Input>) =>
        Effect.gen(function* () {
          const flow = yield* add("a", Trigger.manual, job, options)
          const run = yield* scheduler.trigger(flow)
          yield* TestClock.adjust(1000)
          const status = yield* scheduler.status("a")
          yield* scheduler.remove("a")
          return [status.lastOutcome, yield* run.await] as const
        })
      yield* scheduler.start
      assert.strictEqual((yield* outcome(() => Effect.never, { timeout: 500 }))[0], "timeout")
      const thrown = yield* outcome(() => {
        throw new Boom()
      })
      assert.strictEqual(thrown[0], "defect")
      assert.instanceOf(defectsOf(thrown[1])[0], Boom)
      const [wrong, exit] = yield* outcome(() => 3)
      assert.strictEqual(wrong, "defect")
      assert.instanceOf(defectsOf(exit)[0], ConfigurationError)
      assert.match(String(defectsOf(exit)[0]), /Flow "a": the job is a function that gave 3, expected an Effect/)
    }).pipe(quiet)
  )

  it.effect("is not an Effect that is a function as well", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("Name") {}
      const scheduler = yield* makeScheduler
      const flow = yield* scheduler.add("a", Trigger.manual, Name).pipe(Effect.provideService(Name, "Ada"))
      yield* scheduler.start
      assert.strictEqual(yield* Effect.flatMap(scheduler.trigger(flow), (run) => run.join), "Ada")
    })
  )
})
