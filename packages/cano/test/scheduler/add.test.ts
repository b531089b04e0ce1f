import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { makeScheduler } from "../support/scheduling.ts"

describe("S6: add", () => {
  const add = (id: string, trigger: Trigger.Trigger = Trigger.manual, options?: Scheduler.Options<any>) =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      return yield* scheduler.add(id, trigger, Effect.void, options)
    })

  it.effect("refuses a second flow with the id of another", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("a", Trigger.manual, Effect.void)
      const error = yield* Effect.flip(scheduler.add("a", Trigger.every(1), Effect.void))
      assert.deepStrictEqual(error, new Scheduler.DuplicateFlow({ flow: "a" }))
      assert.strictEqual(error.message, 'There is a flow "a" already')
    })
  )

  const long = "x".repeat(257)
  const invalid: ReadonlyArray<readonly [string, ReturnType<typeof add>, string]> = [
    ["an empty id", add(""), "the id is empty"],
    ["an over-long id", add(long), "257 characters long, at most 256"],
    ["a zero interval", add("a", Trigger.every(0)), "the interval is 0, expected a finite duration from 1 ms"],
    ["a negative interval", add("a", Trigger.every(-5)), "expected a finite duration from 1 ms"],
    ["an interval of NaN", add("a", Trigger.every(NaN)), "the interval is not a duration"],
    ["an infinite interval", add("a", Trigger.every(Infinity)), "the interval is Infinity"],
    ["an interval that is none", add("a", Trigger.every("soon" as any)), "the interval is not a duration"],
    [
      "an interval in no unit of time",
      add("a", Trigger.every("5 parsecs" as any)),
      'not a duration: "5 parsecs"; write'
    ],
    [
      "half a millisecond",
      add("a", Trigger.every(0.5)),
      "the interval is 0.5 ms, expected a finite duration from 1 ms"
    ],
    ["some nanoseconds", add("a", Trigger.every("250 nanos")), "the interval is 0.00025 ms, expected"],
    ["an end before the start", add("a", Trigger.manual, { startAt: 2, endAt: 1 }), "is after endAt"],
    ["a start that is no time", add("a", Trigger.manual, { startAt: "soon" }), 'startAt is "soon", expected a time'],
    ["a timeout of 0", add("a", Trigger.manual, { timeout: 0 }), "timeout is 0"],
    ["a negative jitter", add("a", Trigger.manual, { jitter: -1 }), "jitter is"],
    ["no runs at all", add("a", Trigger.manual, { maxRuns: 0 }), "maxRuns is 0, expected a whole number from 1"],
    ["half a failure", add("a", Trigger.manual, { trip: 0.5 }), "trip is 0.5, expected a whole number from 1"],
    ["a shrinking backoff", add("a", Trigger.manual, { backoff: { base: 1, factor: 0.5 } }), "factor is 0.5"],
    [
      "an unknown policy",
      add("a", Trigger.manual, { overlap: "both" as any }),
      'overlap is "both", expected "skip" or "queue"'
    ],
    [
      "an unknown misfire policy",
      add("a", Trigger.manual, { missed: "twice" as any }),
      'missed is "twice", expected "skip", "once" or'
    ],
    ["a window of 0", add("a", Trigger.manual, { missed: { all: 0 } }), "the window of missed ticks is 0"]
  ]
  for (const [what, call, message] of invalid) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(call)
        assert.instanceOf(error, Scheduler.InvalidFlow)
        assert.include(error.message, message)
        assert.isAtMost(error.flow.length, 40)
      })
    )
  }

  const untyped: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, string]> = [
    ["an id that is null", [null, Trigger.manual, Effect.void], "the id is not a string"],
    ["a flow that is null", [null], "the id is not a string"],
    ["an object that is no flow", [{}], "the id is not a string"],
    ["no trigger", ["a", undefined, Effect.void], "expected one of Trigger's"],
    ["a trigger of another make", ["a", { _tag: "Daily" }, Effect.void], "expected one of Trigger's"],
    [
      "a schedule that is none",
      ["a", Trigger.schedule("daily" as any), Effect.void],
      'the schedule is "daily", expected a Schedule'
    ],
    ["no job", ["a", Trigger.manual], "the job is undefined, expected an Effect or a function"],
    [
      "a policy for missed ticks of null",
      ["a", Trigger.manual, Effect.void, { missed: null }],
      "missed is null, expected"
    ],
    ["a backoff of null", ["a", Trigger.manual, Effect.void, { backoff: null }], "backoff is null, expected an object"],
    ["a cron expression that is none", ["a", Trigger.cron(undefined as any), Effect.void], "it is not a string"]
  ]
  for (const [what, args, message] of untyped) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        const add = scheduler.add as unknown as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, Error>
        const error = yield* Effect.flip(add(...args))
        assert.include(["InvalidFlow", "InvalidCron"], error.name)
        assert.include(error.message, message)
        assert.deepStrictEqual(yield* scheduler.list, [])
      })
    )
  }

  it.effect("completes a flow whose next tick no date can tell", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      yield* scheduler.add("first", Trigger.every(Number.MAX_SAFE_INTEGER), Effect.void)
      yield* scheduler.add("later", Trigger.every(1e300, { firstRun: "afterInterval" }), Effect.void)
      yield* scheduler.add("cron", Trigger.cron("* * * * *"), Effect.void, { startAt: 8.64e15 })
      yield* scheduler.start
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(
        (yield* scheduler.list).map(({ runs, state }) => [runs, state]),
        [
          [1, "completed"],
          [0, "completed"],
          [0, "completed"]
        ]
      )
      assert.deepStrictEqual(yield* scheduler.preview("first", 3), [])
    })
  )

  it.effect("names every fault at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(add("", Trigger.manual, { trip: -1, maxRuns: -1 }))
      assert.deepStrictEqual((error as Scheduler.InvalidFlow).problems.length, 3)
    })
  )

  const crons: ReadonlyArray<readonly [string, Trigger.Trigger, Scheduler.InvalidCron["fault"], string]> = [
    ["a malformed expression", Trigger.cron("* * *"), "syntax", 'cron expression "* * *"'],
    ["an over-long expression", Trigger.cron(`${"1,".repeat(200)}1 * * * *`), "length", "at most 256"],
    ["a day that never comes", Trigger.cron("0 0 30 2 *"), "impossible", "no date ever matches it"],
    ["an unknown time zone", Trigger.cron("* * * * *", { timeZone: "Mars/Olympus" }), "timeZone", '"Mars/Olympus"'],
    ["too few fields", Trigger.cron("* * *"), "syntax", "3 fields found, 5 or 6 are expected, or @hourly, @daily"],
    ["one field", Trigger.cron("5"), "syntax", ": 1 field found, 5 or 6 are expected"],
    ["an unknown shorthand", Trigger.cron("@every 5s"), "syntax", 'there is no "@every 5s", only @hourly, @daily'],
    ["an hour of 25", Trigger.cron("0 25 * * *"), "syntax", ": the hour is 25, expected 0 to 23"],
    ["a second of 60", Trigger.cron("60 * * * * *"), "syntax", ": the second is 60, expected 0 to 59"],
    ["a range too long", Trigger.cron("0-75 * * * *"), "syntax", ": the minute is 75, expected 0 to 59"],
    ["a day in words", Trigger.cron("0 9 * * MONDAY"), "syntax", ": MONDAY is no weekday: use MON, or 1"],
    ["a month in words", Trigger.cron("0 9 1 september *"), "syntax", ": september is no month: use SEP, or 9"],
    ["no weekday", Trigger.cron("0 9 * * FOO"), "syntax", ": FOO is no weekday: expected SUN to SAT, or 0 to 7"],
    [
      "the last day",
      Trigger.cron("0 9 L * *"),
      "syntax",
      ": there is no L, a day counted from the end of the month: use 28-31"
    ],
    ["the last day but two", Trigger.cron("0 9 L-2 * *"), "syntax", ": there is no L-2, a day counted from the end"],
    [
      "the nearest working day",
      Trigger.cron("0 9 15W * *"),
      "syntax",
      ": there is no 15W, the nearest day from MON to FRI"
    ],
    [
      "the last Friday",
      Trigger.cron("0 9 * * FRIL"),
      "syntax",
      ": there is no FRIL, the last such weekday of the month"
    ],
    ["the last weekday", Trigger.cron("0 9 * * L"), "syntax", ": there is no L for a weekday: use SAT, or 6"],
    [
      "the second Monday",
      Trigger.cron("0 9 * * MON#2"),
      "syntax",
      'MON#2: use the days 8-14, the weekday MON and dayMatch: "both"'
    ],
    ["any hour", Trigger.cron("0 ? * * *"), "syntax", ": ? stands for any day or weekday: for any hour use *"],
    ["a step of 0", Trigger.cron("*/0 * * * *"), "syntax", ": the step of the minute is 0, expected 1 to 59"],
    ["an end that is missing", Trigger.cron("1- * * * *"), "syntax", ": the minute is empty in 1-, expected 0 to 59"],
    ["a list with a gap", Trigger.cron("1,,2 * * * *"), "syntax", ': the minute is empty in "1,,2", expected 0 to 59'],
    ["text", Trigger.cron("x * * * *"), "syntax", ": the minute is x, expected 0 to 59"],
    ["hours east", Trigger.cron("* * * * *", { timeZone: "+2" }), "timeZone", 'no time zone "+2": write "+02:00"'],
    ["an empty time zone", Trigger.cron("* * * * *", { timeZone: "" }), "timeZone", 'no time zone ""']
  ]
  for (const [what, trigger, fault, message] of crons) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(add("a", trigger))
        assert.instanceOf(error, Scheduler.InvalidCron)
        assert.strictEqual(error.fault, fault)
        assert.include(error.message, 'Flow "a": cron expression')
        assert.include(error.message, message)
      })
    )
  }

  it.effect("gives the job the services of the caller", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("Name") {}
      const scheduler = yield* makeScheduler
      const names: Array<string> = []
      const job = Effect.map(Name, (name) => void names.push(name))
      yield* scheduler.add("a", Trigger.every(1000), job).pipe(Effect.provideService(Name, "Ada"))
      yield* scheduler.add("b", Trigger.every(1000), job).pipe(Effect.provideService(Name, "Grace"))
      yield* scheduler.start
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(names, ["Ada", "Grace"])
    })
  )
})
