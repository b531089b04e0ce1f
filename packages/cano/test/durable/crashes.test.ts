/** Runs whose processes die: everywhere, and again while they are resumed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { crashEverywhere, effect } from "effect-cano-testing/Crash"
import * as Retry from "../../src/Retry.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

const Visits = Store.key("visits", Schema.Array(Schema.String))

/** A state that notes an effect at each of its ends, and writes into the store. */
const visit = <const Next extends string>(name: string, next: Next) =>
  Effect.gen(function* () {
    yield* effect(`${name} begins`)
    yield* Store.append(Visits, name)
    yield* Effect.sleep(10)
    yield* effect(`${name} ends`)
    return next
  })

/** Six states: with work, a long sleep, retries after long and short delays, and an error edge. */
const six = Workflow.make("six", Schema.Literals(["A", "B", "C", "D", "E", "F", "Done"]), {
  initial: "A",
  exits: ["Done"],
  states: {
    A: { to: ["B"], run: visit("A", "B") },
    B: { to: ["C"], run: Task.sleep("1 hour", "C") },
    C: {
      to: ["D"],
      run: Task.make({
        retry: Retry.fixed(2, "1 minute"),
        run: () =>
          Effect.gen(function* () {
            yield* effect("C")
            const visits = yield* Store.append(Visits, "C").pipe(Effect.andThen(Store.get(Visits)))
            return yield* visits.filter((name) => name === "C").length < 3
              ? Effect.fail("down" as const)
              : Effect.succeed("D" as const)
          })
      })
    },
    D: { to: ["E"], run: Effect.andThen(effect("D"), Effect.fail("wrong" as const)), catch: { "*": "E" } },
    E: { to: ["F"], run: () => "F" as const },
    F: { to: ["Done"], run: visit("F", "Done") }
  }
})

describe("crashes", () => {
  it.effect("D2, D5: everywhere in six states, the run ends as if there had been none", () =>
    Effect.gen(function* () {
      const { crashes, uncrashed } = yield* crashEverywhere(six)
      assert.strictEqual(uncrashed.end, `success "Done"`)
      assert.strictEqual(uncrashed.rows, 9)
      assert.strictEqual(crashes, 9 + 9 + 8)
    })
  )

  it.effect(
    "D4: in all pairs, while the run is resumed as well",
    () =>
      Effect.gen(function* () {
        const { crashes } = yield* crashEverywhere(six, { depth: 2 })
        assert.isAbove(crashes, 300)
      }),
    60_000
  )
})
