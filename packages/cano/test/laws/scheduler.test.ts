/** S1, S2, S4, S9, S10, S11: laws of the scheduler in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { briefly, jumpingClock, makeScheduler, quiet, watch } from "../support/scheduling.ts"
import { random, type Random, replay } from "effect-cano-testing/Seed"
import {
  epoch,
  type FlowScript,
  type Operation,
  type Program,
  type RunScript,
  simulate,
  Tie
} from "./schedulerModel.ts"

describe("ticks", { timeout: 120_000 }, () => {
  const ticks = Number(process.env["CANO_TICKS"] ?? 1_000_000)

  it.effect(`S1: ${ticks} ticks give as many runs, without drift`, () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const scheduler = yield* makeScheduler
      let runs = 0
      let drift = 0
      const job = Effect.sync(
        () => void (drift = Math.max(drift, Math.abs(clock.currentTimeMillisUnsafe() - 137 * runs++)))
      )
      yield* scheduler.add("a", Trigger.every(137), job)
      yield* scheduler.start
      yield* TestClock.adjust(137 * (ticks - 1))
      assert.strictEqual(runs, ticks)
      assert.strictEqual(drift, 0)
      assert.deepInclude(yield* scheduler.status("a"), { runs, successes: runs, skipped: 0, missed: 0 })
    })
  )

  it.effect("S1: slow, failing and dying jobs make the runs that are documented, and disturb no other", () =>
    Effect.gen(function* () {
      const scheduler = yield* makeScheduler
      const count = 2000
      const add = (id: string, job: Effect.Effect<unknown, string>, options?: Scheduler.Options) =>
        scheduler.add(id, Trigger.every(100), job, options)
      yield* add("plain", Effect.void)
      yield* add("failing", Effect.fail("no"))
      yield* add("dying", Effect.die("no"))
      yield* add("slow", Effect.sleep(250))
      yield* add("slow queue", Effect.sleep(250), { overlap: "queue" })
      yield* add("slow allow", Effect.sleep(250), { overlap: "allow" })
      yield* add("slow cancel", Effect.sleep(250), { overlap: "cancelPrevious" })
      yield* scheduler.start
      yield* TestClock.adjust(100 * (count - 1))
      const runs = Object.fromEntries((yield* scheduler.list).map(({ id, runs }) => [id, runs]))
      assert.deepStrictEqual(runs, {
        plain: count,
        failing: count,
        dying: count,
        // Every third tick finds the flow idle.
        slow: Math.ceil(count / 3),
        // One after another, without a pause.
        "slow queue": Math.floor((100 * (count - 1)) / 250) + 1,
        "slow allow": count,
        "slow cancel": count
      })
    }).pipe(quiet)
  )
})

// -----------------------------------------------------------------------------
// random programs
// -----------------------------------------------------------------------------

const randomProgram = ({ chance, int, pick }: Random): Program => {
  const end = 5000 + int(20_000)
  const runScript = (): RunScript => ({
    millis: chance(0.3) ? 0 : 1 + int(chance(0.2) ? 5000 : 1500),
    outcome: chance(0.6) ? "success" : pick(["failure", "defect", "interrupted"] as const)
  })
  const flows = Array.from({ length: 1 + int(4) }, (_, index): FlowScript => ({
    id: `f${index}`,
    interval: pick([250, 500, 1000, 1500]),
    startAt: chance(0.3) ? int(60_000) - 40_000 : undefined,
    overlap: pick(["skip", "queue", "allow", "cancelPrevious", { atMost: 2 }, { atMost: 3 }] as const),
    missed: pick(["skip", "once", 2000, 100_000]),
    maxRuns: chance(0.2) ? 1 + int(20) : Infinity,
    trip: chance(0.2) ? 1 + int(4) : Infinity,
    backoff: chance(0.2) ? 1 + int(1000) : undefined,
    runs: Array.from({ length: 1 + int(5) }, runScript)
  }))
  const operation = (): Operation => {
    const at = 1 + int(end)
    if (chance(0.2)) {
      const by = 1 + int(chance(0.2) ? 200_000 : 6000)
      return { at, op: "jump", by: chance(0.5) ? by : -by }
    }
    return { at, op: pick(["pause", "resume", "resume", "trigger", "reset", "remove"]), flow: pick(flows).id }
  }
  const operations = Array.from({ length: int(12) }, operation).sort((a, b) => a.at - b.at)
  return { flows, operations, end }
}

const jobOf = ({ runs }: FlowScript): Effect.Effect<void, string> => {
  let index = 0
  return Effect.suspend(() => {
    const { millis, outcome } = runs[index++ % runs.length]!
    const end = {
      success: Effect.void,
      failure: Effect.fail("no"),
      defect: Effect.die("no"),
      interrupted: Effect.interrupt
    }[outcome]
    return millis === 0 ? end : Effect.andThen(Effect.sleep(millis), end)
  })
}

const optionsOf = ({ backoff, maxRuns, missed, overlap, startAt, trip }: FlowScript): Scheduler.Options => ({
  overlap,
  startAt: startAt === undefined ? undefined : epoch + startAt,
  missed: typeof missed === "number" ? { all: missed } : missed,
  maxRuns: maxRuns === Infinity ? undefined : maxRuns,
  trip: trip === Infinity ? undefined : trip,
  backoff: backoff === undefined ? undefined : { base: backoff, maxDelay: "1 day" }
})

/** Runs a program on the scheduler, and calls back when all is quiet after each operation. */
const perform = (
  { end, flows, operations }: Program,
  look: (scheduler: Scheduler.Scheduler["Service"], events: ReadonlyArray<Scheduler.Event>) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const { clock, jump } = yield* jumpingClock
    return yield* Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0, buffer: 1_000_000 })
      const events = yield* watch(scheduler)
      for (const flow of flows)
        yield* scheduler.add(flow.id, Trigger.every(flow.interval), jobOf(flow), optionsOf(flow))
      yield* scheduler.start
      let now = 0
      for (const operation of [...operations, { at: end, op: "end" as const }]) {
        yield* TestClock.adjust(operation.at - now)
        now = operation.at
        if (operation.op === "jump") yield* jump(operation.by)
        else if (operation.op !== "end")
          yield* Effect.ignore(scheduler[operation.op](operation.flow) as Effect.Effect<unknown, unknown>)
        // What the operation has woken.
        yield* TestClock.adjust(0)
        yield* look(scheduler, events)
      }
      return events
    }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock))
  })

