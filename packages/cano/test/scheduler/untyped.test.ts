/** What untyped callers can do is refused in words, and hurts no other flow. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { makeScheduler, quiet } from "../support/scheduling.ts"

/** A promise that rejects. Nobody handles the rejection unless the scheduler does, and then the test run fails. */
const rejecting = () => Promise.reject(new Error("left alone"))

const bare = Object.create(null)

const throwing = {
  toString: () => {
    throw new Error("no words")
  }
}

/** Refused by `add`: what is given, and a sentence of the error. */
const refused: ReadonlyArray<readonly [() => ReadonlyArray<unknown>, string]> = [
  [() => ["a", Trigger.manual, rejecting()], "the job is a promise, expected an Effect or a function"],
  [() => ["a", Trigger.manual, bare], "the job is an object, expected an Effect or a function"],
  [() => [bare, Trigger.manual, Effect.void], "the id is not a string"],
  [() => ["a", rejecting(), Effect.void], "the trigger is a promise, expected one of Trigger's"],
  [() => ["a", throwing, Effect.void], "the trigger is an object, expected one of Trigger's"],
  [() => ["a", Trigger.schedule(rejecting() as any), Effect.void], "the schedule is a promise, expected a Schedule"],
  [() => ["a", Trigger.every(rejecting() as any), Effect.void], "the interval is not a duration: a promise"],
  [() => ["a", Trigger.every(throwing as any), Effect.void], "the interval is not a duration: an object"],
  [() => ["a", Trigger.every("x".repeat(999) as any), Effect.void], "the interval is not a duration: a long string"],
  [() => ["a", Trigger.every(1, { firstrun: "atStart" } as any), Effect.void], 'no option "firstrun", only "firstRun"'],
  [
    () => ["a", Trigger.every(1, { firstRun: "never" } as any), Effect.void],
    'firstRun is "never", expected "atStart" or'
  ],
  [() => ["a", Trigger.cron("* * * * *", { tz: "UTC" } as any), Effect.void], 'no option "tz", only "timeZone"'],
  [() => ["a", Trigger.cron("* * * * *", { onDstOverlap: "first" } as any), Effect.void], 'onDstOverlap is "first"'],
  [() => ["a", Trigger.cron("* * * * *", { timeZone: rejecting() } as any), Effect.void], "no time zone a promise"],
  [() => ["a", Trigger.cron("* * * * *", { timeZone: bare } as any), Effect.void], "no time zone an object"],
  [() => ["a", Trigger.cron(throwing as any), Effect.void], 'cron expression "an object": it is not a string'],
  [() => ["a", Trigger.manual, Effect.void, null], "as options is null, expected an object"],
  [() => ["a", Trigger.manual, Effect.void, rejecting()], "as options is a promise, expected an object"],
  [() => ["a", Trigger.manual, Effect.void, { retries: 3 }], 'there is no option "retries", only "overlap"'],
  [() => ["a", Trigger.manual, Effect.void, { missed: { every: 3 } }], 'there is no option "every", only "all"'],
  [() => ["a", Trigger.manual, Effect.void, { backoff: { delay: 3 } }], 'there is no option "delay", only "base"'],
  [() => ["a", Trigger.manual, Effect.void, { backoff: rejecting() }], "backoff is a promise, expected an object"],
  [() => ["a", Trigger.manual, Effect.void, { overlap: bare }], "atMost is undefined, expected a whole number from 1"],
  [() => ["a", Trigger.manual, Effect.void, { overlap: { atMost: 0 } }], "atMost is 0, expected a whole number from 1"],
  [() => ["a", Trigger.manual, Effect.void, { overlap: Symbol("x") }], "overlap is a symbol, expected"],
  [() => ["a", Trigger.manual, Effect.void, { maxRuns: throwing }], "maxRuns is an object, expected a whole number"],
  [() => ["a", Trigger.manual, Effect.void, { startAt: rejecting() }], "startAt is a promise, expected a time"],
  [() => ["a", Trigger.manual, Effect.void, { jitter: rejecting() }], "jitter is not a duration"],
  [() => ["a", Trigger.manual, Effect.void, { timeout: bare }], "timeout is not a duration"],
  [() => ["a", Trigger.manual, Effect.void, { span: "job" }], 'span is "job", expected an object'],
  [() => ["a", Trigger.manual, Effect.void, { span: { name: "" } }], "the span's name is empty"]
]

