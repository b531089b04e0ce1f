/** The tests of a durable run that the guides show; they run with the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Durable, Journal, Signal, Task, Workflow } from "effect-cano"
import { Crash } from "effect-cano-testing"

// #region subject
class Bank extends Context.Service<Bank, { readonly pay: (amount: number, key: string) => Effect.Effect<void> }>()(
  "app/Bank"
) {}

const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String }))

const Expense = Schema.TaggedUnion({
  Decide: { amount: Schema.Number },
  Pay: { amount: Schema.Number, by: Schema.String },
  Paid: { by: Schema.String },
  Refused: {}
})

const expense = Workflow.make("expense", Expense, {
  initial: "Decide",
  exits: ["Paid", "Refused"],
  states: {
    Decide: {
      to: ["Pay", "Refused"],
      run: Task.awaitSignal(
        Approval,
        ({ by }, { amount }: { readonly amount: number }) => ({ _tag: "Pay", amount, by }),
        { timeout: "3 days", onTimeout: () => ({ _tag: "Refused" }) }
      )
    },
    Pay: {
      to: ["Paid"],
      run: function* ({ amount, by }) {
        const { key } = yield* Durable.Run
        yield* (yield* Bank).pay(amount, key)
        return { _tag: "Paid", by }
      }
    }
  }
})
// #endregion

// #region fake
/** A bank that notes each payment, which is a place for a process to die. */
const bank = Layer.succeed(Bank, { pay: () => Crash.effect("pay") })
// #endregion

// #region worker
const worker = Durable.register(expense).pipe(
  Layer.provide(bank),
  Layer.provideMerge(Durable.layer({ poll: "1 hour", staleAfter: "1 hour" })),
  Layer.provide(Journal.layerMemory)
)
// #endregion

describe("an expense", () => {
  // #region signal
  it.effect("is paid if the approval comes after two days", () =>
    Effect.gen(function* () {
      const start = { _tag: "Decide", amount: 120 } as const
      const run = yield* Effect.forkChild(Durable.run(expense, { runId: "e-1", state: start }))
      yield* TestClock.adjust(0) // the run comes to its wait
      yield* TestClock.adjust("2 days")
      assert.strictEqual((yield* Durable.get("e-1")).status, "waiting")
      assert.strictEqual(yield* Durable.signal("e-1", Approval, { by: "Ada" }, { id: "click-1" }), "Accepted")
      assert.deepStrictEqual(yield* Fiber.join(run), { _tag: "Paid", by: "Ada" })
    }).pipe(Effect.provide(worker))
  )

  it.effect("is refused after three days", () =>
    Effect.gen(function* () {
      const start = { _tag: "Decide", amount: 120 } as const
      const run = yield* Effect.forkChild(Durable.run(expense, { runId: "e-2", state: start }))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust("3 days")
      assert.deepStrictEqual(yield* Fiber.join(run), { _tag: "Refused" })
    }).pipe(Effect.provide(worker))
  )
  // #endregion

  // #region crash
  it.effect("ends the same way wherever its process dies", () =>
    Effect.gen(function* () {
      const { crashes, uncrashed } = yield* Crash.crashEverywhere(expense, {
        state: { _tag: "Decide", amount: 120 },
        register: () => Durable.register(expense).pipe(Layer.provide(bank)),
        beside: (runId) => Durable.signal(runId, Approval, { by: "Ada" }, { id: "click-1" })
      })
      assert.strictEqual(uncrashed.tag, "Paid")
      assert.isAbove(crashes, 0)
    })
  )
  // #endregion

  // #region run-service
  it.effect("pays in one step", () =>
    Effect.gen(function* () {
      const next = yield* Workflow.step(expense, { _tag: "Pay", amount: 120, by: "Ada" })
      assert.deepStrictEqual(next, { _tag: "Paid", by: "Ada" })
    }).pipe(
      Effect.provideService(Durable.Run, { id: "e-1", sequence: 1, attempt: 1, key: "e-1/1" }),
      Effect.provide([bank, Signal.Signals.layer])
    )
  )
  // #endregion
})
