/** C3 to C5: many instances at once. The strategies themselves are in Wait.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as Concurrent from "../src/Concurrent.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Wait from "../src/Wait.ts"
import * as Workflow from "../src/Workflow.ts"
import { defectsOf, inVirtualTime, refusal } from "./support.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly id: number }> {}

/** What an effect gives in virtual time. */
const value = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flatten(inVirtualTime(effect))

const after = (millis: number) => Effect.as(Effect.sleep(millis), millis)

const tags = (results: ReadonlyArray<{ readonly _tag: string }>) => results.map(({ _tag }) => _tag)

/** Counts the fibers that run under an effect. */
const withFiberCount = <A, E, R>(effect: (count: () => number) => Effect.Effect<A, E, R>) => {
  let fibers = 0
  return Effect.provideService(
    effect(() => fibers),
    Metric.FiberRuntimeMetrics,
    { recordFiberStart: () => void fibers++, recordFiberEnd: () => void fibers-- }
  )
}

describe("results", () => {
  it.effect("come in input order, with ids, whatever order they finished in", () =>
    Effect.gen(function* () {
      const effects = [30, 10, 20].map(after)
      const { results } = yield* value(Concurrent.run(effects))
      assert.deepStrictEqual(results, [
        { _tag: "Completed", id: "0", value: 30 },
        { _tag: "Completed", id: "1", value: 10 },
        { _tag: "Completed", id: "2", value: 20 }
      ])
      const named = yield* value(Concurrent.run(effects, { ids: ["a", "b", "c"] }))
      assert.deepStrictEqual(
        named.results.map(({ id }) => id),
        ["a", "b", "c"]
      )
    })
  )

  it.effect("a failing, a dying and a self-interrupting instance have failed, each with its own cause", () =>
    Effect.gen(function* () {
      const error = new Broken({ id: 1 })
      const exit = yield* inVirtualTime(
        Concurrent.run([
          Effect.fail(error),
          Effect.die("boom"),
          Effect.interrupt,
          Effect.sync(() => {
            throw new TypeError("thrown")
          }),
          after(5)
        ])
      )
      assert.isTrue(Exit.isSuccess(exit), "a failing instance never fails the call")
      const { results, status } = Exit.isSuccess(exit) ? exit.value : assert.fail()
      assert.deepStrictEqual(tags(results), ["Failed", "Failed", "Failed", "Failed", "Completed"])
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [1, 4, 0])
      const causes = results.flatMap((result) => (result._tag === "Failed" ? [result.cause] : []))
      assert.strictEqual(Option.getOrUndefined(Cause.findErrorOption(causes[0]!)), error)
      assert.deepStrictEqual(defectsOf(Exit.failCause(causes[1]!)), ["boom"])
      assert.isTrue(Cause.hasInterruptsOnly(causes[2]!))
      assert.instanceOf(defectsOf(Exit.failCause(causes[3]!))[0], TypeError)
    })
  )

  it.effect("a part of a loser that cannot be interrupted is awaited; a failure in it is not lost", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const ending = Effect.sync(() => events.push("the uninterruptible part has ended"))
      const { results, status } = yield* value(
        Concurrent.run(
          [
            after(10),
            // Effect ends a fiber that was interrupted meanwhile when it leaves the region: the value is Effect's to drop.
            Effect.uninterruptible(Effect.andThen(after(50), ending)),
            after(60),
            Effect.uninterruptible(Effect.andThen(after(40), Effect.fail("late")))
          ],
          { wait: Wait.duration(20) }
        )
      )
      assert.strictEqual(events.length, 1)
      assert.deepStrictEqual(tags(results), ["Completed", "Cancelled", "Cancelled", "Failed"])
      assert.deepStrictEqual(
        { ...status, duration: Duration.toMillis(status.duration) },
        { total: 4, completed: 1, failed: 1, cancelled: 2, duration: 50, end: "deadline" }
      )
    })
  )

  it.effect("values gives the values in order, or the first cause in order; cancelled instances are left out", () =>
    Effect.gen(function* () {
      const wait = Wait.quota(2)
      assert.deepStrictEqual(
        yield* value(Effect.flatMap(Concurrent.run([30, 10, 20].map(after), { wait }), Concurrent.values)),
        [10, 20]
      )
      const failing = Concurrent.run([after(1), Effect.andThen(after(20), Effect.fail("b")), Effect.fail("c")])
      assert.deepStrictEqual(
        yield* inVirtualTime(Effect.flatMap(failing, Concurrent.values)),
        Exit.fail("b") as Exit.Exit<any, string>
      )
    })
  )

  it.effect("any iterable of effects may be run, and run again", () =>
    Effect.gen(function* () {
      let runs = 0
      const batch = Concurrent.run(new Set([Effect.sync(() => ++runs), Effect.sync(() => ++runs)]))
      assert.strictEqual(runs, 0)
      assert.strictEqual((yield* batch).status.completed, 2)
      assert.strictEqual((yield* batch).status.completed, 2)
      assert.strictEqual(runs, 4)
    })
  )

  it.effect("10,000 instances are an ordinary case", () =>
    Effect.gen(function* () {
      const effects = Array.from({ length: 10_000 }, (_, i) => (i % 3 === 0 ? Effect.fail(i) : Effect.succeed(i)))
      const { results, status } = yield* Concurrent.run(effects, { concurrency: 100 })
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [6666, 3334, 0])
      for (const [i, result] of results.entries()) {
        assert.strictEqual(result._tag, i % 3 === 0 ? "Failed" : "Completed")
      }
    })
  )
})

