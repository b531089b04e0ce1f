import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Unavailable extends Data.TaggedError("Unavailable")<{ readonly after: number }> {}

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

describe("step", () => {
  let attempts = 0
  const workflow = Workflow.make("w", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: {
        to: ["C"],
        run: Task.make({
          retry: Retry.fixed(2, "1 second"),
          run: Effect.suspend(() =>
            ++attempts < 3 ? Effect.fail(new Unavailable({ after: attempts })) : Effect.succeed("C")
          )
        })
      },
      C: { to: ["Done", "Failed"], run: Effect.fail(new Declined({ reason: "no" })), catch: { Declined: "Failed" } }
    }
  })

  it.effect("runs one state, with its retries and its error edges, and gives the next", () =>
    Effect.gen(function* () {
      attempts = 0
      assert.strictEqual(yield* Workflow.step(workflow, "A"), "B")
      assert.deepStrictEqual(yield* inVirtualTime(Workflow.step(workflow, "B")), Exit.succeed("C" as const))
      assert.strictEqual(attempts, 3)
      assert.strictEqual(yield* Workflow.step(workflow, "C"), "Failed")
    })
  )

  it.effect("gives an exit back as it is", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Workflow.step(workflow, "Done"), "Done")
    })
  )

  it.effect("runs a state once even where it leads to itself", () =>
    Effect.gen(function* () {
      let runs = 0
      for (const run of [() => (runs++, "A"), Effect.sync(() => (runs++, "A"))]) {
        const self = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["A", "Done"], run } }
        })
        runs = 0
        assert.strictEqual(yield* Workflow.step(self, "A"), "A")
        assert.strictEqual(runs, 1)
      }
    })
  )
})
