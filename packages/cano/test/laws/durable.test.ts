/**
 * Durable runs of random machines, killed before and after each row, end as the reference interpreter predicts.
 * `CANO_SEED=7 CANO_RUNS=1` replays machine 7; a higher `CANO_RUNS` tries more: 1000 take some minutes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { compare, crash, everywhere, type Remains } from "effect-cano-testing/Crash"
import { type Machine, type Outcome, type Policy, randomMachine } from "effect-cano-testing/Machines"
import { interpret } from "effect-cano-testing/Reference"
import { inVirtualTime } from "effect-cano-testing/Runs"
import { replay } from "effect-cano-testing/Seed"
import { build, makeLog } from "effect-cano-testing/Trial"

/** Retry delays of seconds in every other machine: a durable run then waits without its process. */
const machineOf = (seed: number): Machine => {
  const machine = randomMachine(seed)
  const states = Object.entries(machine.states).map(([tag, state]) => [
    tag,
    {
      ...state,
      // All nested workflows of a random machine have one name, which a worker refuses.
      form: state.form === "nested" ? ("generator" as const) : state.form,
      retry: state.retry && seed % 2 === 1 ? slow(state.retry) : state.retry
    }
  ])
  return { ...machine, states: Object.fromEntries(states) }
}

const slow = (policy: Policy): Policy =>
  policy.kind === "fixed"
    ? { ...policy, delay: policy.delay * 150 }
    : { ...policy, base: policy.base * 150, maxDelay: policy.maxDelay * 150 }

/** What a killed run did, without what the killed processes did after their last rows. */
interface Trace {
  readonly remains: Remains
  readonly attempts: ReadonlyArray<string>
}

/**
 * Runs a machine with processes that die. The log of the attempts is part of the outside world: it goes back to the last
 * row when a process dies, so that the same attempts are made again.
 */
const tracer = (machine: Machine) => {
  const log = makeLog()
  const workflow = build(machine, log)
  const state = machine.records ? { _tag: machine.start, by: "start" } : machine.start
  return (points: Parameters<typeof crash>[1]): Effect.Effect<Trace> =>
    Effect.suspend(() => {
      let attempts: ReadonlyArray<string> = []
      let tried: ReadonlyMap<string, number> = new Map()
      const onRow = () => {
        attempts = [...log.attempts]
        tried = new Map(log.tried)
      }
      const onProcess = () => {
        log.attempts.splice(0, Infinity, ...attempts)
        log.tried.clear()
        for (const [tag, count] of tried) log.tried.set(tag, count)
      }
      const remains = crash(workflow, points, { state, time: "2 hours", onRow, onProcess })
      return Effect.map(remains, (remains) => ({ remains, attempts: [...log.attempts] }))
    })
}

const withoutTimes = (attempts: ReadonlyArray<string>): ReadonlyArray<string> =>
  attempts.map((attempt) => attempt.split("@")[0]!)

/** The end that the reference predicts, as the journal writes it. */
const endOf = ({ end, path }: Outcome): Partial<Remains> => {
  const place = { transitions: path.length - 1 }
  if ("exit" in end) {
    const { exit } = end
    return { ...place, status: "done", tag: path.at(-1)!, end: `success ${JSON.stringify(exit)}`, errorTag: undefined }
  }
  const errorTag = "error" in end ? end.error : "Defect"
  return { ...place, status: "failed", tag: path.at(-1)!, errorTag }
}

const storeOf = ({ store }: Outcome): ReadonlyArray<readonly [string, string]> =>
  Object.entries(store)
    .map(([key, value]) => [key, `{"v":1,"value":${JSON.stringify(value)}}`] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))

const examine = (seed: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    const machine = machineOf(seed)
    const outcome = interpret(machine)
    const hint = `replay with CANO_SEED=${seed} CANO_RUNS=1: ${JSON.stringify(machine)}`
    const trace = tracer(machine)
    const uncrashed = yield* trace([])
    const expected = endOf(outcome)
    assert.deepInclude(uncrashed.remains, expected, hint)
    assert.deepStrictEqual(uncrashed.remains.store, storeOf(outcome), hint)
    assert.deepStrictEqual(withoutTimes(uncrashed.attempts), withoutTimes(outcome.attempts), hint)
    const points = everywhere(uncrashed.remains.rows, 0)
    const traces = yield* Effect.forEach(points, (point) => trace([point]))
    traces.forEach(({ attempts, remains }, at) => {
      compare(uncrashed.remains, remains, [points[at]!])
      assert.deepStrictEqual(
        withoutTimes(attempts),
        withoutTimes(outcome.attempts),
        `${hint}, ${JSON.stringify(points[at])}`
      )
    })
    return traces.length
  })

describe("durable runs of random machines", () => {
  const { runs, seed: first } = replay(60)

  it.effect(
    `D1, D2, D5: ${runs} machines, killed before and after each row, end as the reference predicts, from seed ${first}`,
    () =>
      Effect.gen(function* () {
        let crashes = 0
        for (let from = first; from < first + runs; from += 20) {
          const seeds = Array.from({ length: Math.min(20, first + runs - from) }, (_, at) => from + at)
          const counts = yield* inVirtualTime(Effect.forEach(seeds, examine, { concurrency: "unbounded" }), "10 days")
          for (const count of yield* counts) crashes += count
        }
        assert.isAbove(crashes, runs)
      }),
    600_000
  )
})