// What Cano 0.3 and 0.6 really did, and what happens here.
describe("where Cano was wrong", () => {
  it.effect("0.3 refused no instances: here they give an empty result", () =>
    Effect.gen(function* () {
      const { results, status } = yield* Concurrent.run([])
      assert.deepStrictEqual(results, [])
      assert.deepStrictEqual([status.total, status.completed, status.failed, status.cancelled], [0, 0, 0, 0])
    })
  )

  it.effect("0.3 dropped an instance that panicked and counted it as cancelled: here it is Failed, in its place", () =>
    Effect.gen(function* () {
      const { results, status } = yield* value(Concurrent.run([after(1), Effect.die("panic"), after(2)]))
      assert.deepStrictEqual(tags(results), ["Completed", "Failed", "Completed"])
      assert.deepStrictEqual([status.failed, status.cancelled], [1, 0])
    })
  )

  const twoFastFailures = [
    Effect.andThen(after(10), Effect.fail("a")),
    Effect.andThen(after(21), Effect.fail("b")),
    after(30),
    after(40)
  ]

  it.effect("two fast failures met a quota of 2: here a quota counts successes", () =>
    Effect.gen(function* () {
      const { status } = yield* value(Concurrent.run(twoFastFailures, { wait: Wait.quota(2) }))
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled, status.end], [2, 2, 0, "quota"])
    })
  )

  it.effect("and its rule is there for those who want it", () =>
    Effect.gen(function* () {
      const wait = Wait.quota(2, { count: "settled" })
      const { status } = yield* value(Concurrent.run(twoFastFailures, { wait }))
      assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [0, 2, 2])
      assert.strictEqual(Duration.toMillis(status.duration), 21)
    })
  )

  it.effect("0.3 took a quota of 0 for 1: here nothing starts", () =>
    Effect.gen(function* () {
      let started = 0
      const count = Effect.sync(() => started++)
      const { status } = yield* Concurrent.run([count, count], { wait: Wait.quota(0) })
      assert.deepStrictEqual([started, status.cancelled], [0, 2])
    })
  )

  it.effect("0.6 put results into the wrong slots: here a failure keeps its place and so do those after it", () =>
    Effect.gen(function* () {
      for (const wait of [Wait.quota(9), Wait.duration("1 minute"), Wait.quotaOrDuration(9, "1 minute"), Wait.all]) {
        const effects = [Effect.andThen(after(10), Effect.fail("first")), after(20), after(30), after(40)]
        const { results, status } = yield* value(Concurrent.run(effects, { wait }))
        assert.deepStrictEqual(tags(results), ["Failed", "Completed", "Completed", "Completed"])
        assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [3, 1, 0])
      }
    })
  )

  for (const [name, millis] of [
    ["first", [500, 10, 20]],
    ["in the middle", [10, 500, 20]],
    ["last", [10, 20, 500]]
  ] as const) {
    it.effect(`a time limit lost what had finished behind a slow instance: here it is kept, slow one ${name}`, () =>
      Effect.gen(function* () {
        for (const wait of [Wait.duration(100), Wait.quotaOrDuration(3, 100)]) {
          const { results, status } = yield* value(Concurrent.run(millis.map(after), { wait }))
          assert.deepStrictEqual(
            tags(results),
            millis.map((n) => (n === 500 ? "Cancelled" : "Completed"))
          )
          assert.deepStrictEqual([status.completed, status.failed, status.cancelled], [2, 0, 1])
        }
      })
    )
  }

  it.effect("after a time limit the rest ran on in the background: here it is stopped", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const slow = Effect.andThen(
        Effect.sleep(500),
        Effect.sync(() => events.push("slow side effect"))
      )
      const { status } = yield* value(Concurrent.run([after(10), slow], { wait: Wait.duration(100) }))
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(events, [])
      assert.strictEqual(status.cancelled, 1)
    })
  )

  it.effect("its README and its code named the duration differently: here it is that of the whole batch", () =>
    Effect.gen(function* () {
      const { status } = yield* value(Concurrent.run([10, 70, 30].map(after)))
      assert.deepStrictEqual(status.duration, Duration.millis(70))
    })
  )
})

