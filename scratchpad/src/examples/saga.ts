/** Books a hotel and a flight, and cancels what is booked if the rest fails. */
import { NodeRuntime } from "@effect/platform-node"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Retry, Workflow } from "effect-cano"

class NoSeats extends Data.TaggedError("NoSeats")<{}> {}
class HotelDown extends Data.TaggedError("HotelDown")<{}> {}

const bookHotel = (nights: number) => Effect.as(Console.log(`hotel: booked for ${nights} nights`), "h-1")
const bookFlight = (seats: number) =>
  seats <= 2
    ? Effect.as(Console.log(`flight: ${seats} seats booked`), "f-1")
    : Effect.andThen(Console.log("flight: no seats"), Effect.fail(new NoSeats()))
const cancelFlight = Console.log("flight: cancelled, if it was booked")

let isDown = true
const cancelHotel = (booking: string) =>
  Effect.suspend(() => {
    if (!isDown) return Console.log(`hotel: ${booking} cancelled`)
    isDown = false
    return Effect.andThen(Console.log("hotel: the desk is closed"), Effect.fail(new HotelDown()))
  })

// #region workflow
const Trip = Schema.TaggedUnion({
  Hotel: { nights: Schema.Number, seats: Schema.Number },
  Flight: { hotel: Schema.String, seats: Schema.Number },
  Booked: {},
  Refused: {}
})

const trip = Workflow.make("trip", Trip, {
  initial: "Hotel",
  exits: ["Booked", "Refused"],
  compensateOn: ["Refused"],
  states: {
    Hotel: {
      to: ["Flight"],
      run: ({ nights, seats }) => Effect.map(bookHotel(nights), (hotel) => ({ _tag: "Flight", hotel, seats })),
      compensate: (_, next) =>
        Option.isSome(next) && next.value._tag === "Flight"
          ? Effect.retry(cancelHotel(next.value.hotel), Retry.fixed(5, "10 millis"))
          : Effect.void // a search by the idempotency key would show whether a room was booked
    },
    Flight: {
      to: ["Booked", "Refused"],
      run: ({ seats }) => Effect.as(bookFlight(seats), { _tag: "Booked" }),
      compensate: () => cancelFlight,
      catch: { NoSeats: "Refused" }
    }
  }
})
// trip: Workflow<..., HotelDown>: compensations may fail as well
// #endregion

const book = (seats: number) =>
  Effect.flatMap(Workflow.run(trip, { _tag: "Hotel", nights: 2, seats }), ({ _tag }) => Console.log(`-> ${_tag}`))

NodeRuntime.runMain(Effect.forEach([2, 3], book, { discard: true }))
