/** S8: cron against a reference that looks at every second. S6: what is refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { makeScheduler, millis, utc } from "../support/scheduling.ts"
import { type DayMatch, segmentsOf, ticksOf } from "./localTime.ts"
import { random, replay } from "effect-cano-testing/Seed"

const zones = [
  ["UTC", "2025-01-01"],
  ["America/New_York", "2025-01-01"],
  ["Europe/Berlin", "2025-01-01"],
  // Half an hour of daylight saving.
  ["Australia/Lord_Howe", "2025-01-01"],
  // Skipped 30 December 2011.
  ["Pacific/Apia", "2011-01-15"],
  // Went back three hours in March.
  ["Antarctica/Casey", "2023-01-01"],
  ["Asia/Kolkata", "2025-01-01"]
] as const

const sparse = [
  "0 9 * * 1-5",
  "30 2 * * *",
  "15,45 1-3 * * 0",
  "0 0 1 * *",
  "0 0 13 * 5",
  "15,20,40 2 * * *",
  "0 */6 * * *",
  "30 0 29-31 * *",
  "59 23 * 2,12 *",
  "0 0 * * 7"
]

const dense = ["* * * * *", "*/7 * * * *", "5-55/10 1-3 * * *", "*/20 30 0-4 * * *", "15 * * * * *"]

const policies = [undefined, "earlier", "later", "both"] as const

const day = 86_400_000

/** `CANO_RUNS` above the default tries every expression with every policy. */
const isWhole = replay(1).runs > 1

type Policy = (typeof policies)[number]

const check = (
  expression: string,
  zone: string,
  policy: Policy,
  segments: ReturnType<typeof segmentsOf>,
  from: number,
  to: number,
  dayMatch?: DayMatch
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(from)
    const scheduler = yield* makeScheduler
    const expected = ticksOf(expression, policy, segments, to, dayMatch).filter((tick) => tick > from)
    const trigger = Trigger.cron(expression, { timeZone: zone, onDstOverlap: policy, dayMatch })
    yield* scheduler.add("a", trigger, Effect.void, { endAt: to })
    const actual = (yield* scheduler.preview("a", expected.length + 5)).map(millis)
    const [before, after] = [new Set(expected), new Set(actual)]
    const show = (times: ReadonlyArray<number>) => times.map((time) => new Date(time).toISOString())
    const lost = show(expected.filter((time) => !after.has(time)))
    const extra = show(actual.filter((time) => !before.has(time)))
    assert.deepStrictEqual(
      { lost, extra },
      { lost: [], extra: [] },
      `${expression} in ${zone}, ${policy ?? "default"}, ${dayMatch}`
    )
    assert.deepStrictEqual(actual, expected)
  }).pipe(Effect.scoped)

/** Ranges that wrap around, and days and weekdays that are both restricted. */
const wrapping = [
  "0 22-2 * * *",
  "50-10/5 23-1 ? * 5-1",
  "0 12 28-3 11-2 ?",
  "0 0 * * 6-0",
  "0 0 * * 4-0",
  "0 0 * * 7-2"
]

const twofold = [
  "0 0 */3 * 1-5",
  "0 9 8-14 * 1",
  "0 0 13 * 5",
  "0 9 1-7 * */2",
  "0 0 28-3 * 6-0",
  "0 0 * * 1",
  "0 0 ? * 1"
]

const names = [
  ["0 9 * * MON-SUN", "0 9 * * *"],
  ["0 9 * * SAT-SUN", "0 9 * * 0,6"],
  ["0 9 * * THU-SUN", "0 9 * * 0,4-6"],
  ["0 9 * * fri-mon/2", "0 9 * * 5,0"],
  ["0 9 1 NOV-FEB *", "0 9 1 1,2,11,12 *"],
  ["0 9 ? JAN ?", "0 9 * 1 *"]
] as const

