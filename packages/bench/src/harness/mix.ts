import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

/*
 * What an ordinary program does with Effect, in small. In a fresh process that runs nothing but one benchmark, the run loop
 * has seen one or two kinds of effect, and V8 compiles it for these alone. No program of a user is like that.
 */

class NotFound extends Data.TaggedError("NotFound")<{ readonly id: number }> {}
class Busy extends Data.TaggedError("Busy")<{}> {}

class Prices extends Context.Service<Prices, { readonly of: (id: number) => Effect.Effect<number, NotFound> }>()(
  "effect-cano-bench/Prices"
) {}

/** Taken from each price. */
class Discount extends Context.Service<Discount, number>()("effect-cano-bench/Discount") {}

const prices = Layer.effect(
  Prices,
  Effect.gen(function* () {
    const table = yield* Effect.sync(() => new Map([1, 2, 3, 4, 5, 6].map((id) => [id, id * 10])))
    return {
      of: Effect.fnUntraced(function* (id: number) {
        const price = table.get(id)
        return price === undefined ? yield* new NotFound({ id }) : price
      })
    }
  })
)

const ids = [1, 2, 3, 4, 5, 6, 7, 8]

const priceOf = Effect.fn(function* (id: number) {
  const { of } = yield* Prices
  const discount = yield* Discount
  return (yield* of(id)) - discount
})

const errors = Effect.gen(function* () {
  const caught = yield* Effect.forEach(ids, (id) =>
    Effect.catchTag(priceOf(id), "NotFound", (error) => Effect.succeed(error.id))
  )
  const matched = yield* Effect.match(priceOf(9), { onFailure: () => 0, onSuccess: (price) => price })
  const exit = yield* Effect.exit(priceOf(8))
  const branched = yield* Effect.matchEffect(priceOf(1), {
    onFailure: () => Effect.succeed(0),
    onSuccess: (price) => Effect.succeed(price)
  })
  return caught.length + matched + branched + (Exit.isFailure(exit) ? 1 : 0)
})

const finalizers = Effect.suspend(() => {
  let open = 0
  const resource = Effect.acquireRelease(
    Effect.sync(() => ++open),
    () => Effect.sync(() => open--)
  )
  return Effect.scoped(Effect.flatMap(resource, () => priceOf(2))).pipe(
    Effect.onExit(() => Effect.void),
    Effect.ensuring(Effect.void),
    Effect.map((price) => price + open)
  )
})

const retries = Effect.suspend(() => {
  let attempts = 0
  const flaky = Effect.suspend(() => (++attempts % 3 === 0 ? Effect.succeed(attempts) : Effect.fail(new Busy())))
  return flaky.pipe(
    Effect.retry(Schedule.recurs(4)),
    Effect.andThen(Effect.retry(flaky, { times: 4 })),
    Effect.tap(() => Effect.repeat(Effect.void, Schedule.recurs(2)))
  )
})

const fibers = Effect.gen(function* () {
  const child = yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, priceOf(3)))
  const together = yield* Effect.all([priceOf(1), Effect.promise(async () => 1), Effect.yieldNow], {
    concurrency: "unbounded"
  })
  const sleeping = yield* Effect.forkChild(Effect.never)
  yield* Fiber.interrupt(sleeping)
  const inTime = yield* Effect.timeout(Effect.andThen(Effect.yieldNow, priceOf(4)), "1 minute")
  const called = yield* Effect.callback<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1))))
  return (yield* Fiber.join(child)) + together.length + inTime + called
})

const streams = Effect.gen(function* () {
  const queue = yield* Queue.bounded<number>(4)
  const writer = yield* Effect.forkChild(Effect.forEach(ids, (id) => Queue.offer(queue, id), { discard: true }))
  let sum = 0
  for (let taken = 0; taken < ids.length; taken++) sum += yield* Queue.take(queue)
  yield* Fiber.join(writer)
  const streamed = yield* Stream.fromIterable(ids).pipe(
    Stream.mapEffect((id) => Effect.succeed(id * 2)),
    Stream.filter((doubled) => doubled % 4 === 0),
    Stream.runCollect
  )
  return sum + streamed.length
})

const loops = Effect.suspend(() => {
  let left = 20
  return Effect.whileLoop({
    while: () => left > 0,
    body: () => (left % 2 === 0 ? Effect.succeed(1) : Effect.sync(() => 1)),
    step: (taken) => {
      left -= taken
    }
  })
})

/** All of it, once. */
const mix = Effect.gen(function* () {
  yield* loops
  return (yield* errors) + (yield* finalizers) + (yield* retries) + (yield* fibers) + (yield* streams)
}).pipe(Effect.provideService(Discount, 1), Effect.provide(prices), Effect.orDie)

/** As often as it takes for V8 to compile the run loop for many kinds of effect: about a third of a second. */
const times = 100
const expected = 155

/** Runs the mix. It is counted and not timed, so that a busy machine gives no contender less of it. */
export const runMix = async (): Promise<void> => {
  for (let done = 0; done < times; done++) {
    const answer = await Effect.runPromise(mix)
    if (answer !== expected) throw new Error(`the mix gave ${answer} instead of ${expected}`)
  }
}
