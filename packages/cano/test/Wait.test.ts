/** What a strategy accepts, and when it says that the waiting is over. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as Concurrent from "../src/Concurrent.ts"
import * as Wait from "../src/Wait.ts"
import { refusal } from "./support/refusal.ts"

/** Instances that end after 10, 20, 30 ms and so on; those in `failing` fail. */
const staggered = (n: number, ...failing: ReadonlyArray<number>) =>
  Array.from({ length: n }, (_, i) =>
    Effect.sleep((i + 1) * 10).pipe(Effect.andThen(failing.includes(i) ? Effect.fail(`no ${i}`) : Effect.succeed(i)))
  )

/** `C` completed, `F` failed, `-` cancelled; then the end, and when. */
const shown = ({ results, status }: Concurrent.Batch<ReadonlyArray<Concurrent.Result<unknown, unknown>>>): string => {
  const signs = { Completed: "C", Failed: "F", Cancelled: "-" }
  const { cancelled, completed, duration, end, failed, total } = status
  const line = results.map(({ _tag }) => signs[_tag]).join("")
  assert.strictEqual(total, line.length)
  for (const [count, sign] of [
    [completed, "C"],
    [failed, "F"],
    [cancelled, "-"]
  ] as const) {
    assert.strictEqual(count, line.split(sign).length - 1)
  }
  return `${line} ${end} at ${Duration.toMillis(duration)}`
}

const outcome = (effects: ReadonlyArray<Effect.Effect<unknown, unknown>>, wait: Wait.Wait) =>
  Effect.map(inVirtualTime(Concurrent.run(effects, { wait })), (exit) =>
    Exit.isSuccess(exit) ? shown(exit.value) : assert.fail("the call failed")
  )

const settled = { count: "settled" } as const

