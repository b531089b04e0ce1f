/** Compensations: when they run, in which order, and what a run ends with. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import {
  defectsOf,
  errorOf,
  inVirtualTime,
  makeUnchecked,
  placeOf,
  timed,
  type Unchecked
} from "effect-cano-testing/Runs"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Interpreter from "../../src/Interpreter.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { refusal } from "../support/refusal.ts"

class Down extends Data.TaggedError("Down")<{ readonly at: string }> {}
class Stuck extends Data.TaggedError("Stuck")<{ readonly at: string }> {}

const Trip = Schema.TaggedUnion({
  Flight: { seats: Schema.Number },
  Hotel: { nights: Schema.Number },
  Car: {},
  Booked: {},
  Refused: {}
})

/** The work of a state, unless a test gives another. */
interface Works {
  readonly hotel?: Effect.Effect<unknown, any>
  readonly car?: Effect.Effect<unknown, any>
  readonly undoHotel?: Effect.Effect<unknown, any>
  readonly compensateOn?: ReadonlyArray<string>
}

/** Books a flight, a hotel and a car. Each booking can be undone. */
const trip = (log: Array<unknown>, { car, compensateOn, hotel, undoHotel }: Works = {}): Unchecked => {
  const undo = (entered: object, next: Option.Option<unknown>) =>
    Effect.sync(() => log.push(["undo", entered, Option.getOrUndefined(next)]))
  return makeUnchecked("trip", Trip, {
    initial: "Flight",
    exits: ["Booked", "Refused"],
    compensateOn,
    states: {
      Flight: { to: ["Hotel"], run: Effect.succeed({ _tag: "Hotel", nights: 2 }), compensate: undo },
      Hotel: {
        to: ["Car"],
        run: hotel ?? Effect.as(Effect.sleep(10), { _tag: "Car" }),
        compensate: (entered: object, next: Option.Option<unknown>) =>
          Effect.andThen(undo(entered, next), undoHotel ?? Effect.void)
      },
      Car: { to: ["Booked", "Refused"], run: car ?? Effect.succeed({ _tag: "Booked" }), compensate: undo }
    }
  })
}

const start = { _tag: "Flight", seats: 3 }
const hotel = { _tag: "Hotel", nights: 2 }
const car = { _tag: "Car" }
const flightUndone = ["undo", start, hotel]
const hotelUndone = ["undo", hotel, car]
const carInFlight = ["undo", car, undefined]