/** What the events say about a flow. */
const fold = (events: ReadonlyArray<Scheduler.Event>, id: string) => {
  const is = {
    running: 0,
    waiting: 0,
    runs: 0,
    successes: 0,
    failures: 0,
    interruptions: 0,
    skipped: 0,
    missed: 0,
    streak: 0
  }
  let [paused, tripped, completed, present] = [false, false, false, false]
  let [lastStart, lastEnd, held] = [NaN, NaN, 0]
  let lastOutcome: Scheduler.Outcome | undefined
  for (const event of events) {
    if (!("flow" in event) || event.flow !== id) continue
    const at = DateTime.toEpochMillis(event.at)
    switch (event._tag) {
      case "Added":
        present = true
        break
      case "Removed":
        present = false
        break
      case "RunStarted":
        is.runs++
        is.running++
        lastStart = at
        if (event.waited) is.waiting--
        break
      case "RunWaiting":
        is.waiting++
        break
      case "RunEnded":
        is.running--
        lastEnd = at
        lastOutcome = event.outcome
        if (event.outcome === "success") is.successes++
        else if (event.outcome === "interrupted") is.interruptions++
        else is.failures++
        if (event.outcome === "success") [is.streak, held] = [0, 0]
        else if (event.outcome !== "interrupted") is.streak++
        break
      case "Skipped":
        is.skipped++
        if (event.waited) is.waiting--
        break
      case "Missed":
        is.missed += event.count
        break
      case "Paused":
        paused = true
        break
      case "Resumed":
        paused = false
        break
      case "BackedOff":
        held = DateTime.toEpochMillis(event.until)
        break
      case "Tripped":
        tripped = true
        break
      case "Reset":
        ;[tripped, is.streak, held] = [false, 0, 0]
        break
      case "Completed":
        completed = true
        break
    }
  }
  return { ...is, paused, tripped, completed, present, lastStart, lastEnd, lastOutcome, held }
}