describe("Wa1, Wa2, Wa3, Wa4, Wa5: when the waiting is over", () => {
  const cases: ReadonlyArray<readonly [Wait.Wait, ReadonlyArray<Effect.Effect<unknown, unknown>>, string]> = [
    // all
    [Wait.all, staggered(4), "CCCC settled at 40"],
    [Wait.all, staggered(4, 0, 2), "FCFC settled at 40"],
    // quota: successes count
    [Wait.quota(2), staggered(4), "CC-- quota at 20"],
    [Wait.quota(2), staggered(4, 0, 1), "FFCC quota at 40"],
    [Wait.quota(4), staggered(4), "CCCC quota at 40"],
    // quota: failures count as well, which is Cano's rule
    [Wait.quota(2, settled), staggered(4, 0, 1), "FF-- quota at 20"],
    [Wait.quota(2, settled), staggered(4, 0), "FC-- quota at 20"],
    [Wait.quota(4, settled), staggered(4, 3), "CCCF quota at 40"],
    // quota of 0: nothing starts
    [Wait.quota(0), staggered(4), "---- quota at 0"],
    [Wait.quota(0, settled), staggered(4), "---- quota at 0"],
    // quota above the number of instances, and one out of reach: the rest is waited for
    [Wait.quota(9), staggered(4), "CCCC unreachable at 40"],
    [Wait.quota(9, settled), staggered(4, 1), "CFCC unreachable at 40"],
    [Wait.quota(3), staggered(4, 0, 1), "FFCC unreachable at 40"],
    // any
    [Wait.any, staggered(4, 0), "FC-- quota at 20"],
    [Wait.any, staggered(3, 0, 1, 2), "FFF unreachable at 30"],
    // percentage, rounded up
    [Wait.percentage(50), staggered(4), "CC-- quota at 20"],
    [Wait.percentage(51), staggered(4), "CCC- quota at 30"],
    [Wait.percentage(1), staggered(4), "C--- quota at 10"],
    [Wait.percentage(100), staggered(4), "CCCC quota at 40"],
    [Wait.percentage(100), staggered(4, 2), "CCFC unreachable at 40"],
    [Wait.percentage(0), staggered(4), "---- quota at 0"],
    [Wait.percentage(50, settled), staggered(4, 0), "FC-- quota at 20"],
    // duration
    [Wait.duration(25), staggered(4), "CC-- deadline at 25"],
    [Wait.duration(25), staggered(4, 0), "FC-- deadline at 25"],
    [Wait.duration(45), staggered(4), "CCCC settled at 40"],
    [Wait.duration(0), staggered(4), "---- deadline at 0"],
    // an instance that ends exactly then is late: the timer was there first
    [Wait.duration(20), staggered(4), "C--- deadline at 20"],
    [Wait.duration(40), staggered(4), "CCC- deadline at 40"],
    // quota or duration, whichever comes first
    [Wait.quotaOrDuration(2, 35), staggered(4), "CC-- quota at 20"],
    [Wait.quotaOrDuration(3, 25), staggered(4), "CC-- deadline at 25"],
    [Wait.quotaOrDuration(3, 45), staggered(4, 0, 1), "FFCC unreachable at 40"],
    [Wait.quotaOrDuration(2, 25, settled), staggered(4, 0, 1), "FF-- quota at 20"],
    [Wait.quotaOrDuration(0, 25), staggered(4), "---- quota at 0"],
    [Wait.quotaOrDuration(2, 0), staggered(4), "---- deadline at 0"],
    // no instances
    [Wait.all, [], " settled at 0"],
    [Wait.duration(25), [], " settled at 0"],
    [Wait.duration(0), [], " settled at 0"],
    [Wait.quota(0), [], " quota at 0"],
    [Wait.quota(2), [], " unreachable at 0"],
    [Wait.percentage(50), [], " quota at 0"]
  ]
  for (const [wait, effects, expected] of cases) {
    const name = expected.replace(/^ /, "nothing to run: ")
    it.effect(`${Wait.format(wait)} of ${effects.length}: ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome(effects, wait), expected)
      })
    )
  }

  for (const wait of [Wait.quota(0), Wait.duration(0), Wait.percentage(0), Wait.quotaOrDuration(3, 0)]) {
    it.effect(`Wa2, Wa4: ${Wait.format(wait)} starts nothing`, () =>
      Effect.gen(function* () {
        let started = 0
        const effects = Array.from({ length: 5 }, () => Effect.sync(() => started++))
        yield* outcome(effects, wait)
        assert.strictEqual(started, 0)
      })
    )
  }

  it.effect("a percentage is rounded up without the noise of binary fractions", () =>
    Effect.gen(function* () {
      const effects = Array.from({ length: 250 }, (_, i) => Effect.sleep(i + 1))
      assert.match(yield* outcome(effects, Wait.percentage(64.4)), /^C{161}-{89} quota at 161$/)
      assert.match(yield* outcome(effects, Wait.percentage(64.41)), /^C{162}-{88} quota at 162$/)
      assert.match(yield* outcome(effects, Wait.percentage(1e-9)), /^C-{249} quota at 1$/)
    })
  )
})

describe("Wa6: what is refused", () => {
  const bad: Record<string, () => unknown> = {
    "Wait.quota(NaN)": () => Wait.quota(NaN),
    "Wait.quota(-1)": () => Wait.quota(-1),
    "Wait.quota(1.5)": () => Wait.quota(1.5),
    "Wait.quota(Infinity)": () => Wait.quota(Infinity),
    "Wait.percentage(NaN)": () => Wait.percentage(NaN),
    "Wait.percentage(-1)": () => Wait.percentage(-1),
    "Wait.percentage(101)": () => Wait.percentage(101),
    "Wait.duration(NaN)": () => Wait.duration(NaN),
    "Wait.duration(-1)": () => Wait.duration(-1),
    "Wait.duration(Infinity)": () => Wait.duration(Infinity),
    "Wait.duration(soon)": () => Wait.duration("soon" as any),
    "Wait.quotaOrDuration(NaN, 1)": () => Wait.quotaOrDuration(NaN, 1),
    "Wait.quotaOrDuration(1, -1)": () => Wait.quotaOrDuration(1, -1)
  }
  for (const [name, make] of Object.entries(bad)) {
    it(name, () => {
      const { problems, subject } = refusal(make)
      assert.strictEqual(subject, name.split("(")[0])
      assert.strictEqual(problems.length, 1)
    })
  }

  it("names each problem", () => {
    assert.deepStrictEqual(refusal(() => Wait.quotaOrDuration(-1, NaN)).problems, [
      "the quota is -1, expected a whole number from 0",
      "the duration is NaN, expected a finite duration from 0"
    ])
    assert.deepStrictEqual(refusal(() => Wait.percentage(120)).problems, [
      "the percentage is 120, expected a number from 0 to 100"
    ])
  })
})

describe("a strategy", () => {
  it("is a plain value", () => {
    assert.deepStrictEqual(Wait.quota(3), { _tag: "Quota", required: 3, count: "succeeded" })
    assert.deepStrictEqual(Wait.any, Wait.quota(1))
    assert.deepStrictEqual(Wait.duration("2 seconds").duration, Duration.seconds(2))
  })

  it("says itself in a few words", () => {
    const words = [
      Wait.all,
      Wait.quota(3),
      Wait.quota(3, settled),
      Wait.percentage(50),
      Wait.duration("1 minute"),
      Wait.quotaOrDuration(3, "1500 millis")
    ].map(Wait.format)
    assert.deepStrictEqual(words, [
      "all",
      "3 succeeded",
      "3 settled",
      "50 percent succeeded",
      "for 1m",
      "3 succeeded or 1s 500ms"
    ])
  })
})