describe("S6: add", () => {
  for (const [given, sentence] of refused) {
    it.effect(`says: ${sentence}`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const add = scheduler.add as unknown as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, Error>
        const error = yield* Effect.flip(add(...given()))
        assert.include(["InvalidFlow", "InvalidCron"], error.name)
        assert.include(error.message, sentence)
        assert.isBelow(error.message.length, 400)
        assert.deepStrictEqual(yield* scheduler.list, [])
      })
    )
  }
})

describe("S3: a job that gives no Effect", () => {
  const jobs: ReadonlyArray<readonly [unknown, string]> = [
    [async () => rejecting(), "a promise"],
    [rejecting, "a promise"],
    [() => bare, "an object"],
    [() => throwing, "an object"],
    [() => Symbol("x"), "a symbol"],
    [() => "secret".repeat(99), "a long string"]
  ]
  for (const [job, what] of jobs) {
    it.effect(`but ${what} is a defect of its run (${String(job).slice(0, 30)})`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const flow = yield* scheduler.add("a", Trigger.manual, job as Effect.Effect<void>)
        yield* scheduler.start
        const run = yield* scheduler.trigger(flow)
        const [defect] = defectsOf(yield* run.await)
        assert.instanceOf(defect, ConfigurationError)
        assert.include(defect.message, `the job is a function that gave ${what}, expected an Effect`)
      }).pipe(quiet)
    )
  }
})

describe("S6: a mistake in the program is a defect", () => {
  const defectOf = (effect: Effect.Effect<unknown, unknown, any>) =>
    Effect.map(Effect.exit(Effect.scoped(effect as Effect.Effect<unknown>)), (exit) => {
      const [defect] = defectsOf(exit)
      assert.instanceOf(defect, ConfigurationError)
      return defect.message
    })
  const onScheduler = (use: (scheduler: any) => Effect.Effect<unknown, unknown>) => Effect.flatMap(makeScheduler, use)
  const mistakes: ReadonlyArray<readonly [() => Effect.Effect<unknown, unknown, any>, string]> = [
    [() => Scheduler.make({ graze: 0 } as any), 'there is no option "graze", only "grace", "buffer"'],
    [() => Scheduler.make({ buffer: throwing } as any), "buffer is an object, expected a whole number from 1"],
    [() => Scheduler.make(null as any), "was given is null, expected an object"],
    [() => Layer.build(Scheduler.layer({ buffers: 1 } as any)), 'there is no option "buffers"'],
    [() => Layer.build(Scheduler.layerFlows(rejecting() as any)), "was given is a promise, expected a list"],
    [() => onScheduler((scheduler) => scheduler.stop({ graze: 0 })), 'there is no option "graze", only "grace"'],
    [() => onScheduler((scheduler) => scheduler.stop({ grace: "soon" })), "grace is not a duration"]
  ]
  for (const [make, sentence] of mistakes) {
    it.effect(sentence, () =>
      Effect.gen(function* () {
        assert.include(yield* defectOf(make()), sentence)
      })
    )
  }

  it.effect("an id that is none is unknown, whatever it is", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      for (const id of [bare, throwing, Symbol("x"), rejecting(), null, undefined, 3]) {
        const error = yield* Effect.flip(scheduler.status(id as any))
        assert.instanceOf(error, Scheduler.UnknownFlow)
      }
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      for (const n of [bare, throwing, Symbol("x"), rejecting(), "3"]) {
        assert.include(yield* defectOf(scheduler.preview("a", n as any)), "expected a whole number from 0 to 10000")
        assert.include(yield* defectOf(scheduler.explain("a", n as any)), "the instant is")
      }
    })
  )
})
