/** A machine that never ends lets other fibers and timers run. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Workflow from "effect-cano/Workflow"
import type { Suite } from "./suite.ts"

const Path = Schema.Literals(["A", "B", "C", "Done"])

export const fairness = ({ given, run, sizes }: Suite): void => {
  describe("W5: fairness", () => {
    const end = 3 * Math.floor(Math.min(300_000, sizes.transitions) / 3)
    const spin = (limit: number, mixed: boolean) => {
      const count = { n: 0 }
      const workflow = Workflow.make("spin", Path, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: { to: ["C"], run: mixed ? Effect.sync(() => "C" as const) : () => "C" },
          C: { to: ["A", "Done"], run: () => ((count.n += 3), count.n < limit ? "A" : "Done") }
        }
      })
      return { count, workflow }
    }
    for (const mixed of [false, true]) {
      const what = mixed ? "loop of pure functions and an Effect.sync" : "loop of pure functions"
      given("once").live(
        `a ${what} of ${sizes.transitions.toLocaleString("en")} transitions is interrupted within 10,000 more and lets timers run`,
        () =>
          Effect.gen(function* () {
            const { count, workflow } = spin(Infinity, mixed)
            let ticks = 0
            // oxlint-disable-next-line no-restricted-globals -- a timer of the platform has to run
            const timer = setInterval(() => ticks++, 1)
            const fiber = yield* Effect.forkChild(run(workflow))
            while (count.n < sizes.transitions) yield* Effect.sleep(1)
            clearInterval(timer)
            const before = count.n
            yield* Fiber.interrupt(fiber)
            assert.isBelow(count.n - before, 10_000)
            assert.isAbove(ticks, 0)
            const stopped = count.n
            yield* Effect.sleep(5)
            assert.strictEqual(count.n, stopped)
          })
      )

      given("once").live(`a ${what} gets to its end`, () =>
        Effect.gen(function* () {
          const { count, workflow } = spin(end, mixed)
          assert.strictEqual(yield* run(workflow), "Done")
          assert.strictEqual(count.n, end)
        })
      )
    }
  })

  it.live("W5: runs within runs are as fair as one", () =>
    Effect.gen(function* () {
      const Step = Schema.Literals(["Step", "Done"])
      let steps = 0
      const child = Workflow.make("child", Step, {
        initial: "Step",
        exits: ["Done"],
        states: { Step: { to: ["Step", "Done"], run: () => (++steps % 2000 === 0 ? "Done" : "Step") } }
      })
      const parent = Workflow.make("parent", Step, {
        initial: "Step",
        exits: ["Done"],
        states: { Step: { to: ["Step", "Done"], run: Workflow.asTask(child, () => "Step" as "Step" | "Done") } }
      })
      let ticks = 0
      // oxlint-disable-next-line no-restricted-globals -- a timer of the platform has to run
      const timer = setInterval(() => ticks++, 1)
      const fiber = yield* Effect.forkChild(run(parent))
      while (ticks <= 5) yield* Effect.sleep(1)
      yield* Fiber.interrupt(fiber)
      clearInterval(timer)
      assert.isAbove(ticks, 5)
    })
  )
}