describe("a compensation", () => {
  it.effect("does not run where the run succeeds", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const exit = yield* inVirtualTime(Workflow.run(trip(log), start))
      assert.deepStrictEqual([exit, log], [Exit.succeed({ _tag: "Booked" }), []])
    })
  )

  const ends: Record<string, Effect.Effect<never, Down>> = {
    "a failure": Effect.fail(new Down({ at: "car" })),
    "a defect": Effect.die(new Error("car")),
    "a defect that is thrown": Effect.suspend(() => {
      throw new Error("car")
    }),
    "a state that is no edge": Effect.succeed({ _tag: "Hotel", nights: 1 }) as Effect.Effect<never>
  }
  for (const [name, work] of Object.entries(ends)) {
    it.effect(`runs after ${name}, in reverse, also that of the state in flight`, () =>
      Effect.gen(function* () {
        const log: Array<unknown> = []
        const exit = yield* inVirtualTime(Workflow.run(trip(log, { car: work }), start))
        assert.deepStrictEqual(log, [carInFlight, hotelUndone, flightUndone])
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.length === 1)
        assert.deepInclude(placeOf(exit), { workflow: "trip", state: "Car", transitions: 2 })
      })
    )
  }

  it.effect("runs after an interruption at any time", () =>
    Effect.gen(function* () {
      for (const [time, expected] of [
        [5, [["undo", hotel, undefined], flightUndone]],
        [15, [carInFlight, hotelUndone, flightUndone]]
      ] as const) {
        const log: Array<unknown> = []
        const fiber = yield* Effect.forkChild(Workflow.run(trip(log, { car: Effect.sleep("1 hour") }), start))
        yield* TestClock.adjust(time)
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
        assert.deepStrictEqual(log, expected as any)
      }
    })
  )

  it.effect("cannot be interrupted", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const undoHotel = Effect.andThen(
        Effect.sleep("1 minute"),
        Effect.sync(() => log.push("slept"))
      )
      const failing = trip(log, { car: Effect.fail(new Down({ at: "car" })), undoHotel })
      const fiber = yield* Effect.forkChild(Workflow.run(failing, start))
      yield* TestClock.adjust(15)
      fiber.interruptUnsafe()
      yield* TestClock.adjust("1 hour")
      assert.isDefined(fiber.pollUnsafe())
      assert.deepStrictEqual(log, [carInFlight, hotelUndone, "slept", flightUndone])
    })
  )

  it.effect("runs at an exit that compensateOn lists, and the run then succeeds with that exit", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const refused = Effect.succeed({ _tag: "Refused" })
      const workflow = trip(log, { car: refused, compensateOn: ["Refused"] })
      assert.deepStrictEqual(yield* inVirtualTime(Workflow.run(workflow, start)), Exit.succeed({ _tag: "Refused" }))
      assert.deepStrictEqual(log, [["undo", car, { _tag: "Refused" }], hotelUndone, flightUndone])
      log.length = 0
      assert.isTrue(Exit.isSuccess(yield* inVirtualTime(Workflow.run(trip(log, { compensateOn: ["Refused"] }), start))))
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("that fails or dies does not stop the others, and its failure follows that of the run", () =>
    Effect.gen(function* () {
      for (const undoHotel of [Effect.fail(new Stuck({ at: "hotel" })), Effect.die(new Stuck({ at: "hotel" }))]) {
        const log: Array<unknown> = []
        const failing = trip(log, { car: Effect.fail(new Down({ at: "car" })), undoHotel })
        const exit = yield* inVirtualTime(Workflow.run(failing, start))
        assert.deepStrictEqual(log, [carInFlight, hotelUndone, flightUndone])
        if (Exit.isSuccess(exit)) return assert.fail("the run has succeeded")
        const errors = exit.cause.reasons.map((reason: any) => reason.error ?? reason.defect)
        assert.deepStrictEqual(errors, [new Down({ at: "car" }), new Stuck({ at: "hotel" })])
        assert.strictEqual(placeOf(exit)?.state, "Car")
        const own = Workflow.failedAt(Cause.fromReasons(exit.cause.reasons.slice(1)))
        assert.deepInclude(Option.getOrUndefined(own), { workflow: "trip", state: "Hotel" })
      }
    })
  )

  it.effect("that fails at an exit of compensateOn fails the run", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const works = { car: Effect.succeed({ _tag: "Refused" }), undoHotel: Effect.fail(new Stuck({ at: "hotel" })) }
      const exit = yield* inVirtualTime(Workflow.run(trip(log, { ...works, compensateOn: ["Refused"] }), start))
      assert.deepStrictEqual(errorOf(exit), new Stuck({ at: "hotel" }))
      assert.strictEqual(log.length, 3)
    })
  )

  it.effect("may retry by itself", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      let attempts = 0
      const flaky = Effect.suspend(() => (attempts++ < 2 ? Effect.fail(new Stuck({ at: "hotel" })) : Effect.void))
      const undoHotel = Effect.retry(flaky, Retry.fixed(2, "1 minute"))
      const [exit, time] = yield* timed(
        Workflow.run(trip(log, { car: Effect.fail(new Down({ at: "car" })), undoHotel }), start)
      )
      assert.deepStrictEqual([errorOf(exit), time, attempts], [new Down({ at: "car" }), 120_010, 3])
    })
  )

  it.effect("runs after the finalizers and the retries of its state", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const attempt = Effect.ensuring(
        Effect.fail(new Down({ at: "car" })),
        Effect.sync(() => log.push("released"))
      )
      const task = Task.make({ retry: Retry.fixed(1, 10), run: attempt }) as any
      yield* inVirtualTime(Workflow.run(trip(log, { car: task }), start))
      assert.deepStrictEqual(log, ["released", "released", carInFlight, hotelUndone, flightUndone])
    })
  )

  it.effect("runs once for each visit of its state, with the payload of that visit", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const Count = Schema.TaggedUnion({ Step: { n: Schema.Number }, Done: {} })
      const counting = Workflow.make("counting", Count, {
        initial: "Step",
        exits: ["Done"],
        states: {
          Step: {
            to: ["Step", "Done"],
            run: ({ n }) => (n === 3 ? Effect.fail(new Down({ at: "3" })) : { _tag: "Step", n: n + 1 }),
            compensate: ({ n }) => Effect.sync(() => log.push(n))
          }
        }
      })
      yield* Effect.exit(Workflow.run(counting, { _tag: "Step", n: 1 }))
      assert.deepStrictEqual(log, [3, 2, 1])
    })
  )

  it.effect("runs for a state that was left by an error edge", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const workflow = makeUnchecked("w", Schema.Literals(["A", "B", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: Effect.fail(new Down({ at: "A" })),
            catch: { Down: "B" },
            compensate: function* (entered: string, next: Option.Option<string>) {
              yield* Effect.yieldNow
              log.push([entered, Option.getOrUndefined(next)])
            }
          },
          B: { to: ["Done"], run: () => Effect.die("B") }
        }
      })
      yield* Effect.exit(Workflow.run(workflow))
      assert.deepStrictEqual(log, [["A", "B"]])
    })
  )

  it.effect("runs after too many transitions", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const bounded = Workflow.withMaxTransitions(trip(log), 2)
      const exit = yield* inVirtualTime(Workflow.run(bounded, start))
      assert.instanceOf(errorOf(exit), Workflow.MaxTransitionsExceeded)
      assert.deepStrictEqual(log, [hotelUndone, flightUndone])
    })
  )

  it.effect("that returns a promise is a defect", () =>
    Effect.gen(function* () {
      const workflow = makeUnchecked("w", Schema.Literals(["A", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["Done"], run: Effect.fail("A"), compensate: () => Promise.reject(new Error("left alone")) }
        }
      })
      const [defect] = defectsOf(yield* Effect.exit(Workflow.run(workflow)))
      assert.instanceOf(defect, ConfigurationError)
      assert.include(String(defect), `state "A": compensate returned a promise`)
    })
  )
})

