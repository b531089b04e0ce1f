/**
 * The order that the waterfall and the timeline show: a node with a retry, a fork, a nested workflow, an error edge that
 * leads back, and a batch with a quota. The world around it is made of sleeps and of failures that are always the same.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Concurrent from "effect-cano/Concurrent"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

class CatalogBusy extends Data.TaggedError("CatalogBusy")<{}> {}
class BankBusy extends Data.TaggedError("BankBusy")<{}> {}
class CardDeclined extends Data.TaggedError("CardDeclined")<{ readonly card: string }> {}
class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly carrier: string }> {}
class NoCarrier extends Data.TaggedError("NoCarrier")<{}> {}

/** Fails the first attempts of a task, as many as are given. */
const failFirst = <E>(attempts: number, error: E): Effect.Effect<void, E> =>
  Effect.flatMap(Schedule.CurrentMetadata, ({ attempt }) => (attempt < attempts ? Effect.fail(error) : Effect.void))

// -----------------------------------------------------------------------------
// payment
// -----------------------------------------------------------------------------

const Payment = Schema.TaggedUnion({
  Charge: { cents: Schema.Number, card: Schema.String },
  Capture: { cents: Schema.Number },
  Paid: { cents: Schema.Number }
})
type Charge = Extract<typeof Payment.Type, { readonly _tag: "Charge" }>

const charge = Task.make({
  name: "charge",
  // A bank that is busy is asked again; a declined card is final.
  retry: Schedule.while(
    Retry.fixed(2, "50 millis"),
    ({ input }: { readonly input: BankBusy | CardDeclined }) => input._tag === "BankBusy"
  ),
  run: function* ({ card, cents }: Charge) {
    yield* Effect.sleep("80 millis")
    if (card === "expired") {
      yield* failFirst(1, new BankBusy())
      return yield* new CardDeclined({ card })
    }
    return { _tag: "Capture", cents }
  }
})

export const payment = Workflow.make("payment", Payment, {
  initial: "Charge",
  exits: ["Paid"],
  states: {
    Charge: { to: ["Capture"], run: charge },
    Capture: { to: ["Paid"], run: ({ cents }) => Effect.as(Effect.sleep("40 millis"), { _tag: "Paid", cents }) }
  }
})

// -----------------------------------------------------------------------------
// offers
// -----------------------------------------------------------------------------

const Offer = Schema.TaggedUnion({
  Ask: { carrier: Schema.String, millis: Schema.Number, answers: Schema.Boolean },
  Offered: { carrier: Schema.String }
})

const offer = Workflow.make("offer", Offer, {
  initial: "Ask",
  exits: ["Offered"],
  states: {
    Ask: {
      to: ["Offered"],
      run: function* ({ answers, carrier, millis }) {
        yield* Effect.sleep(millis)
        if (!answers) return yield* new NoAnswer({ carrier })
        return { _tag: "Offered", carrier }
      }
    }
  }
})

/** What each carrier takes to answer, in milliseconds. */
const carriers = { post: 140, swift: 60, ship: 220, drone: 400 }

// #region offers
/** Asks three carriers at a time; two offers are enough. One never answers, and none does where the parcel is dear. */
const offersFor = (cents: number) =>
  Concurrent.workflow(offer, {
    instances: Object.entries(carriers).map(([id, millis]) => ({
      id,
      state: { _tag: "Ask", carrier: id, millis, answers: id !== "swift" && cents < 5_000 } as const
    })),
    wait: Wait.quota(2),
    concurrency: 3
  })
// #endregion

// -----------------------------------------------------------------------------
// order
// -----------------------------------------------------------------------------

// #region order
const Order = Schema.TaggedUnion({
  Cart: { items: Schema.Array(Schema.String), card: Schema.String },
  Price: { items: Schema.Array(Schema.String), card: Schema.String },
  Check: { cents: Schema.Number, card: Schema.String },
  Pay: { cents: Schema.Number, card: Schema.String },
  OtherCard: { cents: Schema.Number },
  Ship: { cents: Schema.Number },
  Shipped: { by: Schema.String },
  Cancelled: { why: Schema.String }
})
type Order = typeof Order.Type
type InState<Tag extends Order["_tag"]> = Extract<Order, { readonly _tag: Tag }>

const price = Node.make({
  name: "price list",
  retry: Retry.fixed(1, "60 millis"),
  prep: ({ items }: InState<"Price">) => Effect.as(Effect.sleep("20 millis"), items),
  exec: (items) =>
    Effect.sleep("70 millis").pipe(
      Effect.andThen(failFirst(1, new CatalogBusy())),
      Effect.as(items.reduce((sum, item) => sum + item.length * 100, 0))
    ),
  post: (cents, { card }) => ({ _tag: "Check", cents, card })
})

const check = Task.fork({
  name: "checks",
  branches: ({ card }: InState<"Check">) => ({
    stock: Effect.as(Effect.sleep("120 millis"), true),
    fraud: Effect.as(Effect.sleep("200 millis"), card !== "stolen"),
    address: Effect.as(Effect.sleep("60 millis"), true)
  }),
  join: ({ address, fraud, stock }, { card, cents }) =>
    address && fraud && stock ? { _tag: "Pay", cents, card } : { _tag: "Cancelled", why: "a check failed" }
})

// #region machine
export const order = Workflow.make("order", Order, {
  initial: "Cart",
  exits: ["Shipped", "Cancelled"],
  states: {
    Cart: { to: ["Price"], run: ({ card, items }) => ({ _tag: "Price", items, card }) },
    Price: { to: ["Check", "Cancelled"], run: price, catch: { CatalogBusy: () => cancelled("no prices today") } },
    Check: { to: ["Pay", "Cancelled"], run: check },
    Pay: {
      to: ["Ship", "OtherCard", "Cancelled"],
      run: Workflow.asTask(
        payment,
        ({ cents }) => ({ _tag: "Ship", cents }),
        ({ card, cents }) => ({ _tag: "Charge", card, cents })
      ),
      catch: {
        CardDeclined: (_, { cents }) => ({ _tag: "OtherCard", cents }),
        BankBusy: () => cancelled("the bank is closed")
      }
    },
    OtherCard: {
      to: ["Pay"],
      run: ({ cents }) => Effect.as(Effect.sleep("150 millis"), { _tag: "Pay", cents, card: "valid" })
    },
    Ship: {
      to: ["Shipped", "Cancelled"],
      run: function* ({ cents }) {
        const { results } = yield* offersFor(cents)
        const [first] = results.filter((result) => result._tag === "Completed")
        if (first === undefined) return yield* new NoCarrier()
        return { _tag: "Shipped", by: first.value.carrier }
      },
      catch: { NoCarrier: () => cancelled("nobody ships it") }
    }
  }
})
// #endregion
// #endregion

const cancelled = (why: string): InState<"Cancelled"> => ({ _tag: "Cancelled", why })
