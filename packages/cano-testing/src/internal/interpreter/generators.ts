/** Generator functions as `run`: each behaves as `Effect.gen` of the same function. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { inVirtualTime, makeUnchecked } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

const Path = Schema.Literals(["A", "B", "C", "Done", "Failed"])

type Work = () => Generator<any, any, any>

/** A generator function that writes into a log. */
type Logged = (log: Array<unknown>) => Work

/** `work` between two other generator functions, with an edge for its failures. */
const between = (work: unknown, log: Array<unknown>, more: object = {}) =>
  makeUnchecked("w", Path, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: {
        to: ["B"],
        run: function* () {
          log.push(yield* Effect.succeed("A"))
          yield* Effect.yieldNow
          return "B"
        }
      },
      B: { to: ["B", "C", "Failed"], run: work, ...more },
      C: {
        to: ["Done"],
        run: function* (state: string) {
          log.push(yield* Effect.sync(() => state))
          return "Done"
        }
      }
    }
  })

const forms: Record<string, (work: Work) => unknown> = {
  "as run": (work) => work,
  "of a task": (work) => Task.make({ run: work }),
  "of a task that retries": (work) => Task.make({ run: work, retry: Retry.fixed(2, 0) })
}

const written = (work: Work, form: (work: Work) => unknown, isGen: boolean) =>
  form(isGen ? ((() => Effect.gen(work)) as any) : work)