describe("losers", () => {
  it.effect("C3 are awaited, also when their finalizers take time: nothing of theirs happens afterwards", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = (name: string) =>
        Effect.sleep(1000).pipe(
          Effect.andThen(Effect.sync(() => events.push(`${name} ran`))),
          Effect.onInterrupt(() =>
            Effect.andThen(
              Effect.sleep(300),
              Effect.sync(() => events.push(`${name} cleaned up`))
            )
          )
        )
      for (const wait of [Wait.any, Wait.duration(15), Wait.quotaOrDuration(2, 15)]) {
        events.length = 0
        const { status } = yield* value(
          Effect.tap(Concurrent.run([loser("a"), after(10), loser("b")], { wait }), () =>
            Effect.sync(() => events.push("returned"))
          )
        )
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(events, ["a cleaned up", "b cleaned up", "returned"])
        assert.strictEqual(status.cancelled, 2)
        assert.strictEqual(Duration.toMillis(status.duration), wait === Wait.any ? 310 : 315)
      }
    })
  )

  it.effect("a loser whose finalizer dies has failed: the defect is not lost", () =>
    Effect.gen(function* () {
      const loser = Effect.onInterrupt(Effect.never, () => Effect.die("in the finalizer"))
      const { results, status } = yield* value(Concurrent.run([loser, after(10)], { wait: Wait.any }))
      assert.deepStrictEqual(tags(results), ["Failed", "Completed"])
      assert.strictEqual(status.failed, 1)
    })
  )

  it.effect("an instance that ends the waiting while it starts is itself stopped", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const opener = Effect.andThen(Deferred.succeed(gate, undefined), Effect.never)
      const { results } = yield* value(Concurrent.run([Deferred.await(gate), opener], { wait: Wait.any }))
      assert.deepStrictEqual(tags(results), ["Completed", "Cancelled"])
    })
  )
})

