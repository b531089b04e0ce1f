/** S18: durable jobs in schedulers that share a journal. */
import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as DurableError from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Workflow from "effect-cano/Workflow"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"
import { briefly, quiet, watch } from "../support/scheduling.ts"
import { makeProcess, storedFlow, ticksOf } from "../support/schedulers.ts"

const State = Schema.TaggedUnion({ Work: { tick: Schema.Number }, Done: {} })

/** Writes down its tick, in seconds, when it starts, and takes some seconds. */
const makeReport = (seconds = 1, fails = false) => {
  const ticks: Array<number> = []
  const report = Workflow.make("report", State, {
    initial: "Work",
    exits: ["Done"],
    states: {
      Work: {
        to: ["Done"],
        run: ({ tick }) =>
          Effect.gen(function* () {
            ticks.push(tick)
            yield* Effect.sleep(`${seconds} seconds`)
            if (fails) return yield* Effect.die("broken")
            return { _tag: "Done" } as const
          })
      }
    }
  })
  const job = Durable.job(report, {
    state: ({ due }) => ({ _tag: "Work", tick: DateTime.toEpochMillis(due) / 1000 })
  })
  const worker = Durable.register(report).pipe(
    Layer.provideMerge(Durable.layer({ drain: 0, poll: 100 })),
    Layer.provideMerge(Journal.layerMemory)
  )
  return { job, ticks, worker }
}

const seconds = (count: number) => Effect.repeat(pass("1 second"), { times: count - 1 })

const statuses = Effect.map(Durable.list(), ({ runs }) =>
  Object.fromEntries(runs.map(({ runId, status }) => [runId.slice(-8, -5).replace(":", ""), status]))
)

describe("S18: a tick of several schedulers", () => {
  it.effect("is taken by one of them; the others say so", () => {
    const { job, ticks, worker } = makeReport()
    return Effect.gen(function* () {
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("report", Trigger.every("10 seconds"), job)
      const one = yield* makeProcess(add)
      yield* seconds(3)
      const two = yield* makeProcess(add)
      const events = yield* watch(two.scheduler)
      yield* seconds(32)
      assert.deepStrictEqual(ticks, [0, 10, 20, 30])
      const all = yield* Effect.all([one.scheduler.status("report"), two.scheduler.status("report")])
      assert.strictEqual(all[0].runs + all[1].runs, 4)
      assert.strictEqual(all[0].runs + all[0].elsewhere, 4)
      assert.strictEqual(all[1].runs + all[1].elsewhere, 3)
      assert.isAbove(all[1].elsewhere, 0)
      const elsewhere = events.find((event) => event._tag === "TakenElsewhere")!
      assert.strictEqual(
        (yield* two.scheduler.explain("report", (elsewhere as { readonly from: DateTime.Utc }).from)).message,
        "taken elsewhere, by another scheduler of the journal"
      )
      assert.deepInclude(yield* Journal.Journal.use((journal) => Effect.map(journal.flow("report"), (flow) => flow)), {
        _tag: "Some"
      })
    }).pipe(Effect.provide(worker), quiet, Effect.scoped)
  })

  it.effect("is held in all of them by a pause and a trip, and goes on in all of them", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) => scheduler.add("a", Trigger.every("10 seconds"), job)
      const one = yield* makeProcess(add)
      const two = yield* makeProcess(add)
      const events = yield* watch(two.scheduler)
      yield* seconds(5)
      yield* one.scheduler.pause("a")
      yield* seconds(30)
      assert.deepStrictEqual(ticks, [0])
      assert.isTrue((yield* two.scheduler.status("a")).paused)
      yield* two.scheduler.resume("a")
      yield* one.crash
      yield* seconds(10)
      assert.deepStrictEqual(ticks, [0, 40])
      assert.deepStrictEqual(
        briefly(events).filter((event) => !/started|success|elsewhere/.test(event)),
        ["a Paused", "a Resumed"]
      )
    }).pipe(Effect.provide(Journal.layerMemory), quiet, Effect.scoped)
  )

  it.effect("does not undo a pause that came while it was decided", () =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) => scheduler.add("a", Trigger.every("10 seconds"), job)
      const slow: Journal.Shape = {
        ...journal,
        fire: (fire) => Effect.andThen(Effect.sleep("2 seconds"), journal.fire(fire))
      }
      yield* Effect.provideService(makeProcess(add), Journal.Journal, slow)
      const other = yield* makeProcess(add, { isStarted: false })
      yield* seconds(11)
      yield* other.scheduler.pause("a")
      yield* seconds(15)
      assert.deepStrictEqual(ticks, [0])
      assert.deepInclude(yield* storedFlow("a"), { isPaused: true, runs: 1 })
    }).pipe(Effect.provide(Journal.layerMemory), quiet)
  )

  it.effect("counts for maxRuns in all of them", () =>
    Effect.gen(function* () {
      const { job, ticks } = ticksOf(Effect.void)
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("a", Trigger.every("10 seconds"), job, { maxRuns: 3 })
      const one = yield* makeProcess(add)
      const two = yield* makeProcess(add)
      yield* seconds(60)
      assert.deepStrictEqual(ticks, [0, 10, 20])
      for (const { scheduler } of [one, two])
        assert.deepInclude(yield* scheduler.status("a"), { state: "completed", nextRun: undefined })
    }).pipe(Effect.provide(Journal.layerMemory), quiet)
  )
})