describe("S8: cron against a look at every second", { timeout: 120_000 }, () => {
  it.effect("ranges that wrap around, and ?", () =>
    Effect.gen(function* () {
      const from = utc("2025-01-01")
      for (const zone of ["UTC", "Europe/Berlin"]) {
        const segments = segmentsOf(zone, from - 2 * day, from + 368 * day)
        for (const expression of wrapping) yield* check(expression, zone, undefined, segments, from, from + 366 * day)
      }
    })
  )

  it.effect("days and weekdays that must match, either or both", () =>
    Effect.gen(function* () {
      const from = utc("2025-01-01")
      const segments = segmentsOf("UTC", from - 2 * day, from + 368 * day)
      for (const expression of twofold) {
        for (const dayMatch of [undefined, "either", "both"] as const) {
          yield* check(expression, "UTC", undefined, segments, from, from + 366 * day, dayMatch)
        }
      }
    })
  )

  it.effect("names stand for numbers, also in ranges that wrap around", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(utc("2025-01-01"))
      for (const [named, numbered] of names) {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("named", Trigger.cron(named), Effect.void)
        yield* scheduler.add("numbered", Trigger.cron(numbered), Effect.void)
        assert.deepStrictEqual(yield* scheduler.preview("named", 100), yield* scheduler.preview("numbered", 100), named)
      }
    })
  )

  it.effect("a day that both must match may be decades away, and one that none can is refused", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(utc("2025-01-01"))
      const scheduler = yield* makeScheduler
      yield* scheduler.add("leap", Trigger.cron("0 0 29 2 MON", { dayMatch: "both" }), Effect.void)
      assert.deepStrictEqual((yield* scheduler.preview("leap", 1)).map(millis), [utc("2044-02-29")])
      const never = scheduler.add("never", Trigger.cron("0 0 30 2 MON", { dayMatch: "both" }), Effect.void)
      assert.propertyVal(yield* Effect.flip(never), "fault", "impossible")
    })
  )

  for (const [zone, start] of zones) {
    const from = utc(start)
    // Two days more on both sides, where a repeated or a skipped hour may begin.
    const segments = segmentsOf(zone, from - 2 * day, from + 368 * day)

    it.effect(`a year of sparse expressions in ${zone}`, () =>
      Effect.gen(function* () {
        for (const [index, expression] of sparse.entries()) {
          const chosen = isWhole ? policies : [policies[index % policies.length]]
          for (const policy of chosen) yield* check(expression, zone, policy, segments, from, from + 366 * day)
        }
      })
    )

    it.effect(`dense expressions around each change of the clock in ${zone}`, () =>
      Effect.gen(function* () {
        const changes = segments.slice(1)
        for (const change of changes.length === 0 ? [{ from }] : changes) {
          const begin = Math.floor(change.from / 3_600_000) * 3_600_000 - 5 * 3_600_000
          const near = segments.filter((segment, index) => {
            const end = segments[index + 1]?.from ?? Infinity
            return end > begin - 2 * day && segment.from < begin + 2 * day
          })
          const around = near.map((segment, index) =>
            index === 0 ? { ...segment, from: Math.max(segment.from, begin - 2 * day) } : segment
          )
          for (const expression of dense) {
            for (const policy of policies) {
              yield* check(expression, zone, policy, around, begin, begin + 10 * 3_600_000)
            }
          }
        }
      })
    )
  }
})

// -----------------------------------------------------------------------------
// what is refused
// -----------------------------------------------------------------------------

const ranges = [
  ["second", 0, 59],
  ["minute", 0, 59],
  ["hour", 0, 23],
  ["day", 1, 31],
  ["month", 1, 12],
  ["weekday", 0, 7]
] as const

const withField = (field: number, text: string): string =>
  ranges.map((_, index) => (index === field ? text : "*")).join(" ")

/** Malformed expressions: each wrong form in each field, wrong numbers of fields, and oddities. */
const malformed: ReadonlyArray<string> = [
  ...ranges.flatMap(([, min, max], field) =>
    [
      `${max + 1}`,
      `${min - 1}`,
      `${min}-${max + 1}`,
      `0-99999999`,
      `*/0`,
      `*/-1`,
      `*/1.5`,
      `*/x`,
      `*/`,
      `/5`,
      `${min}/5/5`,
      `${min}-`,
      `-${max}`,
      `${min}--${max}`,
      `${min}-${max}-${max}`,
      `,`,
      `${min},`,
      `,${min}`,
      `${min},,${max}`,
      `x`,
      `1e1`,
      `0x1`,
      `1.5`,
      `+${min}`,
      `NaN`,
      `Infinity`,
      `**`,
      `*-${max}`,
      `L`,
      `W`,
      `1#2`,
      `H`,
      `@daily`,
      `\u0661`,
      `__proto__`,
      `constructor`
    ].map((text) => withField(field, text))
  ),
  "",
  " ",
  "*",
  "* *",
  "* * *",
  "* * * *",
  "* * * * * * *",
  "* * * * * * * *",
  "\n",
  "\t\t",
  "@",
  "@every 5s",
  "@reboot",
  "@DAILY",
  "@daily @daily",
  "@hourly *",
  "daily",
  "every day",
  "@year",
  "* * * FOO *",
  "* * * * FUN",
  "* * * JAN-FOO *",
  "* * * * MON-",
  "* * MON * *",
  "MON * * * *",
  "* JAN * * *",
  "'* * * * *'",
  "* * * * *;",
  "*\u0000* * * * *",
  "* * * * *\u0000",
  "{}",
  "null",
  "undefined"
]