describe("concurrency", () => {
  /** Tells how many run at the same time, and in which order they start. */
  const probe = () => {
    const started: Array<number> = []
    let running = 0
    let most = 0
    const instance = (i: number, work: Effect.Effect<unknown>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          started.push(i)
          most = Math.max(most, ++running)
        }),
        () => work,
        () => Effect.sync(() => running--)
      )
    return { instance, started, most: () => most, running: () => running }
  }

  for (const concurrency of [1, 2, 3, 7, 50, 100, "unbounded"] as const) {
    it.effect(`C4 ${concurrency}: never exceeded, refilled at once, launched in order`, () =>
      Effect.gen(function* () {
        const { instance, most, started } = probe()
        const effects = Array.from({ length: 50 }, (_, i) => instance(i, Effect.sleep(10)))
        const { status } = yield* value(Concurrent.run(effects, { concurrency }))
        const limit = concurrency === "unbounded" ? 50 : Math.min(50, concurrency)
        assert.strictEqual(most(), limit)
        assert.deepStrictEqual(started, [...started.keys()])
        assert.strictEqual(Duration.toMillis(status.duration), Math.ceil(50 / limit) * 10)
      })
    )
  }

  it.effect("C4 holds while instances end at different times, fail and do not suspend", () =>
    Effect.gen(function* () {
      const { instance, most, running, started } = probe()
      const works = [Effect.sleep(7), Effect.void, Effect.die("x"), Effect.sleep(3), Effect.yieldNow, Effect.void]
      const effects = Array.from({ length: 300 }, (_, i) => instance(i, works[i % works.length]!))
      yield* value(Concurrent.run(effects, { concurrency: 5 }))
      assert.deepStrictEqual([most(), running(), started.length], [5, 0, 300])
    })
  )

  it.effect("an instance that waits for its turn is not started when the waiting is over", () =>
    Effect.gen(function* () {
      const { instance, started } = probe()
      const effects = Array.from({ length: 50 }, (_, i) => instance(i, Effect.sleep(10)))
      const { status } = yield* value(Concurrent.run(effects, { concurrency: 4, wait: Wait.quota(6) }))
      assert.deepStrictEqual([started.length, status.completed, status.cancelled], [9, 6, 44])
    })
  )

  it("refuses what is no number of instances", () => {
    for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
      assert.deepStrictEqual(refusal(() => Concurrent.run([], { concurrency })).problems, [
        `concurrency is ${concurrency}, expected a whole number from 1 or "unbounded"`
      ])
    }
  })

  it("refuses another number of ids", () => {
    assert.deepStrictEqual(refusal(() => Concurrent.run([Effect.void], { ids: ["a", "b"] })).problems, [
      "there are 1 effects and 2 ids"
    ])
  })
})

describe("fairness", () => {
  for (const concurrency of [16, "unbounded"] as const) {
    it.live(`a timer fires while 10,000 instances that never suspend run, concurrency ${concurrency}`, () =>
      Effect.gen(function* () {
        let done = 0
        let seen: number | undefined
        setTimeout(() => (seen = done), 0)
        const busy = Effect.sync(() => {
          for (let i = 0; i < 2000; i++) Math.sqrt(i)
          done++
        })
        yield* Concurrent.run(
          Array.from({ length: 10_000 }, () => busy),
          { concurrency }
        )
        assert.strictEqual(done, 10_000)
        assert.isBelow(seen!, 10_000)
      })
    )

    it.live(`an interruption arrives while they run, concurrency ${concurrency}`, () =>
      Effect.gen(function* () {
        let done = 0
        const busy = Effect.sync(() => {
          for (let i = 0; i < 2000; i++) Math.sqrt(i)
          done++
        })
        const effects = Array.from({ length: 100_000 }, () => busy)
        const fiber = yield* Effect.forkChild(Concurrent.run(effects, { concurrency }))
        yield* Effect.sleep(1)
        yield* Fiber.interrupt(fiber)
        const atReturn = done
        yield* Effect.sleep(5)
        assert.isBelow(atReturn, 100_000)
        assert.strictEqual(done, atReturn)
      })
    )
  }

  it.live("a deadline strikes while instances that never suspend are launched, and keeps what was done", () =>
    Effect.gen(function* () {
      const busy = Effect.sync(() => {
        for (let i = 0; i < 20_000; i++) Math.sqrt(i)
      })
      const { status } = yield* Concurrent.run(
        Array.from({ length: 100_000 }, () => busy),
        {
          wait: Wait.duration(20)
        }
      )
      assert.strictEqual(status.end, "deadline")
      assert.isAbove(status.completed, 0)
      assert.strictEqual(status.completed + status.cancelled, 100_000)
    })
  )

  it.live("instances that end while others are launched do not make the launching faster", () =>
    Effect.gen(function* () {
      const launchedIn = new Map<number, number>()
      let turn = 0
      let isOver = false
      const tick = () => {
        turn++
        if (!isOver) setImmediate(tick)
      }
      tick()
      const instance = Effect.andThen(
        Effect.sync(() => launchedIn.set(turn, (launchedIn.get(turn) ?? 0) + 1)),
        Effect.sleep(1)
      )
      const effects = Array.from({ length: 5000 }, () => instance)
      yield* Concurrent.run(effects, { wait: Wait.quota(5000) })
      isOver = true
      // The first slice goes on until the clock moves; after it, a turn of the event loop has room for a slice or two.
      const [, ...later] = launchedIn.values()
      assert.isAtMost(Math.max(...later), 64)
    })
  )

  it.effect("under a test clock all instances start at the same time, however many", () =>
    Effect.gen(function* () {
      const starts = new Set<number>()
      const instance = Effect.andThen(
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => starts.add(now))),
        Effect.sleep(10)
      )
      const fiber = yield* Effect.forkChild(Concurrent.run(Array.from({ length: 500 }, () => instance)))
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(fiber)).status.completed, 500)
      assert.deepStrictEqual([...starts], [0])
    })
  )
})

