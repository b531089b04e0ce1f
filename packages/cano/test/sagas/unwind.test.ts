/** The part of compensations that an engine with a journal uses: it keeps the states to undo, and is told of each. */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { errorOf, makeUnchecked } from "effect-cano-testing/Runs"
import { machineOf } from "../../src/internal/machine/machine.ts"
import { type Undo, unwind } from "../../src/internal/run/compensating.ts"
import { startIntercepted } from "../../src/internal/run/start.ts"

class Conflict extends Data.TaggedError("Conflict")<{}> {}
class Stuck extends Data.TaggedError("Stuck")<{ readonly n: number }> {}

const Count = Schema.TaggedUnion({ Step: { n: Schema.Number }, Done: {} })

/** Steps whose compensation takes a minute, and fails for the second step. */
const counting = (log: Array<unknown>) =>
  makeUnchecked("counting", Count, {
    initial: "Step",
    exits: ["Done"],
    states: {
      Step: {
        to: ["Step", "Done"],
        run: Effect.fail("down"),
        compensate: ({ n }: { readonly n: number }, next: Option.Option<{ readonly n: number }>) =>
          Effect.sync(() => log.push([n, Option.getOrUndefined(next)?.n])).pipe(
            Effect.delay("1 minute"),
            Effect.andThen(n === 2 ? Effect.fail(new Stuck({ n })) : Effect.void)
          )
      }
    }
  })

/** The states of a run that made two steps and failed in the third. */
const stackOf = (log: Array<unknown>): ReadonlyArray<Undo> => {
  const entry = machineOf(counting(log)).entries.get("Step")!
  const step = (n: number) => ({ _tag: "Step", n })
  return [
    { entry, entered: step(1), next: step(2) },
    { entry, entered: step(2), next: step(3) },
    { entry, entered: step(3), next: undefined }
  ]
}

describe("unwind", () => {
  it.effect("tells of each compensation after it, with its index and its exit, and gives the failures", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const told = ({ entered }: Undo, index: number, exit: Exit.Exit<unknown, unknown>) =>
        Effect.sync(() => log.push([entered, index, exit._tag]))
      const fiber = yield* Effect.forkChild(unwind(stackOf(log), told))
      yield* TestClock.adjust("3 minutes")
      const failures = yield* Fiber.join(fiber)
      assert.deepStrictEqual(log, [
        [3, undefined],
        [{ _tag: "Step", n: 3 }, 2, "Success"],
        [2, 3],
        [{ _tag: "Step", n: 2 }, 1, "Failure"],
        [1, 2],
        [{ _tag: "Step", n: 1 }, 0, "Success"]
      ])
      assert.deepStrictEqual(errorOf(Exit.failCause(failures)), new Stuck({ n: 2 }))
      assert.strictEqual(failures.reasons.length, 1)
    })
  )

  it.effect("stops where the journal fails", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const fiber = yield* Effect.forkChild(unwind(stackOf(log), () => Effect.fail(new Conflict())))
      yield* TestClock.adjust("1 hour")
      assert.instanceOf(errorOf(yield* Fiber.await(fiber)), Conflict)
      assert.deepStrictEqual(log, [[3, undefined]])
    })
  )

  it.effect("is interrupted between two compensations, and not within one", () =>
    Effect.gen(function* () {
      const log: Array<unknown> = []
      const told = (_: Undo, index: number) => Effect.sync(() => log.push(index))
      const fiber = yield* Effect.forkChild(unwind(stackOf(log), told))
      yield* TestClock.adjust("30 seconds")
      fiber.interruptUnsafe()
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(log, [[3, undefined], 2])
    })
  )

  it.effect("has nothing to do for an empty stack", () =>
    Effect.gen(function* () {
      const failures = yield* unwind([], () => Effect.void)
      assert.strictEqual(failures.reasons.length, 0)
    })
  )
})

it.effect("an engine that keeps the states to undo starts runs that do not compensate themselves", () =>
  Effect.gen(function* () {
    const log: Array<unknown> = []
    const options = { id: undefined, transitions: 0, interceptors: [], compensates: false }
    const run = startIntercepted(
      counting(log),
      { _tag: "Step", n: 1 } as { readonly _tag: string },
      options,
      () => undefined
    )
    assert.strictEqual(errorOf(yield* Effect.exit(run)), "down")
    assert.deepStrictEqual(log, [])
  })
)
