/** S17, S18 and S19: each tick once, whatever happens to the schedulers and to their journal. */
import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as DurableError from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Workflow from "effect-cano/Workflow"
import { random, type Random, replay } from "effect-cano-testing/Seed"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { quiet } from "../support/scheduling.ts"
import { makeProcess, storedFlow } from "../support/schedulers.ts"

const noop = Workflow.make("noop", Schema.Literals(["Start", "Done"]), {
  initial: "Start",
  exits: ["Done"],
  states: { Start: { to: ["Done"], run: () => "Done" as const } }
})

/** Answers late, and sometimes not at all, before or after the work. */
const unreliable = (journal: Journal.Shape, { chance, int }: Random, isCalm: () => boolean): Journal.Shape => {
  const failure = Effect.fail(new DurableError.JournalFailure({ operation: "answer", reason: "Unavailable" }))
  const around = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | DurableError.JournalFailure> =>
    Effect.suspend(() => {
      if (isCalm()) return call
      const before = chance(0.5) ? Effect.sleep(int(3) * 100) : Effect.yieldNow
      const after = chance(0.3) ? Effect.sleep(int(3) * 100) : Effect.void
      const fails = chance(0.1) ? (chance(0.5) ? "before" : "after") : undefined
      if (fails === "before") return Effect.andThen(before, failure)
      return Effect.flatMap(Effect.andThen(before, call), (answer) =>
        Effect.andThen(after, fails === "after" ? failure : Effect.succeed(answer))
      )
    })
  return {
    ...journal,
    flow: (id) => around(journal.flow(id)),
    saveFlow: (flow) => around(journal.saveFlow(flow)),
    fire: (fire) => around(journal.fire(fire)),
    heads: (ids) => around(journal.heads(ids))
  }
}

const interval = 7

/** The ticks from 0 until a time, in seconds. */
const ticksUntil = (until: number) => Array.from({ length: Math.floor(until / interval) + 1 }, (_, n) => n * interval)

const script = (seed: number) =>
  Effect.gen(function* () {
    const dice = random(seed)
    const { chance, int, pick } = dice
    let isCalm = true
    const plain: Array<number> = []
    const base = yield* Journal.Journal
    const journal = unreliable(base, dice, () => isCalm)
    const job = Durable.job(noop, { wait: false })
    const missed = { all: "1 hour" } as const
    const start = Effect.provideService(
      makeProcess((scheduler) =>
        Effect.gen(function* () {
          const work = ({ due }: Scheduler.Tick) =>
            Effect.sync(() => void plain.push(DateTime.toEpochMillis(due) / 1000))
          const trigger = Trigger.every(`${interval} seconds`)
          yield* scheduler.add("durable", trigger, job, { missed, overlap: "allow" })
          yield* scheduler.add("plain", trigger, work, { missed, overlap: "allow" })
        })
      ),
      Journal.Journal,
      journal
    )
    const schedulers = [yield* start, yield* start]
    isCalm = false
    for (let action = 0; action < 25; action++) {
      const which = int(2)
      const process = schedulers[which]!
      const what = pick(["wait", "wait", "crash", "close", "pause", "stop"])
      if (what === "crash") yield* process.crash
      // What is not written down yet takes the time of the journal, and nobody moves the clock in a close.
      if (what === "close") {
        yield* Effect.forkChild(process.close)
        yield* TestClock.adjust("2 seconds")
      }
      if (what === "crash" || what === "close") {
        if (chance(0.5)) yield* TestClock.adjust(`${int(60)} seconds`)
        schedulers[which] = yield* start
      }
      if (what === "stop") {
        yield* Effect.forkChild(process.scheduler.stop())
        yield* TestClock.adjust("2 seconds")
        yield* Effect.ignore(process.scheduler.start)
      }
      if (what === "pause" && chance(0.3)) {
        yield* Effect.forkChild(process.scheduler.pause("plain"))
        yield* TestClock.adjust(`${10 + int(10)} seconds`)
        yield* Effect.forkChild(process.scheduler.resume("plain"))
      }
      yield* TestClock.adjust(`${int(20)} seconds`)
    }
    isCalm = true
    yield* TestClock.adjust("20 seconds")
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const { runs } = yield* base.list({ limit: 1000 })
    const durable = runs.map(({ runId }) => Date.parse(runId.split("@")[1]!) / 1000).toSorted((a, b) => a - b)
    assert.deepStrictEqual(durable, ticksUntil(now / 1000), "each tick of the durable job has one run")
    assert.strictEqual(new Set(plain).size, plain.length, "no tick of the plain job ran twice")
    const { failures, isPaused, lastFire } = yield* storedFlow("plain")
    assert.isAtLeast(lastFire!, durable.at(-1)! * 1000 - (isPaused ? Infinity : 0))
    assert.strictEqual(failures, 0)
    for (const { scheduler } of schedulers) {
      const { paused, running } = yield* scheduler.status("plain")
      assert.strictEqual(running, 0)
      assert.strictEqual(paused, isPaused, "all schedulers know of a pause")
    }
    for (const { crash } of schedulers) yield* crash
  })

describe("schedulers on one journal", { timeout: 120_000 }, () => {
  const { runs, seed } = replay(25)
  it.effect(`S17, S18, S19: ${runs} random lives of two schedulers, seed ${seed}`, () =>
    Effect.gen(function* () {
      for (let run = 0; run < runs; run++)
        yield* script(seed + run).pipe(
          Effect.provide(Durable.layerClient),
          Effect.provide(Journal.layerMemory),
          Effect.catchCause((cause) => Effect.die(new Error(`CANO_SEED=${seed + run}`, { cause }))),
          isolated
        )
    })
  )
})

/** Each life begins at time 0. */
const isolated = <A, E>(effect: Effect.Effect<A, E>) => effect.pipe(Effect.provide(TestClock.layer()), quiet)
