/** A durable job in a scheduler without a journal. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Workflow from "effect-cano/Workflow"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"
import { quiet } from "../support/scheduling.ts"

const State = Schema.TaggedUnion({ Work: { day: Schema.String }, Done: { day: Schema.String } })

const makeReport = (seconds = 5) => {
  const days: Array<string> = []
  const report = Workflow.make("report", State, {
    initial: "Work",
    exits: ["Done"],
    states: {
      Work: {
        to: ["Done"],
        run: ({ day }) =>
          Effect.gen(function* () {
            days.push(day)
            yield* Effect.sleep(`${seconds} seconds`)
            return { _tag: "Done", day } as const
          })
      }
    }
  })
  return { days, report }
}

type Report = ReturnType<typeof makeReport>["report"]

const jobOf = (report: Report) =>
  Durable.job(report, {
    state: ({ due }) => ({ _tag: "Work", day: DateTime.formatIso(due) }),
    labels: ({ flow }) => ({ flow })
  })

const workerOf = (report: Report) =>
  Durable.register(report).pipe(
    Layer.provideMerge(Durable.layer({ drain: 0, poll: 100 })),
    Layer.provideMerge(Journal.layerMemory)
  )

describe("a durable job", () => {
  it.effect("starts a run for each tick, and ends as the run does", () => {
    const { days, report } = makeReport()
    return Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0 })
      const flow = yield* scheduler.add("report", Trigger.every("10 seconds"), jobOf(report))
      yield* scheduler.start
      for (let second = 0; second < 17; second++) yield* pass("1 second")
      assert.deepStrictEqual(days, ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:10.000Z"])
      assert.deepInclude(yield* scheduler.status(flow), { runs: 2, successes: 2 })
      const { runs } = yield* Durable.list({ labels: { flow: "report" } })
      assert.deepStrictEqual(
        runs.map(({ runId }) => runId).toSorted(),
        days.map((day) => `report@${day}`)
      )
    }).pipe(Effect.provide(workerOf(report)))
  })

  it.effect("has one run for a tick, however many schedulers start it", () => {
    const { days, report } = makeReport()
    return Effect.gen(function* () {
      const schedulers = yield* Effect.all([Scheduler.make({ grace: 0 }), Scheduler.make({ grace: 0 })])
      for (const scheduler of schedulers) {
        yield* scheduler.add("report", Trigger.every("10 seconds"), jobOf(report))
        yield* scheduler.start
      }
      for (let second = 0; second < 7; second++) yield* pass("1 second")
      assert.lengthOf(days, 1)
      for (const scheduler of schedulers) assert.deepInclude(yield* scheduler.status("report"), { successes: 1 })
    }).pipe(Effect.provide(workerOf(report)))
  })

  it.effect("only starts the run where nobody shall wait for it", () => {
    const { report } = makeReport(60)
    return Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0 })
      const job = Durable.job(report, { state: { _tag: "Work", day: "any" }, wait: false })
      const flow = yield* scheduler.add("report", Trigger.manual, job)
      yield* scheduler.start
      const one = yield* scheduler.trigger(flow)
      const other = yield* scheduler.trigger(flow)
      assert.deepStrictEqual(
        [yield* one.join, yield* other.join],
        ["report@1970-01-01T00:00:00.000Z#1", "report@1970-01-01T00:00:00.000Z#2"]
      )
    }).pipe(Effect.provide(workerOf(report)))
  })

  it.effect("is cancelled by a timeout and by cancel, and not by the stop of the scheduler", () => {
    const { report } = makeReport(60)
    return Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0 })
      yield* scheduler.add("timed", Trigger.every("1 hour"), jobOf(report), { timeout: "2 seconds" })
      yield* scheduler.add("stopped", Trigger.every("1 hour"), jobOf(report))
      const byHand = yield* scheduler.add("by hand", Trigger.manual, jobOf(report))
      yield* scheduler.start
      const run = yield* scheduler.trigger(byHand)
      yield* pass("1 second")
      yield* run.cancel
      yield* pass("2 seconds")
      assert.deepInclude(yield* scheduler.status("timed"), { lastOutcome: "timeout" })
      yield* scheduler.stop()
      const { runs } = yield* Durable.list()
      assert.deepStrictEqual(runs.map(({ runId, status }) => `${status} ${runId}`).toSorted(), [
        "cancelled by hand@1970-01-01T00:00:00.000Z#1",
        "cancelled timed@1970-01-01T00:00:00.000Z",
        "running stopped@1970-01-01T00:00:00.000Z"
      ])
    }).pipe(Effect.provide(workerOf(report)), quiet)
  })

  it("refuses options that do not exist", () => {
    const { report } = makeReport()
    assert.throws(() => Durable.job(report, { stat: 1 } as never), ConfigurationError, 'there is no option "stat"')
  })
})
