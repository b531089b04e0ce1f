import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import { refusal } from "./support/refusal.ts"

/** To the microsecond: differences of times in floating point are not exact. */
const round = (millis: number) => Math.round(millis * 1000) / 1000

/** The delays before each retry of a task that always fails, in milliseconds of virtual time. */
const waits = (policy: Retry.Policy) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    const task = Task.make({
      retry: policy,
      run: Effect.flatMap(Clock.currentTimeMillis, (now) => (times.push(now), Effect.fail("again")))
    })
    const exit = yield* inVirtualTime(Task.run(task), "3 days")
    assert.isTrue(Exit.isFailure(exit))
    return times.slice(1).map((time, i) => round(time - times[i]!))
  })

/** The delays that a policy decides on, without waiting for them. */
const delays = (policy: Retry.Policy) =>
  Effect.gen(function* () {
    const found: Array<number> = []
    const step = yield* Schedule.toStep(policy)
    const next = Effect.map(step(0, "error"), ([_, duration]) => found.push(Duration.toMillis(duration)))
    yield* Effect.exit(Effect.forever(next))
    return found
  })

describe("none", () => {
  it.effect("R1: makes one attempt", () => Effect.map(waits(Retry.none), (found) => assert.deepStrictEqual(found, [])))
})

describe("fixed", () => {
  for (const retries of [0, 1, 2, 5]) {
    it.effect(`R1: waits the same before each of ${retries} retries`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* waits(Retry.fixed(retries, "2 seconds")),
          Array.from({ length: retries }, () => 2000)
        )
      })
    )
  }

  it.effect("may wait nothing", () =>
    Effect.map(waits(Retry.fixed(3, 0)), (found) => assert.deepStrictEqual(found, [0, 0, 0]))
  )

  it.effect("waits after the failure, however long the attempt took", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const task = Task.make({
        retry: Retry.fixed(2, "2 seconds"),
        run: Clock.currentTimeMillis.pipe(
          Effect.tap((now) => Effect.sync(() => times.push(now))),
          Effect.andThen(Effect.sleep("5 seconds")),
          Effect.andThen(Effect.fail("again"))
        )
      })
      yield* inVirtualTime(Task.run(task))
      assert.deepStrictEqual(
        times.map((time) => time - times[0]!),
        [0, 7000, 14000]
      )
    })
  )
})

