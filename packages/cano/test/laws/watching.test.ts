/**
 * What watched runs tell is what the reference interpreter says: the same path, attempts, times and end.
 *
 * `CANO_SEED=7 CANO_RUNS=1` replays machine 7; a higher `CANO_RUNS` tries more.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { type Outcome, randomMachine } from "effect-cano-testing/Machines"
import { replay } from "effect-cano-testing/Seed"
import { agree, observe } from "effect-cano-testing/Trial"
import * as Observer from "../../src/Observer.ts"

const { runs, seed } = replay(1000)

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

describe(`laws of watching, seed ${seed}`, () => {
  it.effect(
    `W6: ${runs} random machines do what the reference does under a tracer, and their spans tell the same path and attempts`,
    () =>
      agree(seed, runs, (seed) => {
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
    `O2: ${runs} random machines do what the reference does when they are observed, and their events tell the same path, attempts, times and end`,
    () =>
      agree(seed, runs, (seed) => {
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
})
