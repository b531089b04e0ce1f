import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"
import { inVirtualTime } from "effect-cano-testing/Runs"

class Declined extends Data.TaggedError("Declined")<{}> {}

const Tags = Schema.Literals(["Charge", "Done"])

const paying = (name: string, run: Effect.Effect<"Done", Declined> | Task.Task<unknown, "Done", Declined>) =>
  Workflow.make(name, Tags, { initial: "Charge", exits: ["Done"], states: { Charge: { to: ["Done"], run } } })

/** The lines of a printed failure that tell of runs and spans. */
const framesOf = (program: Effect.Effect<unknown, unknown>) =>
  Effect.map(inVirtualTime(program), (exit) =>
    exit._tag === "Success"
      ? []
      : Cause.pretty(exit.cause)
          .split("\n")
          .flatMap((line) => /^ +at ((?:state|pay) ?.*)$/.exec(line)?.[1] ?? [])
          .map((line) => line.replace(/ \(.*:\d+:\d+\)$/, ""))
  )

describe("W3 a printed failure says where the run failed", () => {
  it.effect("a failure, with the attempt that was the last", () =>
    Effect.gen(function* () {
      const task = Task.make({ run: Effect.fail(new Declined()), retry: Retry.fixed(2, 0) })
      const frames = yield* framesOf(Workflow.run(paying("order", task as any)))
      assert.deepStrictEqual(frames, ["state Charge (workflow order, attempt 3)"])
    })
  )

  it.effect("a defect", () =>
    Effect.gen(function* () {
      const frames = yield* framesOf(Workflow.run(paying("order", Effect.die(new Error("boom")))))
      assert.deepStrictEqual(frames, ["state Charge (workflow order, attempt 1)"])
    })
  )

  it.effect("a nested run, below the spans inside it and above the run around it", () =>
    Effect.gen(function* () {
      const inner = paying("payment", Effect.withSpan(Effect.fail(new Declined()), "pay"))
      const outer = paying(
        "order",
        Workflow.asTask(inner, () => "Done")
      )
      const frames = yield* framesOf(Workflow.run(outer))
      assert.deepStrictEqual(frames, [
        "pay",
        "state Charge (workflow payment, attempt 1)",
        "state Charge (workflow order, attempt 1)"
      ])
    })
  )
})
