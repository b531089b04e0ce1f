/**
 * W1: a workflow does what the reference interpreter says: the same end, path, attempts, store and virtual time.
 *
 * `CANO_SEED=7 CANO_RUNS=1` replays machine 7; a higher `CANO_RUNS` tries more.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import * as Observer from "../../src/Observer.ts"
import { inVirtualTime } from "../support.ts"
import { type Outcome, randomMachine } from "./machines.ts"
import { replay } from "./random.ts"
import { interpret } from "./reference.ts"
import { observe } from "./workflows.ts"

const { runs, seed } = replay(10_000)
const batch = 100

/** Every machine from a seed on, many at once under one clock, each compared with the reference. */
const compare = (from: number, count: number, run: (seed: number) => Effect.Effect<Outcome>) =>
  Effect.gen(function* () {
    for (let first = from; first < from + count; first += batch) {
      const seeds = Array.from({ length: Math.min(batch, from + count - first) }, (_, i) => first + i)
      const exit = yield* inVirtualTime(Effect.forEach(seeds, run, { concurrency: "unbounded" }))
      const outcomes = Exit.isSuccess(exit)
        ? exit.value
        : assert.fail(`a run of seeds ${seeds[0]} to ${seeds.at(-1)} failed`)
      outcomes.forEach((outcome, i) => {
        const machine = randomMachine(seeds[i]!)
        const hint = `replay with CANO_SEED=${seeds[i]} CANO_RUNS=1: ${JSON.stringify(machine)}`
        assert.deepStrictEqual(outcome, interpret(machine), hint)
      })
    }
  })

/** What the events of the outermost run tell. */
const replayed = (events: ReadonlyArray<Observer.WorkflowEvent>) => {
  const own = events.filter(({ run }) => run === "1")
  const [first] = own
  const last = own.at(-1)
  if (first?._tag !== "RunStarted" || last?._tag !== "RunEnded") return assert.fail("the run has not started and ended")
  const left = own.filter((event) => event._tag === "StateLeft")
  const entered = own.filter((event) => event._tag === "StateEntered")
  assert.deepStrictEqual(
    entered.map(({ state, transitions }) => [state, transitions]),
    [first.state, ...left.map(({ next }) => next)].slice(0, entered.length).map((state, n) => [state, n])
  )
  // A failed attempt is told at once; one that succeeded when the state is left.
  const attempts = own.flatMap((event) => {
    if (event._tag === "AttemptFailed") return [`${event.state}#${event.attempt}`]
    return event._tag === "StateLeft" && event.error === undefined ? [`${event.state}#${event.attempts}`] : []
  })
  return {
    path: [first.state, ...left.map(({ next }) => next)],
    attempts,
    end: [last.outcome, last.error, last.state, last.transitions],
    elapsed: Duration.toMillis(last.duration)
  }
}

/** The same, as an outcome tells it. */
const told = ({ attempts, elapsed, end, path }: Outcome): ReturnType<typeof replayed> => {
  const state = path.at(-1)!
  const kind = "exit" in end ? "success" : "error" in end ? "failure" : "defect"
  const error = "exit" in end ? undefined : "error" in end ? end.error : "string"
  return {
    path: [...path],
    attempts: attempts.map((line) => line.split("@")[0]!),
    end: [kind, error, state, path.length - 1],
    elapsed
  }
}

describe(`laws of the interpreter, seed ${seed}`, () => {
  it.effect(
    `W1 ${runs} random machines do what the reference interpreter does`,
    () => compare(seed, runs, (seed) => observe(randomMachine(seed))),
    60_000
  )

  const traced = Math.ceil(runs / 10)
  it.effect(
    `W1 ${traced} of them do it under a tracer too, and their spans tell the same path and attempts`,
    () =>
      compare(seed, traced, (seed) => {
        const names: Array<string> = []
        const tracer = Tracer.make({
          span(options) {
            if (/^state S|^attempt$/.test(options.name)) names.push(options.name)
            return new Tracer.NativeSpan(options)
          }
        })
        const machine = randomMachine(seed)
        return Effect.tap(Effect.withTracer(observe(machine), tracer), ({ attempts }) =>
          Effect.sync(() => {
            const expected = attempts.flatMap((line) => {
              const [tag, nth] = line.split(/[#@]/)
              return [
                ...(nth === "1" ? [`state ${tag}`] : []),
                ...(machine.states[tag!]!.retry === undefined ? [] : ["attempt"])
              ]
            })
            assert.deepStrictEqual(names, expected, `replay with CANO_SEED=${seed} CANO_RUNS=1`)
          })
        )
      }),
    60_000
  )

  it.effect(
    `W1 ${traced} of them do it when they are observed, and their events tell the same path, attempts, times and end`,
    () =>
      compare(seed, traced, (seed) => {
        const machine = randomMachine(seed)
        return Effect.gen(function* () {
          const { events, exit } = yield* Observer.record(observe(machine))
          const outcome = yield* exit
          const hint = `replay with CANO_SEED=${seed} CANO_RUNS=1`
          assert.deepStrictEqual(replayed(events), told(outcome), hint)
          return outcome
        })
      }),
    60_000
  )

  it("A1 the same seed gives the same machine and the same outcome", () => {
    for (let i = 0; i < 100; i++) {
      assert.deepStrictEqual(randomMachine(seed + i), randomMachine(seed + i))
      assert.deepStrictEqual(interpret(randomMachine(seed + i)), interpret(randomMachine(seed + i)))
    }
  })

  it("the random machines reach every kind of end, form, retry, timeout and error edge", () => {
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    for (let i = 0; i < 2000; i++) {
      const machine = randomMachine(i)
      const { attempts, end, path } = interpret(machine)
      count(Object.keys(end)[0]!)
      if ("error" in end) count(end.error)
      if (attempts.some((line) => line.includes("#4"))) count("fourth attempt")
      if (new Set(path).size < path.length) count("loop")
      for (const tag of new Set(path)) if (machine.states[tag] !== undefined) count(machine.states[tag].form)
    }
    const expected = [
      "exit",
      "error",
      "defect",
      "MaxTransitionsExceeded",
      "AttemptTimeout",
      "E0",
      "fourth attempt",
      "loop"
    ]
    for (const what of [...expected, "pure", "effect", "function", "generator", "task", "node", "nested"]) {
      assert.isAbove(seen.get(what) ?? 0, 20, what)
    }
  })
})