describe("interruption", () => {
  it.effect("interrupts every instance and waits for their finalizers, at every time of the batch", () =>
    withFiberCount((fibers) =>
      Effect.gen(function* () {
        const before = fibers()
        for (const time of [0, 1, 5, 10, 11, 15, 20, 25, 30, 35]) {
          let held = 0
          let starts = 0
          const instance = Effect.acquireUseRelease(
            Effect.sync(() => (starts++, held++)),
            () => Effect.sleep(10),
            () =>
              Effect.andThen(
                Effect.sleep(3),
                Effect.sync(() => held--)
              )
          )
          const batch = Concurrent.run(
            Array.from({ length: 9 }, () => instance),
            { concurrency: 3 }
          )
          const fiber = yield* Effect.forkChild(Effect.delay(batch, 1))
          yield* TestClock.adjust(1 + time)
          const startsThen = starts
          const stop = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(stop)
          const exit = yield* Fiber.await(fiber)
          assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause), `${time} ms`)
          assert.deepStrictEqual([held, starts], [0, startsThen], `${time} ms`)
          assert.strictEqual(fibers(), before, `${time} ms: no fiber is left`)
        }
      })
    )
  )

  it.effect("before anything has run, and twice, is harmless", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Concurrent.run([Effect.never, after(5)]))
      yield* Fiber.interrupt(fiber)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    })
  )

  it.effect("by an instance, while it starts, stops that instance as well", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const parent = yield* Deferred.make<Fiber.Fiber<unknown, unknown>>()
      const culprit = Deferred.await(parent).pipe(
        Effect.tap((fiber) => Effect.sync(() => fiber.interruptUnsafe())),
        Effect.andThen(Effect.sleep(10)),
        Effect.andThen(Effect.sync(() => events.push("went on")))
      )
      const fiber = yield* Effect.forkChild(Concurrent.run([culprit, Effect.never]))
      yield* Deferred.succeed(parent, fiber)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(events, [])
    })
  )

  it.effect("a race stops the batch that loses", () =>
    Effect.gen(function* () {
      let stopped = 0
      const instance = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      const winner = yield* value(Effect.raceFirst(Concurrent.run([instance, instance, instance]), after(10)))
      assert.deepStrictEqual([winner, stopped], [10, 3])
    })
  )
})

describe("nesting", () => {
  it.effect("a batch in a batch: each has its own strategy, and stopping the outer one stops the inner ones", () =>
    withFiberCount((fibers) =>
      Effect.gen(function* () {
        const before = fibers()
        const inner = (base: number) => Concurrent.run([base, base * 2, base * 3].map(after), { wait: Wait.quota(2) })
        const { results, status } = yield* value(
          Concurrent.run([inner(100), inner(10), inner(20)], { wait: Wait.quota(2), concurrency: 3 })
        )
        assert.deepStrictEqual(tags(results), ["Cancelled", "Completed", "Completed"])
        assert.strictEqual(Duration.toMillis(status.duration), 40)
        const second = results[1]
        assert.deepStrictEqual(second._tag === "Completed" && tags(second.value.results), [
          "Completed",
          "Completed",
          "Cancelled"
        ])
        assert.strictEqual(fibers(), before)
      })
    )
  )
})

