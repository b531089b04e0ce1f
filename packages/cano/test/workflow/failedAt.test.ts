import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorOf, inVirtualTime, placeOf } from "effect-cano-testing/Runs"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

describe("failedAt", () => {
  const declined = new Declined({ reason: "limit" })

  it.effect("a cause that no run gave has no place", () =>
    Effect.gen(function* () {
      assert.isUndefined(placeOf(yield* Effect.exit(Effect.fail(declined))))
    })
  )

  for (const [name, retry] of Object.entries({ none: Retry.none, "of one": Retry.fixed(1, "1 second") })) {
    it.effect(`W3: a nested run is the innermost place also where the state around it has a retry ${name}`, () =>
      Effect.gen(function* () {
        const Tags = Schema.Literals(["Start", "Done"])
        const child = Workflow.make("child", Tags, {
          initial: "Start",
          exits: ["Done"],
          states: { Start: { to: ["Done"], run: Effect.fail(declined) as Effect.Effect<"Done", Declined> } }
        })
        const parent = Workflow.make("parent", Tags, {
          initial: "Start",
          exits: ["Done"],
          states: { Start: { to: ["Done"], run: Task.make({ retry, run: Workflow.run(child) }) } }
        })
        const exit = yield* inVirtualTime(Workflow.run(parent))
        assert.strictEqual(placeOf(exit)?.workflow, "child")
        assert.strictEqual(errorOf(exit), declined)
      })
    )
  }
})
