/** The tests that the guide to testing shows; they run with the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Observer, Retry, Store, Task, Workflow } from "effect-cano"

// #region subject
class BankDown extends Data.TaggedError("BankDown")<{}> {}
class Declined extends Data.TaggedError("Declined")<{ readonly why: string }> {}

class Bank extends Context.Service<
  Bank,
  { readonly charge: (cents: number) => Effect.Effect<string, BankDown | Declined> }
>()("app/Bank") {}

const Receipt = Store.key("receipt", Schema.String)

const charge = Task.make({
  name: "charge",
  // a declined charge is final
  retry: Schedule.while(
    Retry.fixed(2, "10 seconds"),
    ({ input }: { readonly input: BankDown | Declined }) => input._tag === "BankDown"
  ),
  run: function* ({ cents }: { readonly cents: number }) {
    const bank = yield* Bank
    yield* Store.put(Receipt, yield* bank.charge(cents))
    return { _tag: "Paid" }
  }
})

const Payment = Schema.TaggedUnion({
  Start: { cents: Schema.Number },
  Charge: { cents: Schema.Number },
  Paid: {},
  Refused: { why: Schema.String }
})

const payment = Workflow.make("payment", Payment, {
  initial: "Start",
  exits: ["Paid", "Refused"],
  states: {
    Start: { to: ["Charge"], run: ({ cents }) => ({ _tag: "Charge", cents }) },
    Charge: {
      to: ["Paid", "Refused"],
      run: charge,
      catch: { Declined: ({ why }) => ({ _tag: "Refused", why }) }
    }
  }
})
// #endregion

// #region fake
/** A bank that answers with these, one after another. */
const bankOf = (...answers: ReadonlyArray<Effect.Effect<string, BankDown | Declined>>) =>
  Layer.sync(Bank, () => {
    const left = [...answers]
    return { charge: () => left.shift() ?? Effect.die("the bank was asked too often") }
  })

const down = Effect.fail(new BankDown())
// #endregion

describe("payment", () => {
  // #region clock
  it.effect("tries again after 10 seconds", () =>
    Effect.gen(function* () {
      const run = yield* Effect.forkChild(Workflow.run(payment, { _tag: "Start", cents: 499 }))
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(run.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(run), { _tag: "Paid" })
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(down, Effect.succeed("r-1"))]))
  )
  // #endregion

  // #region store
  it.effect("leaves the receipt in the store", () =>
    Effect.gen(function* () {
      yield* Workflow.run(payment, { _tag: "Start", cents: 499 })
      assert.strictEqual(yield* Store.get(Receipt), "r-1")
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(Effect.succeed("r-1"))]))
  )
  // #endregion

  // #region path
  it.effect("goes the way of a declined charge, at the first attempt", () =>
    Effect.gen(function* () {
      const { events } = yield* Observer.record(Workflow.run(payment, { _tag: "Start", cents: 99_900 }))
      const steps = events.flatMap((event) => (event._tag === "StateLeft" ? [event] : []))
      assert.deepStrictEqual(
        steps.map(({ attempts, error, next, state }) => [state, next, attempts, error]),
        [
          ["Start", "Charge", 1, undefined],
          ["Charge", "Refused", 1, "Declined"]
        ]
      )
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(Effect.fail(new Declined({ why: "over the limit" })))]))
  )
  // #endregion

  // #region step
  it.effect("a declined charge leads to Refused", () =>
    Effect.gen(function* () {
      const next = yield* Workflow.step(payment, { _tag: "Charge", cents: 99_900 })
      assert.deepStrictEqual(next, { _tag: "Refused", why: "over the limit" })
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(Effect.fail(new Declined({ why: "over the limit" })))]))
  )
  // #endregion

  // #region task
  it.effect("the task alone fails with the last error", () =>
    Effect.gen(function* () {
      const run = yield* Effect.forkChild(Effect.flip(Task.run(charge, { cents: 499 })))
      yield* TestClock.adjust("20 seconds")
      assert.instanceOf(yield* Fiber.join(run), BankDown)
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(down, down, down)]))
  )
  // #endregion

  // #region failed-at
  it.effect("says where it failed", () =>
    Effect.gen(function* () {
      const run = yield* Effect.forkChild(Effect.exit(Workflow.run(payment, { _tag: "Start", cents: 499 })))
      yield* TestClock.adjust("20 seconds")
      const exit = yield* Fiber.join(run)
      assert.isTrue(Exit.isFailure(exit))
      const place = Option.flatMap(Exit.getCause(exit), Workflow.failedAt)
      assert.deepStrictEqual(place, Option.some({ workflow: "payment", state: "Charge", transitions: 1, attempt: 3 }))
    }).pipe(Effect.provide([Store.MemoryStore.layer, bankOf(down, down, down)]))
  )
  // #endregion
})