describe("progress", () => {
  it.effect("is told each time an instance has ended", () =>
    Effect.gen(function* () {
      const seen: Array<Concurrent.Progress> = []
      const effects = [after(10), Effect.andThen(after(20), Effect.fail("x")), after(30)]
      yield* value(Concurrent.run(effects, { concurrency: 2, onProgress: (progress) => seen.push(progress) }))
      assert.deepStrictEqual(seen, [
        { total: 3, completed: 1, failed: 0, running: 1 },
        { total: 3, completed: 1, failed: 1, running: 1 },
        { total: 3, completed: 2, failed: 1, running: 0 }
      ])
    })
  )

  it.effect("a callback that returns an Effect, which nobody would run, is a defect that says so", () =>
    Effect.gen(function* () {
      const exit = yield* inVirtualTime(Concurrent.run([after(10)], { onProgress: (): any => Effect.log("never") }))
      assert.match(String(defectsOf(exit)[0]), /onProgress returned an Effect, which nobody waits for/)
    })
  )

  it.effect("a callback that throws is a defect of the call, after all instances were stopped and awaited", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(50),
          Effect.sync(() => events.push("cleaned up"))
        )
      )
      const exit = yield* inVirtualTime(
        Effect.onExit(
          Concurrent.run([after(10), loser], {
            onProgress: () => {
              throw new Error("no bar")
            }
          }),
          () => Effect.sync(() => events.push("returned"))
        )
      )
      assert.strictEqual(String(defectsOf(exit)[0]), "Error: no bar")
      assert.deepStrictEqual(events, ["cleaned up", "returned"])
    })
  )
})

class Tenant extends Context.Service<Tenant, string>()("test/Tenant") {}
class Locale extends Context.Service<Locale, string>()("test/Locale") {}
const Depth = Context.Reference<number>("test/Depth", { defaultValue: () => 0 })

const Import = Schema.TaggedUnion({ Read: { row: Schema.String }, Done: { note: Schema.String }, Refused: {} })
const Rows = Store.key("rows", Schema.Array(Schema.String))

const importRow = Workflow.make("import", Import, {
  initial: "Read",
  exits: ["Done", "Refused"],
  states: {
    Read: {
      to: ["Done", "Refused"],
      run: function* ({ row }) {
        if (row === "bad") return yield* new Broken({ id: 7 })
        if (row === "refused") return { _tag: "Refused" }
        yield* Store.append(Rows, row)
        yield* Effect.sleep(10)
        const all = yield* Store.get(Rows)
        return { _tag: "Done", note: `${yield* Tenant}: ${all.join(" ")}` }
      }
    }
  }
})

const read = (row: string) => ({ _tag: "Read", row }) as const

const notes = (results: ReadonlyArray<Concurrent.Result<typeof Import.Type, unknown>>) =>
  results.map((result) =>
    result._tag !== "Completed" ? result._tag : result.value._tag === "Done" ? result.value.note : result.value._tag
  )

