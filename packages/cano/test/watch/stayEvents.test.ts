/** The events of durable runs. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import * as Observer from "../../src/Observer.ts"
import { draining, durableScenarios, Go, sleeping, working } from "../support/durableScenarios.ts"

const eventsOf = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(inVirtualTime(Observer.record(effect)), (exit) =>
    Exit.isSuccess(exit) ? exit.value.events : assert.fail("recording failed")
  )

/** One line each. */
const lineOf = (event: Observer.WorkflowEvent): string => {
  const line = `${event._tag} ${event.state}`
  switch (event._tag) {
    case "RunResumed":
      return `${line} after ${event.after}`
    case "RunLeft":
      return `${line} ${event.why}${event.signal === undefined ? "" : ` for ${event.signal}`}`
    case "StateLeft":
      return `${line} -> ${event.next}`
    case "RunEnded":
      return `${line} ${event.outcome}${event.error === undefined ? "" : ` ${event.error}`}`
    default:
      return line
  }
}

const linesOf = (name: string) => Effect.map(eventsOf(durableScenarios[name]!), (events) => events.map(lineOf))

describe("the events of a durable run", () => {
  it.effect("O2: it leaves and goes on between its start and its end", () =>
    Effect.gen(function* () {
      const events = yield* eventsOf(durableScenarios["a durable run that sleeps"]!)
      assert.deepStrictEqual(events.map(lineOf), [
        "RunStarted Start",
        "StateEntered Start",
        "StateLeft Start -> Work",
        "StateEntered Work",
        "RunLeft Work waiting",
        "RunResumed Work after wait",
        "StateEntered Work",
        "StateLeft Work -> Done",
        "RunEnded Done success"
      ])
      assert.isTrue(events.every(({ run, workflow }) => run === "r" && workflow === "sleeping"))
      for (const event of events) {
        if (event._tag === "RunLeft") assert.deepStrictEqual(event.until, DateTime.makeUnsafe(600_001))
        if (event._tag === "RunEnded") {
          assert.strictEqual(Duration.toMillis(event.duration), 600_000)
          assert.strictEqual(event.transitions, 2)
        }
      }
    })
  )

  for (const [name, lines] of [
    [
      "a durable run that waits for a signal",
      ["RunStarted Start", "RunLeft Work waiting for go", "RunResumed Work after wait", "RunEnded Done success"]
    ],
    [
      "a durable run that retries",
      [
        "RunStarted Start",
        "AttemptFailed Work",
        "RunLeft Work retrying",
        "RunResumed Work after retry",
        "AttemptFailed Work",
        "RunLeft Work retrying",
        "RunResumed Work after retry",
        "RunEnded Done success"
      ]
    ],
    [
      "a durable saga",
      [
        "RunStarted Start",
        "AttemptFailed Work",
        "StateCompensated Work",
        "StateCompensated Start",
        "RunEnded Work failure Declined"
      ]
    ],
    [
      "a durable run that is cancelled while it waits",
      ["RunStarted Start", "RunLeft Work waiting", "RunEnded Work cancelled"]
    ],
    ["a durable run that is cancelled while it works", ["RunStarted Start", "RunEnded Work cancelled"]],
    [
      "a durable run that is handed over",
      ["RunStarted Start", "RunLeft Work released", "RunResumed Work after release", "RunEnded Done success"]
    ],
    [
      "a durable run that is taken over",
      ["RunStarted Start", "RunLeft Work lost", "RunResumed Work after crash", "RunEnded Done success"]
    ],
    [
      "a durable run that kills its process",
      ["RunStarted Start", "RunLeft Work lost", "RunEnded Work failure ProcessDied"]
    ]
  ] as const)
    it.effect(name, () =>
      Effect.gen(function* () {
        const found = (yield* linesOf(name)).filter((line) => !/^State(Entered|Left)/.test(line))
        assert.deepStrictEqual(found, [...lines])
      })
    )

  for (const [name, scenario] of Object.entries(durableScenarios))
    it.effect(`O2: one end, after all else: ${name}`, () =>
      Effect.gen(function* () {
        const events = yield* eventsOf(scenario)
        for (const own of Map.groupBy(events, ({ run }) => run).values()) {
          const tags = own.map(({ _tag }) => _tag)
          assert.strictEqual(tags.indexOf("RunEnded"), tags.length - 1)
          assert.isAtMost(tags.filter((tag) => tag === "RunStarted").length, 1)
          // what is left was come to
          const path = own.flatMap((event) => (event._tag === "StateLeft" ? [event] : []))
          for (const [index, left] of path.entries())
            if (index > 0) assert.strictEqual(left.state, path[index - 1]!.next)
        }
      })
    )

  it.effect("the path has no gap where a worker drains", () =>
    Effect.gen(function* () {
      const started = Effect.andThen(Durable.start(draining, { runId: "r" }), Effect.sleep("30 seconds"))
      const first = working(draining, started, { drain: "1 hour" })
      const second = working(draining, Effect.exit(Durable.awaitOutcome(draining, "r")))
      const events = yield* eventsOf(Effect.provide(Effect.andThen(first, second), Journal.layerMemory))
      const lines = events.map(lineOf).filter((line) => !line.startsWith("StateEntered"))
      assert.deepStrictEqual(lines, [
        "RunStarted Start",
        "StateLeft Start -> Work",
        "RunLeft Work released",
        "RunResumed Work after release",
        "StateLeft Work -> Failed",
        "StateLeft Failed -> Done",
        "RunEnded Done success"
      ])
    })
  )

  it.effect("H24: the end tells how many signals nobody has taken", () =>
    Effect.gen(function* () {
      const run = working(
        sleeping,
        Effect.gen(function* () {
          yield* Durable.start(sleeping, { runId: "r" })
          yield* Effect.sleep("1 minute")
          yield* Durable.signal("r", Go, "one")
          yield* Durable.signal("r", Go, "two")
          yield* Durable.awaitOutcome(sleeping, "r").pipe(Effect.exit)
        })
      )
      const events = yield* eventsOf(Effect.provide(run, Journal.layerMemory))
      const ends = events.filter((event) => event._tag === "RunEnded")
      assert.deepStrictEqual(
        ends.map(({ unreadSignals }) => unreadSignals),
        [2]
      )
    })
  )

  it.effect("a child names its parent", () =>
    Effect.gen(function* () {
      const events = yield* eventsOf(durableScenarios["a durable run with a child"]!)
      const starts = events.filter((event) => event._tag === "RunStarted")
      assert.deepStrictEqual(
        starts.map(({ parent, run, workflow }) => [workflow, run, parent]),
        [
          ["nesting", "r", undefined],
          ["sleeping", "r~1", "r"]
        ]
      )
    })
  )

  it.effect("crashes are counted", () =>
    Effect.gen(function* () {
      const events = yield* eventsOf(durableScenarios["a durable run that is taken over"]!)
      const resumed = events.filter((event) => event._tag === "RunResumed")
      assert.deepStrictEqual(
        resumed.map(({ after, crashes, transitions }) => [after, crashes, transitions]),
        [["crash", 1, 1]]
      )
    })
  )
})
