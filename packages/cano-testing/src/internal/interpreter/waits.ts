/** Tasks that wait for a time or a signal. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Signal from "effect-cano/Signal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { inVirtualTime, timed } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

const Rest = Schema.TaggedUnion({
  Short: { millis: Schema.Number },
  Long: { until: Schema.Number },
  Rested: {}
})

const rest = Workflow.make("rest", Rest, {
  initial: "Short",
  exits: ["Rested"],
  states: {
    Short: {
      to: ["Long"],
      run: Task.sleep(
        ({ millis }) => millis,
        ({ millis }) => ({ _tag: "Long", until: millis * 3 })
      )
    },
    Long: { to: ["Rested"], run: Task.sleepUntil(({ until }) => DateTime.makeUnsafe(until), { _tag: "Rested" }) }
  }
})

const Answer = Signal.make("answer", Schema.Struct({ isGranted: Schema.Boolean }))

const Asking = Schema.TaggedUnion({ Ask: { days: Schema.Number }, Granted: {}, Refused: {}, Late: {} })

const asking = Workflow.make("asking", Asking, {
  initial: "Ask",
  exits: ["Granted", "Refused", "Late"],
  states: {
    Ask: {
      to: ["Granted", "Refused", "Late"],
      run: Task.awaitSignal(Answer, ({ isGranted }) => ({ _tag: isGranted ? "Granted" : "Refused" }), {
        timeout: ({ days }) => `${days} days`
      }),
      catch: { SignalTimeout: "Late" }
    }
  }
})

export const waits = ({ given, run }: Suite): void => {
  describe("a wait", () => {
    given("once").effect("for a time takes that time, and no more", () =>
      Effect.gen(function* () {
        const [exit, time] = yield* timed(run(rest, { _tag: "Short", millis: 1000 }))
        // The run begins at 1 millisecond.
        assert.deepStrictEqual([exit, time], [Exit.succeed({ _tag: "Rested" }), 2999])
      })
    )

    it.effect("for a time is never early", () =>
      Effect.gen(function* () {
        const [exit, time] = yield* timed(run(rest, { _tag: "Short", millis: 1000 }))
        assert.isTrue(Exit.isSuccess(exit) && time >= 2999)
      })
    )

    const answers = [
      ["Granted", 1, { isGranted: true }],
      ["Refused", 1, { isGranted: false }],
      ["Late", 3, undefined]
    ] as const
    for (const [expected, days, answer] of answers) {
      given("once", "signals").effect(`for a signal ends in ${expected}`, () =>
        Effect.gen(function* () {
          const signals = yield* Signal.Signals
          if (answer !== undefined) {
            yield* Effect.forkChild(Effect.delay(signals.send(Answer, answer), "1 day"))
          }
          const program = Effect.andThen(run(asking, { _tag: "Ask", days: 3 }), (exit) =>
            Effect.map(Clock.currentTimeMillis, (now) => [exit._tag, Math.floor(now / 86_400_000)] as const)
          )
          assert.deepStrictEqual(yield* inVirtualTime(program, "4 days"), Exit.succeed([expected, days] as const))
        }).pipe(Effect.provide(Signal.Signals.layer))
      )
    }
  })
}