describe("instances of a workflow", () => {
  it.effect("each starts in its own state, and ends in an exit, fails, or takes another exit", () =>
    Effect.gen(function* () {
      const instances = ["a", "bad", "refused", "b"].map((row, i) => ({ id: `row ${i}`, state: read(row) }))
      const { results, status } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }).pipe(
          Effect.provideService(Tenant, "t")
        )
      )
      assert.deepStrictEqual(notes(results), ["t: a", "Failed", "Refused", "t: b"])
      assert.deepStrictEqual(
        results.map(({ id }) => id),
        ["row 0", "row 1", "row 2", "row 3"]
      )
      assert.deepStrictEqual([status.completed, status.failed], [3, 1])
      const failed = results[1]!
      const place = failed._tag === "Failed" ? Workflow.failedAt(failed.cause) : Option.none()
      assert.deepStrictEqual(Option.getOrUndefined(place), {
        workflow: "import",
        state: "Read",
        transitions: 0,
        attempt: 1
      })
    })
  )

  it.effect("the initial state may be left out where it has no payload", () =>
    Effect.gen(function* () {
      const Short = Schema.Literals(["Start", "Middle", "Done"])
      const short = Workflow.make("short", Short, {
        initial: "Start",
        exits: ["Done"],
        states: { Start: { to: ["Middle"], run: () => "Middle" }, Middle: { to: ["Done"], run: () => "Done" } }
      })
      const { results } = yield* Concurrent.workflow(short, { instances: [{ id: "a" }, { id: "b", state: "Done" }] })
      assert.deepStrictEqual(results, [
        { _tag: "Completed", id: "a", value: "Done" },
        { _tag: "Completed", id: "b", value: "Done" }
      ])
    })
  )

  it.effect("each gets its own context: what one writes, no other sees", () =>
    Effect.gen(function* () {
      const store = yield* Store.MemoryStore.make
      const instances = ["a", "b", "c"].map((row) => ({
        id: row,
        state: read(row),
        context: Context.make(Tenant, `tenant ${row}`)
      }))
      const shared = yield* value(
        Concurrent.workflow(importRow, { instances }).pipe(Effect.provideService(Store.MemoryStore, store))
      )
      assert.deepStrictEqual(notes(shared.results), ["tenant a: a b c", "tenant b: a b c", "tenant c: a b c"])
      const own = yield* value(Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }))
      assert.deepStrictEqual(notes(own.results), ["tenant a: a", "tenant b: b", "tenant c: c"])
    })
  )

  it.effect("a layer is built afresh for each instance and released when that instance ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      let built = 0
      const layer = Layer.effect(
        Tenant,
        Effect.acquireRelease(
          Effect.sync(() => {
            events.push(`+${built}`)
            return `tenant ${built++}`
          }),
          (tenant) => Effect.sync(() => events.push(`-${tenant.slice(7)}`))
        )
      )
      const instances = ["a", "b", "refused"].map((row) => ({ id: row, state: read(row) }))
      const { results } = yield* value(
        Concurrent.workflow(importRow, {
          instances,
          layer: Layer.merge(layer, Store.MemoryStore.layer),
          concurrency: 1
        })
      )
      assert.deepStrictEqual(notes(results), ["tenant 0: a", "tenant 1: b", "Refused"])
      assert.deepStrictEqual(events, ["+0", "-0", "+1", "-1", "+2", "-2"])
    })
  )

  it.effect("the layer of an instance that is cancelled is released before the call returns", () =>
    Effect.gen(function* () {
      let held = 0
      const layer = Layer.effect(
        Tenant,
        Effect.acquireRelease(
          Effect.sync(() => (held++, "t")),
          () =>
            Effect.andThen(
              Effect.sleep(100),
              Effect.sync(() => held--)
            )
        )
      )
      const instances = ["a", "b"].map((row) => ({ id: row, state: read(row) }))
      const batch = Concurrent.workflow(importRow, {
        instances,
        layer: Layer.merge(layer, Store.MemoryStore.layer),
        wait: Wait.duration(5)
      })
      const { status } = yield* value(Effect.tap(batch, () => Effect.sync(() => assert.strictEqual(held, 0))))
      assert.strictEqual(status.cancelled, 2)
    })
  )

  it.effect("where the layer cannot be built, that instance has failed", () =>
    Effect.gen(function* () {
      let built = 0
      const layer = Layer.effect(
        Tenant,
        Effect.suspend(() => (built++ === 1 ? Effect.fail("no tenant" as const) : Effect.succeed("t")))
      )
      const instances = ["a", "b", "c"].map((row) => ({ id: row, state: read(row) }))
      const { results } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Layer.merge(layer, Store.MemoryStore.layer) })
      )
      assert.deepStrictEqual(notes(results), ["t: a", "Failed", "t: c"])
      const failed = results[1]!
      assert.strictEqual(
        failed._tag === "Failed" && Option.getOrUndefined(Cause.findErrorOption(failed.cause)),
        "no tenant"
      )
    })
  )

  it.effect("services and references of the caller are inherited, and an instance's own are nobody else's", () =>
    Effect.gen(function* () {
      const look = Effect.gen(function* () {
        const before = yield* Depth
        yield* Effect.yieldNow
        return `${yield* Locale} ${before}`
      })
      const { results } = yield* Concurrent.run([
        look,
        Effect.provideService(look, Depth, 9),
        Effect.provideService(look, Locale, "fr"),
        look
      ]).pipe(Effect.provideService(Depth, 3), Effect.provideService(Locale, "de"))
      assert.deepStrictEqual(
        results.map((result) => result._tag === "Completed" && result.value),
        ["de 3", "de 9", "fr 3", "de 3"]
      )
    })
  )

  it("refuses two instances with the same id", () => {
    const instances = ["a", "b", "a"].map((id) => ({ id, state: read(id) }))
    const { problems } = refusal(() => Concurrent.workflow(importRow, { instances }))
    assert.deepStrictEqual(problems, ['two instances have the id "a"'])
  })

  it.effect("a state that no such workflow has is that instance's defect", () =>
    Effect.gen(function* () {
      const instances = [
        { id: "a", state: { _tag: "Nowhere" } as any },
        { id: "b", state: read("refused") }
      ]
      const { results } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }).pipe(
          Effect.provideService(Tenant, "t")
        )
      )
      assert.deepStrictEqual(tags(results), ["Failed", "Completed"])
    })
  )
})