describe("random programs", { timeout: 300_000 }, () => {
  const { runs, seed } = replay(1000)

  it.effect("S2, S9, S10, S11: what happens is what the model says", () =>
    Effect.gen(function* () {
      let compared = 0
      let happened = 0
      for (let run = 0; run < runs; run++) {
        yield* TestClock.setTime(epoch)
        const program = randomProgram(random(seed + run))
        let expected: ReadonlyArray<string>
        try {
          expected = simulate(program)
        } catch (error) {
          if (error instanceof Tie) continue
          throw error
        }
        const events = yield* perform(program, () => Effect.void)
        const told = events.filter((event) => "flow" in event && event._tag !== "Added")
        const texts = briefly(told)
        const actual = told.map((event, index) => `${DateTime.toEpochMillis(event.at)} ${texts[index]}`)
        const differs = expected.findIndex((line, index) => line !== actual[index])
        const where = Math.max(0, differs - 5)
        assert.deepStrictEqual(
          differs === -1 ? [] : actual.slice(where, differs + 5),
          differs === -1 ? [] : expected.slice(where, differs + 5),
          `CANO_SEED=${seed + run} CANO_RUNS=1: ${JSON.stringify(program)}`
        )
        assert.strictEqual(actual.length, expected.length)
        compared++
        happened += expected.length
      }
      assert.isAbove(compared, runs * 0.5)
      assert.isAbove(happened, compared * 10)
    }).pipe(quiet)
  )

  it.effect("S4: the status agrees with the events", () =>
    Effect.gen(function* () {
      for (let run = 0; run < Math.ceil(runs / 4); run++) {
        yield* TestClock.setTime(epoch)
        const program = randomProgram(random(seed + run))
        // The event told the end of a backoff on a clock that was then set back.
        const isSetBack = program.operations.some((operation) => operation.op === "jump" && operation.by < 0)
        const look = (scheduler: Scheduler.Scheduler["Service"], events: ReadonlyArray<Scheduler.Event>) =>
          Effect.gen(function* () {
            const statuses = new Map((yield* scheduler.list).map((status) => [status.id, status]))
            const now = yield* Clock.currentTimeMillis
            for (const { id } of program.flows) {
              const { completed, held, lastEnd, lastStart, present, ...told } = fold(events, id)
              const status = statuses.get(id)
              assert.strictEqual(status !== undefined, present)
              if (status === undefined) continue
              const message = `CANO_SEED=${seed + run} CANO_RUNS=1`
              assert.deepInclude(status, told, message)
              const millis = (time: DateTime.Utc | undefined) =>
                time === undefined ? NaN : DateTime.toEpochMillis(time)
              assert.deepStrictEqual([millis(status.lastStart), millis(status.lastEnd)], [lastStart, lastEnd], message)
              const { running, successes, failures, interruptions } = status
              assert.strictEqual(status.runs, running + successes + failures + interruptions, message)
              const state =
                running > 0
                  ? "running"
                  : told.tripped
                    ? "tripped"
                    : told.paused
                      ? "paused"
                      : completed
                        ? "completed"
                        : now < held
                          ? "backoff"
                          : "idle"
              const isHeld = (state: Scheduler.State) => state === "backoff" || state === "idle"
              if (!isSetBack || !isHeld(state) || !isHeld(status.state)) {
                assert.strictEqual(status.state, state, message)
              }
              if (["tripped", "paused", "completed"].includes(state)) assert.isUndefined(status.nextRun, message)
            }
          })
        yield* perform(program, look)
      }
    }).pipe(quiet)
  )
})