describe("a run with compensations", () => {
  it.effect("can be run again, and at the same time, with states of its own to undo", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const workflow = trip(log, { car: Effect.fail(new Down({ at: "car" })) })
      const ids = [1, 2, 3]
      const instances = ids.map((seats) => ({ id: `${seats}`, state: { _tag: "Flight", seats } }))
      const exit = yield* inVirtualTime(Concurrent.workflow(workflow, { instances } as any))
      assert.isTrue(Exit.isSuccess(exit))
      const flights = log
        .filter(([, entered]: any) => entered._tag === "Flight")
        .map(([, entered]: any) => entered.seats)
      assert.deepStrictEqual([flights.toSorted(), log.length], [ids, 9])
    })
  )

  it.effect("a nested run that fails compensates itself, before its parent", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const child = trip(log, { car: Effect.fail(new Down({ at: "car" })) })
      const parent = makeUnchecked("parent", Schema.Literals(["A", "B", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: () => "B", compensate: () => Effect.sync(() => log.push("A")) },
          B: {
            to: ["Done"],
            run: Workflow.asTask(
              child,
              () => "Done",
              () => start
            ),
            compensate: () => Effect.sync(() => log.push("B"))
          }
        }
      })
      yield* inVirtualTime(Workflow.run(parent))
      assert.deepStrictEqual(log, [carInFlight, hotelUndone, flightUndone, "B", "A"])
    })
  )

  it.effect("a nested run that has succeeded is not compensated, but the state of its parent is", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const parent = makeUnchecked("parent", Schema.Literals(["A", "B", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: Workflow.asTask(
              trip(log),
              () => "B",
              () => start
            ),
            compensate: () => Effect.sync(() => log.push("A"))
          },
          B: { to: ["Done"], run: Effect.fail(new Down({ at: "B" })) }
        }
      })
      yield* inVirtualTime(Workflow.run(parent))
      assert.deepStrictEqual(log, ["A"])
    })
  )

  it.effect("a run that starts in an exit has nothing to undo", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const run = Workflow.run(trip(log, { compensateOn: ["Refused"] }), { _tag: "Refused" })
      assert.deepStrictEqual([yield* run, log], [{ _tag: "Refused" }, []])
    })
  )

  it.effect("a step compensates nothing", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      yield* Effect.exit(Workflow.step(trip(log, { car: Effect.fail("car") }), car))
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("I7: an interceptor sees the end of the run after its compensations, and its failure compensates too", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const interceptor: Interpreter.Interceptor<Stuck> = {
        run: (_, inner) => Effect.onExit(inner, (exit) => Effect.sync(() => log.push(exit._tag))),
        state: (run, inner) => (run.tag === "Car" ? Effect.fail(new Stuck({ at: "journal" })) : inner)
      }
      const run = Interpreter.run(trip(log), { state: start, interceptors: [interceptor] })
      assert.deepStrictEqual(errorOf(yield* inVirtualTime(run)), new Stuck({ at: "journal" }))
      // The car was never booked.
      assert.deepStrictEqual(log, [hotelUndone, flightUndone, "Failure"])
    })
  )
})