/** A tracer that remembers its spans. */
const recorder = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, record: Effect.withTracer(tracer) }
}

const parentOf = (span: Tracer.NativeSpan) => Option.getOrUndefined(span.parent) as Tracer.NativeSpan | undefined

describe("spans", () => {
  const Letters = Schema.Literals(["A", "B", "Done"])

  it.effect("100 interleaved instances: every span has the right parent", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const Numbered = Schema.TaggedUnion({ A: { i: Schema.Number }, B: { i: Schema.Number }, Done: {} })
      const mark = (i: number) => Effect.annotateCurrentSpan("i", i)
      const workflow = Workflow.make("w", Numbered, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: function* ({ i }) {
              yield* Effect.sleep((i * 7) % 13)
              yield* mark(i)
              return { _tag: "B", i }
            }
          },
          B: {
            to: ["Done"],
            run: Task.make({
              run: function* ({ i }: { readonly i: number }) {
                yield* Effect.sleep((i * 5) % 11)
                yield* Effect.withSpan(mark(i), "inner")
                return { _tag: "Done" }
              }
            })
          }
        }
      })
      const instances = Array.from({ length: 100 }, (_, i) => ({ id: `n${i}`, state: { _tag: "A", i } as const }))
      yield* value(record(Concurrent.workflow(workflow, { instances, concurrency: 60 })))
      const named = (name: string) => spans.filter((span) => span.name === name)
      const [batch] = named("concurrent")
      assert.strictEqual(named("concurrent").length, 1)
      const seen = new Set<string>()
      for (const span of named("inner")) {
        const i = span.attributes.get("i")
        const state = parentOf(span)!
        const run = parentOf(state)!
        const instance = parentOf(run)!
        assert.deepStrictEqual([state.name, run.name, instance.name], ["state B", "run w", "instance"])
        assert.strictEqual(instance.attributes.get("cano.instance.id"), `n${i}`)
        assert.strictEqual(parentOf(instance), batch)
        const [first] = named("state A").filter((span) => parentOf(span) === run)
        assert.strictEqual(first!.attributes.get("i"), i)
        seen.add(instance.spanId)
      }
      assert.strictEqual(seen.size, 100)
      assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
    })
  )

  it.effect("the batch has its strategy and its counters as attributes", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const effects = [after(10), Effect.fail("x"), after(30)]
      yield* value(record(Concurrent.run(effects, { wait: Wait.any, ids: ["a", "b", "c"] })))
      assert.deepStrictEqual(Object.fromEntries(spans[0]!.attributes), {
        "cano.batch.wait": "1 succeeded",
        "cano.batch.total": 3,
        "cano.batch.completed": 1,
        "cano.batch.failed": 1,
        "cano.batch.cancelled": 1,
        "cano.batch.end": "quota"
      })
      assert.deepStrictEqual(
        spans.slice(1).map(({ attributes, name }) => [name, attributes.get("cano.instance.id")]),
        [
          ["instance", "a"],
          ["instance", "b"],
          ["instance", "c"]
        ]
      )
    })
  )

  it.effect("an instance that never started has no span", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      yield* value(record(Concurrent.run([after(10), after(10)], { wait: Wait.any, concurrency: 1 })))
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["concurrent", "instance"]
      )
    })
  )

  it.effect("without a tracer there is no span", () =>
    Effect.gen(function* () {
      const workflow = Workflow.make("w", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: {
            to: ["Done"],
            run: Effect.map(Effect.option(Effect.currentSpan), (span) => {
              assert.isTrue(Option.isNone(span))
              return "Done" as const
            })
          }
        }
      })
      const { record, spans } = recorder()
      const batch = Concurrent.workflow(workflow, { instances: [{ id: "a" }, { id: "b" }] })
      const { status } = yield* record(Effect.withTracerEnabled(batch, false))
      assert.deepStrictEqual([status.completed, spans.length], [2, 0])
    })
  )
})
