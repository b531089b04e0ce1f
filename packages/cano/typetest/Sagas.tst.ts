import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Stuck extends Data.TaggedError("Stuck")<{ readonly booking: string }> {}
class Hotels extends Context.Service<Hotels, { readonly cancel: (id: string) => Effect.Effect<void, Stuck> }>()(
  "Hotels"
) {}

const Trip = Schema.TaggedUnion({
  Hotel: { nights: Schema.Number },
  Flight: { booking: Schema.String },
  Booked: {},
  Refused: { why: Schema.String }
})

declare const book: Effect.Effect<string, Declined>

/** A mistake is one error: what stands here compiles, although the workflow does not. */
const use = (_run: unknown): void => {}

describe("a compensation", () => {
  it("knows the state as it was entered, and the next one", () => {
    Workflow.make("trip", Trip, {
      initial: "Hotel",
      exits: ["Booked", "Refused"],
      compensateOn: ["Refused"],
      states: {
        Hotel: {
          to: ["Flight", "Refused"],
          run: function* ({ nights }) {
            return nights > 0 ? { _tag: "Flight", booking: yield* book } : { _tag: "Refused", why: "" }
          },
          catch: { Declined: (error: Declined) => ({ _tag: "Refused", why: error.reason }) },
          compensate: ({ nights }, next) => {
            expect(nights).type.toBe<number>()
            expect(next).type.toBe<Option.Option<typeof Trip.Type>>()
            return Effect.void
          }
        },
        Flight: { to: ["Booked"], run: ({ booking }) => (use(booking), { _tag: "Booked" }) }
      }
    })
  })

  it("adds its failures and services to those of the workflow, and no catch routes them", () => {
    const trip = Workflow.make("trip", Trip, {
      initial: "Hotel",
      exits: ["Booked", "Refused"],
      states: {
        Hotel: {
          to: ["Flight", "Refused"],
          run: Effect.map(book, (booking) => ({ _tag: "Flight", booking })),
          compensate: function* (_, next) {
            const hotels = yield* Hotels
            if (next._tag === "Some" && next.value._tag === "Flight") yield* hotels.cancel(next.value.booking)
          }
        },
        Flight: { to: ["Booked"], run: () => ({ _tag: "Booked" }), compensate: () => Effect.fail("late" as const) }
      },
      catch: { "*": { to: "Refused", with: (error: Declined) => ({ why: error.reason }) } }
    })
    expect<Workflow.Workflow.Error<typeof trip>>().type.toBe<Stuck | "late">()
    expect<Workflow.Workflow.Services<typeof trip>>().type.toBe<Hotels>()
  })

  it("is no function, takes another state, or returns a promise", () => {
    const effect = Workflow.make("trip", Trip, {
      initial: "Hotel",
      exits: ["Booked"],
      states: {
        Hotel: {
          to: ["Booked"],
          run: () => ({ _tag: "Booked" }),
          // @ts-expect-error state \"Hotel\" has a \"compensate\" that is no function: give it (entered, next) => Effect
          compensate: Effect.void
        },
        Flight: { to: ["Booked"], run: () => ({ _tag: "Booked" }) },
        Refused: { to: ["Booked"], run: () => ({ _tag: "Booked" }) }
      }
    })
    use(Workflow.run(effect, { _tag: "Hotel", nights: 1 }))
    const other = Workflow.make("trip", Trip, {
      initial: "Hotel",
      exits: ["Booked", "Refused"],
      states: {
        Hotel: {
          to: ["Flight"],
          run: () => ({ _tag: "Flight", booking: "" }),
          // @ts-expect-error state \"Hotel\" has a compensation that takes another state
          compensate: (entered: { readonly booking: string }) => Effect.log(entered.booking)
        },
        Flight: {
          to: ["Booked", "Refused"],
          run: () => ({ _tag: "Booked" }),
          // @ts-expect-error the compensation of state \"Flight\" returns a promise: return an Effect, as Effect.promise makes
          compensate: async () => {}
        }
      }
    })
    use(Workflow.run(other, { _tag: "Hotel", nights: 1 }))
  })

  it("runs at exits only", () => {
    const trip = Workflow.make("trip", Trip, {
      initial: "Hotel",
      exits: ["Booked", "Refused"],
      // @ts-expect-error Type '"Flight"' is not assignable to type '"Booked" | "Refused"'
      compensateOn: ["Flight"],
      states: {
        Hotel: { to: ["Flight"], run: () => ({ _tag: "Flight", booking: "" }) },
        Flight: { to: ["Booked", "Refused"], run: () => ({ _tag: "Booked" }) }
      }
    })
    use(Workflow.run(trip, { _tag: "Hotel", nights: 1 }))
  })
})
