import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Trigger from "../../src/Trigger.ts"
import { defectsOf } from "effect-cano-testing/Runs"
import { iso, makeScheduler } from "../support/scheduling.ts"

const wrong: ReadonlyArray<readonly [unknown, string]> = [
  ["2026-02-30", `is "2026-02-30", which does not exist`],
  ["2026-02-29T10:00:00Z", `is "2026-02-29T10:00:00Z", which does not exist`],
  ["2026-04-31T23:00:00+02:00", "which does not exist"],
  ["2026-13-01", "which does not exist"],
  ["2026-00-10", "which does not exist"],
  ["+002026-06-31", "which does not exist"],
  ["2026-06-01T25:00:00Z", "expected a time such as"],
  // Each engine reads these as it likes: V8 as 2 March.
  ["Feb 30 2026", "expected a time such as"],
  ["2026/02/30", "expected a time such as"],
  ["2026-2-30", "expected a time such as"],
  ["", "expected a time such as"],
  [{ year: 2026, month: 2, day: 30 }, "is { year: 2026, month: 2, day: 30 }, which does not exist"],
  [{ year: 2026, month: 13 }, "which does not exist"],
  [{ year: 2026, month: 3, day: 1, hour: 24 }, "which does not exist"],
  [{}, "is an object, expected a time such as"],
  [[], "is a list, expected a time such as"],
  [true, "is true, expected a time such as"],
  [NaN, "is NaN, expected a time such as"],
  [new Date(NaN), "expected a time such as"]
]

const right: ReadonlyArray<readonly [DateTime.DateTime.Input, string]> = [
  ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ["2026-03", "2026-03-01T00:00:00.000Z"],
  ["2026-03-01T09:00", "2026-03-01T09:00:00.000Z"],
  ["2026-03-01T24:00:00Z", "2026-03-02T00:00:00.000Z"],
  ["2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00.000Z"],
  [{ year: 2026, month: 3, day: 31 }, "2026-03-31T00:00:00.000Z"],
  [{ epochMilliseconds: 5 }, "1970-01-01T00:00:00.005Z"],
  [new Date(5), "1970-01-01T00:00:00.005Z"],
  [DateTime.makeZonedUnsafe("2026-03-01T00:00:00Z", { timeZone: "Asia/Tokyo" }), "2026-03-01T00:00:00.000Z"],
  [5, "1970-01-01T00:00:00.005Z"]
]

describe("S6: times", () => {
  for (const [input, sentence] of wrong) {
    it.effect(`refuses ${JSON.stringify(input)}, wherever one is given`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.every(1000), Effect.void)
        for (const option of ["startAt", "endAt"]) {
          const added = scheduler.add("b", Trigger.every(1000), Effect.void, { [option]: input })
          assert.include((yield* Effect.flip(added)).message, `${option} is `)
          assert.include((yield* Effect.flip(added)).message, sentence)
        }
        const [defect] = defectsOf(yield* Effect.exit(scheduler.explain("a", input as any)))
        assert.instanceOf(defect, ConfigurationError)
        assert.include(defect.message, sentence)
      })
    )
  }

  for (const [input, instant] of right) {
    it.effect(`reads ${JSON.stringify(input)}`, () =>
      Effect.gen(function* () {
        const scheduler = yield* makeScheduler
        yield* scheduler.add("a", Trigger.every("1 day"), Effect.void, { startAt: input })
        assert.deepStrictEqual((yield* scheduler.preview("a", 1)).map(iso), [instant])
        assert.strictEqual(
          (yield* scheduler.explain("a", input)).message,
          "will be skipped: the scheduler is not running"
        )
      })
    )
  }
})