describe("S18: a durable job in a scheduler with a journal", () => {
  it.effect("loses no tick to a crash right after the fire", () => {
    const { job, ticks, worker } = makeReport()
    return Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const add = (scheduler: Scheduler.Scheduler["Service"]) => scheduler.add("report", Trigger.every("1 hour"), job)
      // The journal has accepted the fire, and the process dies before it hears so.
      const silent: Journal.Shape = { ...journal, fire: (fire) => Effect.andThen(journal.fire(fire), Effect.never) }
      const one = yield* Effect.provideService(makeProcess(add), Journal.Journal, silent)
      yield* pass(0)
      yield* one.crash
      assert.deepInclude(yield* one.scheduler.status("report"), { runs: 0 })
      yield* makeProcess(add)
      yield* seconds(3)
      assert.deepStrictEqual(ticks, [0])
    }).pipe(Effect.provide(worker), quiet)
  })

  it.effect("has one run for a tick also where the runs are in another journal", () => {
    const { job, ticks, worker } = makeReport(25)
    return Effect.gen(function* () {
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("report", Trigger.every("10 seconds"), job)
      const schedules = yield* Layer.build(Layer.fresh(Journal.layerMemory))
      const processOf = (engine: Durable.Durable["Service"]) =>
        makeProcess((scheduler) => Effect.provideService(add(scheduler), Durable.Durable, engine)).pipe(
          Effect.provideContext(schedules)
        )
      const engine = yield* Durable.Durable
      const one = yield* processOf(engine)
      yield* seconds(5)
      yield* one.crash
      yield* processOf(engine)
      yield* seconds(28)
      assert.deepStrictEqual(ticks, [0, 30])
    }).pipe(Effect.provide(worker), quiet, Effect.scoped)
  })

  const policies = [
    { overlap: "skip", ticks: [0, 30], statuses: { "00": "done", "30": "running" } },
    { overlap: "queue", ticks: [0, 10], statuses: { "00": "done", "10": "running" } },
    {
      overlap: "allow",
      ticks: [0, 10, 20, 30, 40],
      statuses: { "00": "done", "10": "done", "20": "done", "30": "running", "40": "running" }
    },
    {
      overlap: "cancelPrevious",
      ticks: [0, 10, 20, 30, 40],
      statuses: { "00": "cancelled", "10": "cancelled", "20": "cancelled", "30": "cancelled", "40": "running" }
    },
    {
      overlap: { atMost: 2 },
      ticks: [0, 10, 30, 40],
      statuses: { "00": "done", "10": "done", "30": "running", "40": "running" }
    }
  ] as const
  for (const { overlap, statuses: expected, ticks: expectedTicks } of policies) {
    it.effect(`obeys overlap ${JSON.stringify(overlap)} within a scheduler`, () => {
      const { job, ticks, worker } = makeReport(25)
      return Effect.gen(function* () {
        yield* makeProcess((scheduler) => scheduler.add("report", Trigger.every("10 seconds"), job, { overlap }))
        yield* seconds(46)
        assert.deepStrictEqual(ticks, [...expectedTicks])
        assert.deepStrictEqual(yield* statuses, expected)
      }).pipe(Effect.provide(worker), quiet)
    })
  }

  for (const overlap of ["skip", "queue", "cancelPrevious"] as const) {
    it.effect(`obeys overlap "${overlap}" where the run was started before a restart`, () => {
      const { job, ticks, worker } = makeReport(25)
      return Effect.gen(function* () {
        const add = (scheduler: Scheduler.Scheduler["Service"]) =>
          scheduler.add("report", Trigger.every("10 seconds"), job, { overlap })
        const one = yield* makeProcess(add)
        yield* seconds(5)
        yield* one.crash
        const two = yield* makeProcess(add)
        yield* seconds(18)
        const status = yield* two.scheduler.status("report")
        switch (overlap) {
          case "skip":
            assert.deepInclude(status, { runs: 0, skipped: 2 })
            assert.deepStrictEqual(ticks, [0])
            break
          case "queue":
            assert.deepInclude(status, { runs: 0, waiting: 1 })
            assert.strictEqual((yield* two.scheduler.explain("report", 10_000))._tag, "Waiting")
            yield* seconds(4)
            assert.deepStrictEqual(ticks, [0, 10])
            assert.deepInclude(yield* two.scheduler.status("report"), { runs: 1, waiting: 0, skipped: 1 })
            break
          case "cancelPrevious":
            // The worker hears of a cancellation with its next beat.
            yield* seconds(5)
            assert.deepInclude(yield* two.scheduler.status("report"), { runs: 2, interruptions: 1 })
            assert.deepStrictEqual(ticks, [0, 10, 20])
            assert.deepStrictEqual(yield* statuses, { "00": "cancelled", "10": "cancelled", "20": "running" })
        }
      }).pipe(Effect.provide(worker), quiet)
    })
  }

  it.effect("counts the failures of its runs, and trips", () => {
    const { job, ticks, worker } = makeReport(1, true)
    return Effect.gen(function* () {
      const add = (scheduler: Scheduler.Scheduler["Service"]) =>
        scheduler.add("report", Trigger.every("10 seconds"), job, { trip: 3 })
      const one = yield* makeProcess(add)
      yield* seconds(15)
      yield* one.close
      const two = yield* makeProcess(add)
      yield* seconds(40)
      assert.deepStrictEqual(ticks, [0, 10, 20])
      assert.deepInclude(yield* two.scheduler.status("report"), { tripped: true, failures: 1, streak: 3 })
    }).pipe(Effect.provide(worker), quiet)
  })

  it.effect("fails its run where the state does not fit its schema, and takes the next tick", () => {
    const { worker } = makeReport()
    const broken = Workflow.make("broken", Schema.TaggedUnion({ Work: { n: Schema.Number }, Done: {} }), {
      initial: "Work",
      exits: ["Done"],
      states: { Work: { to: ["Done"], run: () => ({ _tag: "Done" }) as const } }
    })
    return Effect.gen(function* () {
      const job = Durable.job(broken, { state: { _tag: "Work", n: "many" } as any })
      const { scheduler } = yield* makeProcess((scheduler) => scheduler.add("a", Trigger.every("10 seconds"), job))
      yield* seconds(15)
      assert.deepInclude(yield* scheduler.status("a"), { runs: 2, failures: 2 })
    }).pipe(Effect.provide(worker), quiet)
  })
})