describe("exponential", () => {
  const documented = [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]

  it.effect("R2: doubles from 100 ms to the cap of 30 s, give or take 10 %", () =>
    Effect.gen(function* () {
      const found = yield* waits(Retry.exponential(documented.length))
      assert.strictEqual(found.length, documented.length)
      found.forEach((delay, k) => {
        assert.isAtLeast(delay, documented[k]! * 0.9)
        assert.isAtMost(delay, documented[k]! * 1.1)
      })
    })
  )

  it.effect("R2: is exact without jitter", () =>
    Effect.map(waits(Retry.exponentialCustom({ retries: 12, jitter: 0 })), (found) =>
      assert.deepStrictEqual(found, documented)
    )
  )

  const custom: ReadonlyArray<[Parameters<typeof Retry.exponentialCustom>[0], ReadonlyArray<number>]> = [
    [{ retries: 3, base: "50 millis", jitter: 0 }, [50, 100, 200]],
    [{ retries: 4, base: "1 second", factor: 3, maxDelay: "10 seconds", jitter: 0 }, [1000, 3000, 9000, 10000]],
    [{ retries: 3, factor: 1, jitter: 0 }, [100, 100, 100]],
    [{ retries: 2, base: "1 minute", maxDelay: "1 second", jitter: 0 }, [1000, 1000]],
    [{ retries: 2, maxDelay: 0 }, [0, 0]],
    [{ retries: 0 }, []]
  ]
  for (const [options, expected] of custom) {
    it.effect(`R2: waits ${expected.join(", ") || "for nothing"} ms for ${JSON.stringify(options)}`, () =>
      Effect.map(waits(Retry.exponentialCustom(options)), (found) => assert.deepStrictEqual(found, expected))
    )
  }

  it.effect("R2: gives a number however many retries there are, also from a base of 0", () =>
    Effect.gen(function* () {
      const fromZero = yield* delays(Retry.exponentialCustom({ retries: 1100, base: 0, jitter: 0.5 }))
      assert.deepStrictEqual(
        fromZero,
        Array.from({ length: 1100 }, () => 0)
      )
      const capped = yield* delays(Retry.exponentialCustom({ retries: 1100, jitter: 0 }))
      assert.strictEqual(capped.length, 1100)
      assert.isTrue(capped.slice(9).every((delay) => delay === 30_000))
    })
  )

  for (const jitter of [0.1, 0.5, 1]) {
    it.effect(`R2: stays within 1 - ${jitter} and 1 + ${jitter} for 10^4 seeds, and uses the whole range`, () =>
      Effect.gen(function* () {
        const policy = Retry.exponentialCustom({ retries: 2, maxDelay: "150 millis", jitter })
        let low = Infinity
        let high = -Infinity
        for (let seed = 0; seed < 10_000; seed++) {
          const found = yield* Random.withSeed(delays(policy), seed)
          const factors = [found[0]! / 100, found[1]! / 150]
          low = Math.min(low, ...factors)
          high = Math.max(high, ...factors)
        }
        assert.isAtLeast(low, 1 - jitter - 1e-9)
        assert.isAtMost(high, 1 + jitter + 1e-9)
        assert.isBelow(low, 1 - jitter * 0.99)
        assert.isAbove(high, 1 + jitter * 0.99)
      })
    )
  }

  it.effect("R3: gives the same delays for the same seed, others for another", () =>
    Effect.gen(function* () {
      const policy = Retry.exponential(8)
      const of = (seed: string) => Random.withSeed(waits(policy), seed)
      const first = yield* of("one")
      assert.deepStrictEqual(yield* of("one"), first)
      assert.notDeepEqual(yield* of("two"), first)
    })
  )

  it.effect("one policy serves many tasks at once: it keeps no count", () =>
    Effect.gen(function* () {
      const policy = Retry.exponentialCustom({ retries: 3, jitter: 0 })
      const attempts = [0, 0, 0]
      yield* inVirtualTime(
        Effect.forEach(
          attempts,
          (_, i) =>
            Effect.exit(
              Effect.retry(
                Effect.suspend(() => (attempts[i]!++, Effect.fail("again"))),
                policy
              )
            ),
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(attempts, [4, 4, 4])
    })
  )
})

describe("R4: Retry refuses", () => {
  for (const retries of [-1, 1.5, NaN, Infinity, 2 ** 53, "3"]) {
    it(`retries of ${String(retries)}`, () => {
      const n = retries as number
      const text = `retries is ${typeof retries === "string" ? `"${retries}"` : retries}, expected a whole number from 0`
      assert.deepStrictEqual(refusal(() => Retry.fixed(n, 1)).problems, [text])
      assert.deepStrictEqual(refusal(() => Retry.exponential(n)).problems, [text])
      assert.deepStrictEqual(refusal(() => Retry.exponentialCustom({ retries: n })).problems, [text])
    })
  }
  for (const delay of [-1, NaN, Infinity, "soon", "-1 seconds"]) {
    it(`a delay of ${delay}`, () => {
      const input = delay as number
      assert.include(refusal(() => Retry.fixed(1, input)).message, "delay is ")
      assert.include(refusal(() => Retry.exponentialCustom({ retries: 1, base: input })).message, "base is ")
      assert.include(refusal(() => Retry.exponentialCustom({ retries: 1, maxDelay: input })).message, "maxDelay is ")
    })
  }
  for (const factor of [0.99, 0, -2, NaN, Infinity]) {
    it(`a factor of ${factor}`, () =>
      assert.deepStrictEqual(refusal(() => Retry.exponentialCustom({ retries: 1, factor })).problems, [
        `factor is ${factor}, expected a number from 1`
      ]))
  }
  for (const jitter of [-0.1, 1.01, NaN, Infinity]) {
    it(`a jitter of ${jitter}`, () =>
      assert.deepStrictEqual(refusal(() => Retry.exponentialCustom({ retries: 1, jitter })).problems, [
        `jitter is ${jitter}, expected a number from 0 to 1`
      ]))
  }
  it("everything wrong at once, and lists it", () => {
    const error = refusal(() => Retry.exponentialCustom({ retries: -1, base: -1, maxDelay: -1, factor: 0, jitter: 2 }))
    assert.strictEqual(error.subject, "Retry.exponentialCustom")
    assert.strictEqual(error.problems.length, 5)
  })
  it("nothing at the bounds", () => {
    Retry.fixed(0, 0)
    Retry.exponentialCustom({ retries: 0, base: 0, maxDelay: 0, factor: 1, jitter: 0 })
    Retry.exponentialCustom({ retries: 1, jitter: 1 })
  })
})
