import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { errorOf, inVirtualTime } from "effect-cano-testing/Runs"
import { Crash, Journal, resume } from "../support/journaling.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly cents: number }> {}

const Order = Schema.TaggedUnion({
  Cart: { prices: Schema.Array(Schema.Number) },
  Charge: { cents: Schema.Number, tries: Schema.Number },
  Refund: { cents: Schema.Number },
  Shipped: { cents: Schema.Number },
  Cancelled: { reason: Schema.String }
})

/** A machine with payloads, retries and error edges by tag and by function. Every handler writes its name down. */
const order = (ran: Array<string>) => {
  let outages = 1
  const noted = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      ran.push(name)
      return effect
    })
  return Workflow.make("order", Order, {
    initial: "Cart",
    exits: ["Shipped", "Cancelled"],
    states: {
      Cart: {
        to: ["Charge"],
        run: ({ prices }) =>
          noted("Cart", Effect.succeed({ _tag: "Charge" as const, cents: prices.reduce((a, b) => a + b, 0), tries: 0 }))
      },
      Charge: {
        to: ["Charge", "Refund", "Shipped"],
        run: Task.make({
          retry: Retry.fixed(2, "1 second"),
          run: ({ cents, tries }: { readonly cents: number; readonly tries: number }) =>
            noted(
              `Charge ${tries}`,
              Effect.suspend(() => {
                if (outages-- > 0) return Effect.fail(new Declined({ cents }))
                return tries < 2
                  ? Effect.succeed({ _tag: "Charge" as const, cents, tries: tries + 1 })
                  : Effect.fail(new Declined({ cents }))
              })
            )
        }),
        catch: { Declined: (error: Declined) => ({ _tag: "Refund", cents: error.cents }) }
      },
      Refund: {
        to: ["Cancelled"],
        run: ({ cents }) => noted("Refund", Effect.succeed({ _tag: "Cancelled" as const, reason: `${cents} back` }))
      }
    }
  })
}

const start = { _tag: "Cart", prices: [100, 250] }

const reference = Effect.gen(function* () {
  const journal = new Journal()
  const exit = yield* inVirtualTime(resume(order([]), journal, start))
  return { exit, journal }
})

describe("a journaling interceptor", () => {
  it.effect("writes a row before each state and one for the exit, without a gap", () =>
    Effect.gen(function* () {
      const { exit, journal } = yield* reference
      assert.deepStrictEqual(exit, Exit.succeed({ _tag: "Cancelled", reason: "350 back" }))
      assert.deepStrictEqual(
        journal.rows.map(({ sequence, state }) => [sequence, (state as { readonly _tag: string })._tag]),
        [
          [0, "Cart"],
          [1, "Charge"],
          [2, "Charge"],
          [3, "Charge"],
          [4, "Refund"],
          [5, "Cancelled"]
        ]
      )
    })
  )

  for (const when of ["before", "after"] as const) {
    for (let at = 0; at < 6; at++) {
      it.effect(`crash ${when} append ${at}: resumed, it comes to the same exit`, () =>
        Effect.gen(function* () {
          const expected = yield* reference
          const ran: Array<string> = []
          const workflow = order(ran)
          const journal = new Journal((append) => (append === at ? when : undefined))
          const crashed = yield* inVirtualTime(resume(workflow, journal, start))
          assert.instanceOf(errorOf(crashed), Crash)
          assert.strictEqual(journal.rows.length, when === "before" ? at : at + 1)
          const first = ran.splice(0)
          const exit = yield* inVirtualTime(resume(workflow, journal, start))
          assert.deepStrictEqual(exit, expected.exit)
          assert.deepStrictEqual(journal.rows, expected.journal.rows)
          // The states before the last row have run before the crash, and no more after it.
          const twice = new Set(first.filter((name) => ran.includes(name)))
          assert.deepStrictEqual([...twice], when === "before" && at > 0 ? [first.at(-1)!] : [])
        })
      )
    }
  }
})
