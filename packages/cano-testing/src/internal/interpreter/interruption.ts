/** An interruption from outside. */
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { makeUnchecked } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

const Path = Schema.Literals(["A", "B", "C", "Done"])

/** `Start`, whose task the test chooses, and two exits. */
const Short = Schema.Literals(["Start", "Done", "Failed"])

export const interruption = ({ given, run }: Suite): void => {
  describe("W4: interruption", () => {
    given("once").effect("runs finalizers in reverse, once each, and starts nothing more", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const resource = (name: string) =>
          Effect.acquireRelease(
            Effect.sync(() => log.push(`+${name}`)),
            () => Effect.sync(() => log.push(`-${name}`))
          )
        const workflow = Workflow.make("w", Path, {
          initial: "A",
          exits: ["Done"],
          states: {
            A: { to: ["B"], run: () => "B" },
            B: {
              to: ["C"],
              run: Effect.scoped(
                Effect.gen(function* () {
                  yield* resource("1")
                  yield* resource("2")
                  yield* Effect.sleep("1 hour").pipe(Effect.onInterrupt(() => Effect.sync(() => log.push("stop"))))
                  log.push("woke")
                  return "C" as const
                })
              )
            },
            C: { to: ["Done"], run: () => (log.push("C"), "Done") }
          }
        })
        const fiber = yield* Effect.forkChild(run(workflow))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(log, ["+1", "+2", "stop", "-2", "-1"])
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      })
    )

    given("once").effect("in the delay before a retry stops at once", () =>
      Effect.gen(function* () {
        let attempts = 0
        const workflow = makeUnchecked("w", Short, {
          initial: "Start",
          exits: ["Done", "Failed"],
          states: {
            Start: {
              to: ["Done", "Failed"],
              run: Task.make({
                retry: Retry.fixed(5, "1 hour"),
                run: Effect.suspend(() => (attempts++, Effect.fail(new Declined({ reason: "" }))))
              }),
              catch: { Declined: "Failed" }
            }
          }
        })
        const fiber = yield* Effect.forkChild(run(workflow))
        yield* TestClock.adjust("90 minutes")
        assert.strictEqual(attempts, 2)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* Clock.currentTimeMillis, 90 * 60_000)
        yield* TestClock.adjust("1 day")
        assert.strictEqual(attempts, 2)
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      })
    )
  })
}