export const generators = ({ given, run, sizes }: Suite): void => {
  const interruptSelf = () => Fiber.getCurrent()!.interruptUnsafe()
  const works: Record<string, Logged> = {
    "without an effect": () =>
      function* () {
        return "C"
      },
    "that uses the values of Effects and of Exits": (log) =>
      function* () {
        log.push(yield* Effect.succeed(1), yield* Effect.sync(() => 2), yield* Effect.succeed(3))
        log.push(yield* Effect.as(Effect.yieldNow, 4))
        return "C"
      },
    "that waits": (log) =>
      function* () {
        for (let i = 0; i < 3; i++) {
          yield* Effect.sleep("1 second")
          log.push(i)
        }
        return "C"
      },
    "that hands on to a generator": (log) => {
      const inner = function* () {
        yield* Effect.yieldNow
        return yield* Effect.sync(() => "inner")
      }
      return function* () {
        log.push(yield* inner())
        return "C"
      }
    },
    "that fails in its first effect": (log) => failing(log, Effect.fail("no"), 0),
    "that fails after an effect": (log) => failing(log, Effect.fail("no"), 1),
    "that fails after a wait": (log) => failing(log, Effect.andThen(Effect.sleep("1 second"), Effect.fail("no")), 2),
    "that dies": (log) => failing(log, Effect.die("no"), 1),
    "that interrupts itself": (log) => failing(log, Effect.interrupt, 1),
    "that throws at once": () =>
      // oxlint-disable-next-line require-yield -- it does not get so far
      function* () {
        throw new Error("no")
      },
    "that throws after an effect": (log) =>
      function* () {
        try {
          yield* Effect.yieldNow
          throw new Error("no")
        } finally {
          log.push("finally")
        }
      },
    "that catches its own exception": (log) =>
      function* () {
        try {
          yield* Effect.sync(() => 1)
          throw new Error("no")
        } catch {
          log.push(yield* Effect.succeed("caught"))
        }
        return "C"
      },
    "that gives no edge": () =>
      function* () {
        yield* Effect.yieldNow
        return "Done"
      },
    "that gives an Effect": () =>
      function* () {
        yield* Effect.yieldNow
        return Effect.succeed("C")
      },
    "that gives undefined after an effect": () =>
      function* () {
        yield* Effect.sync(() => "C")
      },
    "whose fiber is interrupted before its first effect": (log) =>
      function* () {
        interruptSelf()
        yield* Effect.sync(() => log.push("run"))
        return "C"
      },
    "whose fiber is interrupted between two effects": (log) =>
      function* () {
        try {
          yield* Effect.yieldNow
          interruptSelf()
          yield* Effect.sync(() => log.push("run"))
        } finally {
          log.push("finally")
        }
        return "C"
      },
    "whose fiber is interrupted before its end": (log) =>
      function* () {
        yield* Effect.yieldNow
        interruptSelf()
        log.push("end")
        return "C"
      }
  }

  describe("a generator function is as Effect.gen of it", () => {
    for (const [form, wrap] of Object.entries(forms)) {
      for (const [name, work] of Object.entries(works)) {
        for (const edges of [{}, { catch: { "*": "Failed" } }, { catch: { "*": "C" } }]) {
          const target = Object.values(edges.catch ?? {})[0]
          given("once").effect(`${form}, ${name}${target === undefined ? "" : `, with an edge to ${target}`}`, () =>
            Effect.gen(function* () {
              const outcomes = yield* Effect.forEach([false, true], (isGen) =>
                Effect.gen(function* () {
                  const log: Array<unknown> = []
                  const machine = between(written(work(log), wrap, isGen), log, edges)
                  const exit = yield* inVirtualTime(run(machine))
                  return [log, plainOf(exit)]
                })
              )
              assert.deepStrictEqual(outcomes[0], outcomes[1])
            })
          )
        }
      }
    }

    for (const seconds of [0.5, 1.5, 2.5]) {
      given("once").effect(`where it is interrupted from outside after ${seconds} s`, () =>
        Effect.gen(function* () {
          const outcomes = yield* Effect.forEach([false, true], (isGen) =>
            Effect.gen(function* () {
              const log: Array<unknown> = []
              const work = function* () {
                try {
                  for (let i = 0; i < 3; i++) {
                    const stopped = Effect.sync(() => log.push(`stopped ${i}`))
                    yield* Effect.onInterrupt(Effect.sleep("1 second"), () => stopped)
                    log.push(i)
                  }
                } finally {
                  log.push("finally")
                }
                return "C"
              }
              const fiber = yield* Effect.forkChild(
                run(
                  between(
                    written(work, (work) => work, isGen),
                    log
                  )
                )
              )
              yield* TestClock.adjust(`${seconds} seconds`)
              yield* Fiber.interrupt(fiber)
              const exit = yield* Fiber.await(fiber)
              return [log, plainOf(exit)]
            })
          )
          assert.deepStrictEqual(outcomes[0], outcomes[1])
        })
      )
    }
  })

  describe("a generator function", () => {
    given("once").effect("starts from its beginning at each attempt, and again when its state is entered again", () =>
      Effect.gen(function* () {
        const log: Array<unknown> = []
        let attempts = 0
        const work = function* () {
          log.push(`attempt ${++attempts}`)
          yield* Effect.yieldNow
          if (attempts < 3) yield* Effect.fail("no")
          if (attempts < 5) return yield* Effect.as(Effect.yieldNow, "B")
          return "C"
        }
        const workflow = between(Task.make({ retry: Retry.fixed(2, 0), run: work as any }), log)
        assert.strictEqual(yield* run(workflow), "Done")
        assert.deepStrictEqual(log, ["A", "attempt 1", "attempt 2", "attempt 3", "attempt 4", "attempt 5", "C"])
      })
    )

    given("once").effect("shares nothing with another run of its workflow", () =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        let runs = 0
        const work = function* () {
          const own = ++runs
          for (let i = 0; i < 3; i++) seen.push(`${own}:${yield* Effect.as(Effect.yieldNow, own * 10 + i)}`)
          return "C"
        }
        const workflow = between(work, [])
        const exits = yield* Effect.all([run(workflow), run(workflow)], { concurrency: 2 })
        assert.deepStrictEqual(exits, ["Done", "Done"])
        assert.deepStrictEqual(seen.toSorted(), ["1:10", "1:11", "1:12", "2:20", "2:21", "2:22"])
      })
    )

    for (const [name, effect] of Object.entries({
      nothing: undefined,
      Exits: Effect.void,
      Effects: Effect.sync(() => {})
    })) {
      given("once").live(`that yields ${name} is fair: a loop of it is interrupted and lets timers run`, () =>
        Effect.gen(function* () {
          let count = 0
          const workflow = makeUnchecked("spin", Path, {
            initial: "A",
            exits: ["Done"],
            states: {
              A: {
                to: ["A", "Done"],
                run: function* () {
                  if (effect !== undefined) yield* effect
                  count++
                  return "A"
                }
              }
            }
          })
          const fiber = yield* Effect.forkChild(run(Workflow.withMaxTransitions(workflow, sizes.transitions * 100)))
          while (count < Math.min(20_000, sizes.transitions)) yield* Effect.sleep(1)
          const before = count
          yield* Fiber.interrupt(fiber)
          assert.isBelow(count - before, 10_000)
        })
      )
    }
  })
}

/** A generator function that fails after so many effects, with a `finally` and a `catch` of its own. */
const failing = (log: Array<unknown>, failure: Effect.Effect<never, string>, effects: number): Work =>
  function* () {
    try {
      for (let i = 0; i < effects; i++) log.push(yield* Effect.as(i % 2 === 0 ? Effect.yieldNow : Effect.void, i))
      yield* failure
      log.push("after the failure")
    } catch {
      log.push("caught")
    } finally {
      log.push("finally")
    }
    return "C"
  }

/** An exit without the ids of fibers. */
const plainOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit)
    ? exit.value
    : exit.cause.reasons.map((reason) =>
        reason._tag === "Interrupt" ? reason._tag : String(reason._tag === "Die" ? reason.defect : reason.error)
      )