describe("S19: a journal that is away", () => {
  const outage = (missed: "skip" | "once", away: number) =>
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const { job, ticks } = ticksOf(Effect.void)
      let isAway = false
      const failure = new DurableError.JournalFailure({ operation: "read a flow", reason: "Unavailable" })
      const unreliable: Journal.Shape = {
        ...journal,
        flow: (id) => (isAway ? Effect.fail(failure) : journal.flow(id))
      }
      const { scheduler } = yield* makeProcess((scheduler) =>
        scheduler.add("a", Trigger.every("2 minutes"), job, { missed })
      ).pipe(Effect.provideService(Journal.Journal, unreliable))
      const events = yield* watch(scheduler)
      yield* pass("115 seconds")
      isAway = true
      yield* pass(`${away + 5} seconds`)
      assert.strictEqual((yield* scheduler.status("a")).journalFailure, failure)
      yield* scheduler.trigger("a")
      isAway = false
      yield* pass("2 seconds")
      assert.isUndefined((yield* scheduler.status("a")).journalFailure)
      return { ticks, events: briefly(events).filter((event) => /Journal|missed/.test(event)) }
    }).pipe(Effect.provide(Journal.layerMemory), quiet, Effect.scoped)

  it.effect("delays a tick that is not yet late", () =>
    Effect.gen(function* () {
      const { events, ticks } = yield* outage("skip", 30)
      // The run by hand at 150 did not wait for the journal.
      assert.deepStrictEqual(ticks, [0, 150, 120])
      assert.deepStrictEqual(events, ["JournalAway", "JournalBack"])
    }).pipe(Effect.asVoid)
  )

  it.effect("has the ticks missed that are late by then, and tells so", () =>
    Effect.gen(function* () {
      const skip = yield* outage("skip", 90)
      assert.deepStrictEqual(skip.events, ["JournalAway", "JournalBack", "a missed 1"])
      const once = yield* outage("once", 90)
      assert.deepStrictEqual(once.events, ["JournalAway", "JournalBack"])
    })
  )
})