const impossible = [
  "0 0 30 2 *",
  "0 0 31 2 *",
  "0 0 31 4 *",
  "0 0 31 6,9,11 *",
  "0 0 0 30 2 *",
  "* * 30-31 2 *",
  "0 0 31 2,4,6,9,11 *"
]

const addCron = (expression: string) =>
  Effect.gen(function* () {
    const scheduler = yield* makeScheduler
    return yield* Effect.result(scheduler.add("a", Trigger.cron(expression), Effect.void))
  }).pipe(Effect.scoped)

describe("S6: what is refused", () => {
  it.effect(`${malformed.length} malformed expressions`, () =>
    Effect.gen(function* () {
      assert.isAtLeast(malformed.length, 200)
      for (const expression of malformed) {
        const result = yield* addCron(expression)
        assert.isTrue(Result.isFailure(result), `accepted ${JSON.stringify(expression)}`)
        if (!Result.isFailure(result)) continue
        assert.instanceOf(result.failure, Scheduler.InvalidCron, expression)
        const { detail, fault } = result.failure as Scheduler.InvalidCron
        assert.strictEqual(fault, "syntax", expression)
        assert.match(detail, / (is|are) /, `${JSON.stringify(expression)}: ${detail}`)
        assert.match(detail, /expected|^there is no|: use /, `${JSON.stringify(expression)}: ${detail}`)
      }
    })
  )

  it.effect("expressions that no date matches", () =>
    Effect.gen(function* () {
      for (const expression of impossible) {
        const result = yield* addCron(expression)
        assert.isTrue(Result.isFailure(result), expression)
        assert.propertyVal(Result.isFailure(result) ? result.failure : {}, "fault", "impossible")
      }
      assert.isTrue(Result.isSuccess(yield* addCron("0 0 29 2 *")))
      assert.isTrue(Result.isSuccess(yield* addCron("0 0 30 2 MON")))
    })
  )

  it.effect("expressions that are too long, however they look", () =>
    Effect.gen(function* () {
      assert.isTrue(Result.isSuccess(yield* addCron(`${"0,".repeat(122)}0 * * * *`)))
      for (const length of [257, 1000, 100_000, 1_000_000]) {
        const result = yield* addCron("1,".repeat(length / 2).padEnd(length, "1"))
        assert.propertyVal(Result.isFailure(result) ? result.failure : {}, "fault", "length")
        const { message } = Result.isFailure(result) ? result.failure : { message: "" }
        assert.isBelow(message.length, 300)
      }
    })
  )

  it.effect("random strings give a flow or a typed error, never a defect", () =>
    Effect.gen(function* () {
      const { runs, seed } = replay(2000)
      const { int, pick } = random(seed)
      const atoms = [
        "*",
        "/",
        "-",
        ",",
        "0",
        "1",
        "5",
        "12",
        "31",
        "59",
        "60",
        " ",
        " ",
        "MON",
        "JAN",
        "@",
        "L",
        "#",
        "é"
      ]
      let accepted = 0
      for (let run = 0; run < runs; run++) {
        const expression = Array.from({ length: int(24) }, () => pick(atoms)).join("")
        const exit = yield* Effect.exit(addCron(expression))
        assert.strictEqual(exit._tag, "Success", `seed ${seed}: ${JSON.stringify(expression)}`)
        if (exit._tag === "Success" && Result.isSuccess(exit.value)) accepted++
      }
      assert.isBelow(accepted, runs)
    })
  )

  it.effect("no time zone that there is not", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const wrong = [
        "",
        " ",
        "Mars/Olympus",
        "Europe",
        "Europe/",
        "+99:99",
        "GMT+99",
        "../etc/passwd",
        "__proto__",
        "x".repeat(9999)
      ]
      for (const timeZone of wrong) {
        const error = yield* Effect.flip(scheduler.add("a", Trigger.cron("* * * * *", { timeZone }), Effect.void))
        assert.propertyVal(error, "fault", "timeZone", timeZone)
        assert.isBelow(error.message.length, 300)
      }
      for (const timeZone of ["UTC", "Europe/Berlin", "+05:30", "-08:00", "Asia/Kolkata"]) {
        yield* scheduler.add(timeZone, Trigger.cron("* * * * *", { timeZone }), Effect.void)
      }
    })
  )
})
