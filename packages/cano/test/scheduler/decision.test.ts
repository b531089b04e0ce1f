/** The decisions of the scheduler on their own: pure functions of policy, situation and time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as decision from "../../src/internal/scheduler/decision.ts"
import { take } from "../../src/internal/scheduler/lookahead.ts"
import { Interval } from "../../src/internal/scheduler/calendar/interval.ts"
import { random, replay } from "effect-cano-testing/Seed"

const plain: decision.Policy = {
  overlap: "skip",
  atMost: 1,
  missed: "skip",
  window: 0,
  jitter: 0,
  startAt: -Infinity,
  endAt: Infinity,
  maxRuns: Infinity,
  trip: Infinity,
  backoff: undefined,
  debounce: undefined
}

const fresh: decision.Situation = {
  paused: false,
  tripped: false,
  streak: 0,
  backoffUntil: 0,
  runs: 0,
  running: 0,
  waiting: 0,
  inFlight: undefined
}

const busy = { ...fresh, runs: 17, running: 1, inFlight: 17 }

describe("S2, S11: decide", () => {
  const cases: ReadonlyArray<
    readonly [string, Partial<decision.Policy>, Partial<decision.Situation>, decision.Decision, decision.Decision]
  > = [
    ["an idle flow", {}, {}, { _tag: "Start" }, { _tag: "Start" }],
    ["paused", {}, { paused: true }, skip("paused"), { _tag: "Start" }],
    ["backing off", {}, { backoffUntil: 101 }, skip("backoff"), { _tag: "Start" }],
    ["at the end of a backoff", {}, { backoffUntil: 100 }, { _tag: "Start" }, { _tag: "Start" }],
    ["tripped", {}, { tripped: true }, skip("tripped"), skip("tripped")],
    ["out of runs", { maxRuns: 3 }, { runs: 3 }, skip("maxRuns"), skip("maxRuns")],
    [
      "out of runs with the one that waits",
      { maxRuns: 3, overlap: "queue" },
      { runs: 2, running: 1, waiting: 1 },
      skip("maxRuns"),
      skip("maxRuns")
    ],
    ["busy, skip", {}, busy, skip("overlap", 17), skip("overlap", 17)],
    ["busy, queue", { overlap: "queue" }, busy, { _tag: "Wait" }, { _tag: "Wait" }],
    ["busy, full queue", { overlap: "queue" }, { ...busy, waiting: 1 }, skip("queueFull", 17), skip("queueFull", 17)],
    ["busy, allow", { overlap: "allow" }, busy, { _tag: "Start" }, { _tag: "Start" }],
    ["busy, cancelPrevious", { overlap: "cancelPrevious" }, busy, { _tag: "Replace" }, { _tag: "Replace" }],
    ["busy and tripped", { overlap: "allow" }, { ...busy, tripped: true }, skip("tripped"), skip("tripped")]
  ]
  for (const [what, policy, situation, byTimer, byHand] of cases) {
    it(what, () => {
      const ask = (by: "timer" | "hand") =>
        decision.decide({ ...plain, ...policy }, { ...fresh, ...situation }, 100, by)
      assert.deepStrictEqual(normal(ask("timer")), normal(byTimer))
      assert.deepStrictEqual(normal(ask("hand")), normal(byHand))
    })
  }
})

function skip(reason: any, run?: number): decision.Decision {
  return { _tag: "Skip", reason, run }
}

const normal = (decided: decision.Decision) => JSON.stringify(decided)

describe("S9: catchUp", () => {
  const every = new Interval(1000, "atStart")
  const ask = (missed: "skip" | "once" | "all", window: number, due: number, now: number) =>
    decision.catchUp({ ...plain, missed, window }, every, 0, due, now)

  it("a late tick that no other followed runs", () => {
    for (const missed of ["skip", "once", "all"] as const) {
      assert.deepStrictEqual(ask(missed, 5000, 3000, 3999), { runs: [3000], missed: 0 })
    }
  })

  it("of several, skip and once run the last", () => {
    for (const missed of ["skip", "once"] as const) {
      assert.deepStrictEqual(ask(missed, 0, 3000, 7500), { runs: [7000], missed: 4 })
    }
  })

  it("all runs what lies in the window", () => {
    assert.deepStrictEqual(ask("all", 2500, 3000, 7500), { runs: [5000, 6000, 7000], missed: 2 })
    assert.deepStrictEqual(ask("all", 9000, 3000, 7500), { runs: [3000, 4000, 5000, 6000, 7000], missed: 0 })
    assert.deepStrictEqual(ask("all", 100, 3000, 7500), { runs: [7000], missed: 4 })
  })

  it("what is more than a minute late is missed, even if it is the last", () => {
    const hourly = new Interval(3_600_000, "atStart")
    const late = (missed: "skip" | "once" | "all", window: number, by: number) =>
      decision.catchUp({ ...plain, missed, window }, hourly, 0, 0, by)
    assert.deepStrictEqual(late("skip", 0, 60_000), { runs: [0], missed: 0 })
    assert.deepStrictEqual(late("skip", 0, 60_001), { runs: [], missed: 1 })
    assert.deepStrictEqual(late("once", 0, 60_001), { runs: [0], missed: 0 })
    assert.deepStrictEqual(late("all", 60_000, 60_001), { runs: [], missed: 1 })
    assert.deepStrictEqual(late("all", 120_000, 60_001), { runs: [0], missed: 0 })
  })

  it("no more than 1,000 are caught up, and the last is among them", () => {
    const { missed, runs } = ask("all", Infinity, 0, 5_000_500)
    assert.strictEqual(runs.length, 1001)
    assert.strictEqual(runs.at(-1), 5_000_000)
    assert.strictEqual(missed, 5001 - 1001)
  })

  it("what is missed lies before, between and after what runs", () => {
    const gaps = (runs: ReadonlyArray<number>) =>
      decision.missedBetween(every, 0, 3000, 9500, runs).map(({ from, to }) => [from, to])
    assert.deepStrictEqual(gaps([]), [[3000, 9500]])
    assert.deepStrictEqual(gaps([9000]), [[3000, 8999.5]])
    assert.deepStrictEqual(gaps([3000]), [[4000, 9500]])
    assert.deepStrictEqual(gaps([5000, 6000, 9000]), [
      [3000, 4999.5],
      [7000, 8999.5]
    ])
  })

  it("a tick of a schedule is late or not", () => {
    assert.deepStrictEqual(decision.catchUpOne(plain, 0, 60_000), { runs: [0], missed: 0 })
    assert.deepStrictEqual(decision.catchUpOne(plain, 0, 60_001), { runs: [], missed: 1 })
    assert.deepStrictEqual(decision.catchUpOne({ ...plain, missed: "once" }, 0, 60_001), { runs: [0], missed: 0 })
  })
})

describe("S1: the ticks of an interval", { timeout: 60_000 }, () => {
  it("lie on the grid, whatever the interval and wherever one asks", () => {
    const { runs, seed } = replay(2000)
    for (let run = 0; run < runs; run++) {
      const { chance, int, pick } = random(seed + run)
      const millis = chance(0.5) ? 1 + int(10_000) : (1000 + int(1_000_000)) / (1 + int(999))
      const anchor = 1_700_000_000_000 + int(1_000_000)
      const timetable = new Interval(millis, pick(["atStart", "afterInterval"] as const))
      let tick = timetable.first(anchor)!
      for (let index = 0; index < 50; index++) {
        const next = timetable.next(tick, anchor)!
        const message = `CANO_SEED=${seed + run} CANO_RUNS=1`
        assert.isAtLeast(next - tick, timetable.spacing, message)
        assert.isAtMost(next - tick, Math.ceil(millis) + 1, message)
        const position = (next - anchor) / millis
        assert.isBelow(Math.abs(position - Math.round(position)) * millis, 0.51, message)
        // Wherever one asks between two ticks, the answer is the second.
        assert.strictEqual(timetable.next(tick + int(next - tick), anchor), next, message)
        assert.strictEqual(timetable.count(tick, next, anchor), 2, message)
        tick = chance(0.1) ? timetable.next(tick + int(1e9), anchor)! : next
      }
    }
  })
})

describe("S11: afterFailure", () => {
  it("lets the backoff grow to its limit, and trips", () => {
    const policy = { ...plain, trip: 4, backoff: { base: 100, factor: 3, maxDelay: 1000 } }
    let situation = fresh
    const delays = []
    for (let failure = 1; failure <= 5; failure++) {
      const settled = decision.afterFailure(policy, situation, 50)
      assert.strictEqual(settled.streak, failure)
      assert.strictEqual(settled.tripped, failure >= 4)
      delays.push(settled.backoffUntil - 50)
      situation = { ...situation, ...settled }
    }
    assert.deepStrictEqual(delays, [100, 300, 900, 1000, 1000])
  })

  it("holds nothing without a backoff", () => {
    assert.deepStrictEqual(decision.afterFailure(plain, fresh, 50), { streak: 1, backoffUntil: 0, tripped: false })
  })
})

describe("S13: upcoming", () => {
  const every = new Interval(1000, "atStart")
  const ask = (some: Partial<decision.Policy>, situation: Partial<decision.Situation>, n: number) => {
    const policy = { ...plain, ...some }
    const now = { ...fresh, ...situation }
    const first = decision.nextRun(policy, now, every, 0, 3000)
    const ticks = take({ policy, timetable: every, anchor: 0, first }, Math.min(n, decision.runsLeft(policy, now)))
    return Effect.runSync(ticks)
  }

  it("counts what is left", () => {
    assert.deepStrictEqual(ask({}, {}, 3), [3000, 4000, 5000])
    assert.deepStrictEqual(ask({ maxRuns: 10 }, { runs: 8 }, 3), [3000, 4000])
    assert.deepStrictEqual(ask({ endAt: 4500 }, {}, 3), [3000, 4000])
    assert.deepStrictEqual(ask({}, { backoffUntil: 4500 }, 2), [5000, 6000])
    assert.deepStrictEqual(ask({}, { backoffUntil: 5000 }, 2), [5000, 6000])
    assert.deepStrictEqual(ask({}, { paused: true }, 2), [])
    assert.deepStrictEqual(ask({}, { tripped: true }, 2), [])
  })
})

describe("S10: moveBack", () => {
  it("shifts intervals, keeps calendars, and restarts them after hours", () => {
    const calendar = Object.assign(Object.create(new Interval(1000, "atStart")), { isAnchored: false })
    assert.strictEqual(decision.moveBack(new Interval(1, "atStart"), -1e9), "shift")
    assert.strictEqual(decision.moveBack(undefined, -1e9), "shift")
    assert.strictEqual(decision.moveBack(calendar, -3 * 3_600_000), "keep")
    assert.strictEqual(decision.moveBack(calendar, -3 * 3_600_000 - 1), "restart")
  })
})
