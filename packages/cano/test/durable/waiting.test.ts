/** Runs that wait: without a fiber, never early, whatever the clocks of their workers show. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { random, replay } from "effect-cano-testing/Seed"
import * as Durable from "../../src/Durable.ts"
import type * as Journal from "../../src/Journal.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

const Sleeping = Schema.TaggedUnion({ Sleep: { millis: Schema.Number }, Wake: {}, Done: {} })

/** Sleeps, and then notes the time of the journal. */
const sleeping = (wokenAt: Map<string, number>, now: () => number) =>
  Workflow.make("sleeping", Sleeping, {
    initial: "Sleep",
    exits: ["Done"],
    states: {
      Sleep: { to: ["Wake"], run: Task.sleep(({ millis }) => millis, { _tag: "Wake" }) },
      Wake: {
        to: ["Done"],
        run: () =>
          Effect.map(Durable.Run, ({ id }) => {
            wokenAt.set(id, now())
            return { _tag: "Done" } as const
          })
      }
    }
  } as never) as unknown as Workflow.Workflow<typeof Sleeping.Type, { readonly _tag: "Done" }, never, never, never>

/** A clock that shows another time. */
const skewed = (clock: Clock.Clock, by: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + by,
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + by),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(by) * 1_000_000n,
  currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(by) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) => clock.sleep(duration)
})

/** A journal with a clock of its own, as a database has one. */
const onClock = (journal: Journal.Shape, clock: Clock.Clock): Journal.Shape =>
  Object.fromEntries(
    Object.entries(journal).map(([name, call]) => [
      name,
      typeof call === "function"
        ? (...args: ReadonlyArray<unknown>) =>
            Effect.provideService((call as any)(...args) as Effect.Effect<unknown>, Clock.Clock, clock)
        : call
    ])
  ) as unknown as Journal.Shape

describe("runs that sleep", () => {
  it.effect("D5: wake never early, and late by milliseconds, with workers an hour ahead and an hour behind", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const journal = onClock(yield* memory, clock)
      const wokenAt = new Map<string, number>()
      const workflow = sleeping(wokenAt, () => clock.currentTimeMillisUnsafe())
      const hour = 3_600_000
      const processes = yield* Effect.forEach([hour, -hour], (by) =>
        Effect.provideService(processOf(journal, [workflow]), Clock.Clock, skewed(clock, by))
      )
      yield* pass("2 seconds")
      const rng = random(1)
      const due = new Map<string, number>()
      for (let i = 0; i < 100; i++) {
        const millis = rng.pick([rng.int(2000), rng.int(100_000), 7 * 24 * hour])
        const by = skewed(clock, i % 2 === 0 ? hour : -hour)
        due.set(`${i}`, clock.currentTimeMillisUnsafe() + millis)
        const started = processes[i % 2]!.run(
          Durable.start(workflow, { runId: `${i}`, state: { _tag: "Sleep", millis } } as never)
        )
        yield* Effect.provideService(started, Clock.Clock, by)
      }
      yield* pass("101 seconds")
      yield* pass("2 minutes")
      for (const [id, at] of due) {
        const woken = wokenAt.get(id)
        if (at > clock.currentTimeMillisUnsafe()) assert.isUndefined(woken, id)
        else {
          assert.isAtLeast(woken!, at, id)
          assert.isAtMost(woken!, at + 1100, id)
        }
      }
      for (const { fence } of yield* journal.heads([...due.keys()])) assert.isAtMost(fence, 2)
    })
  )

  it.effect("D5: count the time of a retry policy by the journal's clock", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const journal = onClock(yield* memory, clock)
      let attempts = 0
      const workflow = Workflow.make("retried", Schema.Literals(["Call", "Done"]), {
        initial: "Call",
        exits: ["Done"],
        states: {
          Call: {
            to: ["Done"],
            run: Task.make({
              retry: Schedule.spaced("1 minute").pipe(Schedule.upTo({ duration: "5 minutes" })),
              run: Effect.suspend(() => (attempts++, Effect.fail("down" as const))) as Effect.Effect<"Done", "down">
            })
          }
        }
      })
      const hour = 3_600_000
      for (const by of [-hour, hour, -hour, hour]) {
        const process = yield* Effect.provideService(processOf(journal, [workflow]), Clock.Clock, skewed(clock, by))
        if (attempts === 0) yield* process.run(Durable.start(workflow, { runId: "r" }))
        yield* pass("130 seconds")
        yield* process.close
      }
      assert.strictEqual(attempts, 7)
    })
  )

  const { runs } = replay(2000)

  it.effect(
    `D5: ${runs} sleeping runs have no fiber, and all go on when they are due`,
    () =>
      Effect.gen(function* () {
        const journal = yield* memory
        let fibers = 0
        const metrics: Metric.FiberRuntimeMetricsService = {
          recordFiberStart: () => fibers++,
          recordFiberEnd: () => fibers--
        }
        const wokenAt = new Map<string, number>()
        const workflow = sleeping(wokenAt, () => 0)
        const worker = { poll: "1 day", staleAfter: "10 days", concurrency: 10_000 } as const
        const { close, run } = yield* Effect.provideService(
          processOf(journal, [workflow], { worker }),
          Metric.FiberRuntimeMetrics,
          metrics
        )
        const millis = 30 * 24 * 3_600_000
        yield* pass(0)
        const idle = fibers
        assert.isAbove(idle, 0)
        for (let i = 0; i < runs; i++)
          yield* run(Durable.start(workflow, { runId: `${i}`, state: { _tag: "Sleep", millis } } as never))
        yield* pass("1 hour")
        const waiting = new Set<string>()
        let after: string | undefined
        do {
          const page = yield* run(Durable.list({ status: ["waiting"], limit: 1000, after }))
          for (const { runId } of page.runs) waiting.add(runId)
          after = page.next
        } while (after !== undefined)
        assert.strictEqual(waiting.size, runs)
        assert.isAtMost(fibers, idle)
        yield* pass("29 days")
        assert.strictEqual(wokenAt.size, 0)
        yield* pass("1 day")
        assert.strictEqual(wokenAt.size, runs)
        yield* close
      }),
    600_000
  )
})