describe("whoever watches a run sees its compensations", () => {
  it.effect("as events, before the end of the run", () =>
    Effect.gen(function* () {
      const undoHotel = Effect.fail(new Stuck({ at: "hotel" }))
      const run = Workflow.run(trip([], { car: Effect.fail(new Down({ at: "car" })), undoHotel }), start)
      const exit = yield* inVirtualTime(Observer.record(run))
      const events = Exit.isSuccess(exit) ? exit.value.events : []
      assert.deepStrictEqual(
        events.slice(-4).map((event: any) => [event._tag, event.state, event.outcome]),
        [
          ["StateCompensated", "Car", "success"],
          ["StateCompensated", "Hotel", "failure"],
          ["StateCompensated", "Flight", "success"],
          ["RunEnded", "Car", "failure"]
        ]
      )
    })
  )

  it.effect("in log lines, which name the state that is undone", () =>
    Effect.gen(function* () {
      const logs: Array<unknown> = []
      const logger = Logger.layer([
        Logger.map(Logger.formatStructured, ({ annotations }) => void logs.push(annotations["cano.state.name"]))
      ])
      const works = { car: Effect.fail(new Down({ at: "car" })), undoHotel: Effect.log("undo") }
      yield* inVirtualTime(Effect.provide(Workflow.run(trip([], works), start), logger))
      assert.deepStrictEqual(logs, ["Hotel"])
    })
  )

  it("as a badge in a diagram", () => {
    assert.include(Workflow.toMermaid(trip([])), `s2["Car<br/>↩"]`)
  })
})

describe("Workflow.make refuses", () => {
  const Tags = Schema.Literals(["A", "Done"])
  const made = (state: object, options: object = {}) =>
    refusal(() =>
      makeUnchecked("w", Tags, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["Done"], run: () => "Done", ...state } },
        ...options
      })
    ).message

  it("a compensation that is no function", () => {
    assert.include(made({ compensate: Effect.void }), `"compensate" of state "A" is an Effect, expected a function`)
    assert.include(made({ compensate: "undo" }), `"compensate" of state "A" is "undo", expected a function`)
  })

  it("tags under compensateOn that are no exits", () => {
    assert.include(made({}, { compensateOn: ["A"] }), `compensateOn lists "A", which is not an exit`)
    assert.include(made({}, { compensateOn: "Done" }), `compensateOn is "Done", expected a list of tags`)
  })
})
