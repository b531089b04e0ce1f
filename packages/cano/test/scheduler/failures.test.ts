import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { Boom, failing, makeScheduler, quiet } from "../support/scheduling.ts"

describe("S3: failures", () => {
  it.effect("of a job hurt no other flow, and are told apart", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const jobs: Record<Scheduler.Outcome, Effect.Effect<void, Boom>> = {
        success: Effect.void,
        failure: failing,
        defect: Effect.die("ouch"),
        interrupted: Effect.interrupt,
        timeout: Effect.never
      }
      for (const [outcome, job] of Object.entries(jobs)) {
        yield* scheduler.add(outcome, Trigger.every(1000), job, { timeout: 100 })
        yield* scheduler.add(
          `throwing ${outcome}`,
          Trigger.every(1000),
          Effect.sync(() => {
            throw new Error()
          })
        )
      }
      yield* scheduler.start
      yield* TestClock.adjust(3500)
      for (const outcome of Object.keys(jobs)) {
        const status = yield* scheduler.status(outcome)
        assert.deepInclude(status, {
          runs: 4,
          running: 0,
          lastOutcome: outcome as Scheduler.Outcome,
          successes: outcome === "success" ? 4 : 0,
          interruptions: outcome === "interrupted" ? 4 : 0,
          failures: outcome === "success" || outcome === "interrupted" ? 0 : 4
        })
      }
      assert.isDefined((yield* scheduler.status("failure")).lastFailure)
      const empty = yield* scheduler.add("empty", Trigger.manual, Effect.failCause(Cause.empty))
      yield* (yield* scheduler.trigger(empty)).await
      assert.strictEqual((yield* scheduler.status("empty")).lastOutcome, "failure")
      assert.strictEqual((yield* scheduler.status("throwing success")).failures, 4)
    }).pipe(quiet)
  )
})
