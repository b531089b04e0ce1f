import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "tstyche"
import * as Interpreter from "../src/Interpreter.ts"
import type * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{}> {}
class JournalDown extends Data.TaggedError("JournalDown")<{}> {}
class Ledger extends Context.Service<Ledger, { readonly write: Effect.Effect<void, JournalDown> }>()("test/Ledger") {}
class Bank extends Context.Service<Bank, string>()("test/Bank") {}

type State = "Start" | "Done"
declare const payment: Workflow.Workflow<State, "Done", Declined, Bank, "Start">
declare const withPayload: Workflow.Workflow<
  { readonly _tag: "Cart"; readonly cents: number } | "Done",
  "Done",
  never,
  never,
  { readonly _tag: "Cart"; readonly cents: number }
>

const audit: Interpreter.Interceptor = {
  state: (run, inner) => Effect.andThen(Console.log(run.tag), inner)
}

const journaling: Interpreter.Interceptor<JournalDown, Ledger> = {
  state: (_run, inner) =>
    Effect.andThen(
      Ledger.use(({ write }) => write),
      inner
    )
}

describe("Interpreter.run", () => {
  it("adds what its interceptors fail with and need to what the workflow does", () => {
    expect(Interpreter.run(payment, { interceptors: [] })).type.toBe<Effect.Effect<"Done", Declined, Bank>>()
    expect(Interpreter.run(payment, { interceptors: [audit] })).type.toBe<Effect.Effect<"Done", Declined, Bank>>()
    expect(Interpreter.run(payment, { interceptors: [audit, journaling] })).type.toBe<
      Effect.Effect<"Done", Declined | JournalDown, Bank | Ledger>
    >()
  })

  it("infers an interceptor that is written in place", () => {
    const run = Interpreter.run(payment, {
      interceptors: [
        {
          state: (_run, inner) =>
            Effect.andThen(
              Ledger.use(({ write }) => write),
              inner
            )
        },
        { attempt: (run, inner) => (run.attempt > 3 ? Effect.fail(new JournalDown()) : inner) }
      ]
    })
    expect(run).type.toBe<Effect.Effect<"Done", Declined | JournalDown, Bank | Ledger>>()
  })

  it("takes a state of the workflow, and asks for one where the initial state carries a payload", () => {
    Interpreter.run(payment, { state: "Done", interceptors: [] })
    // @ts-expect-error Type '"Elsewhere"' is not assignable to type 'State | undefined'
    Interpreter.run(payment, { state: "Elsewhere", interceptors: [] })
    Interpreter.run(withPayload, { state: { _tag: "Cart", cents: 1 }, interceptors: [] })
    // @ts-expect-error Property 'state' is missing in type
    Interpreter.run(withPayload, { interceptors: [] })
  })

  it("refuses an interceptor that fails with more than it says", () => {
    const lying: Interpreter.Interceptor = {
      // @ts-expect-error Property '"an interceptor that itself fails with E or needs R is an Interceptor<E, R>"' is missing in type 'JournalDown'
      state: (_run, inner) => Effect.andThen(Effect.fail(new JournalDown()), inner)
    }
    expect(lying).type.toBe<Interpreter.Interceptor>()
  })
})
