import type * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Lost } from "../../Observer.ts"
import { described } from "../faults.ts"

interface Numbered<Event> {
  readonly number: number
  readonly event: Event
}

/** The buffer of a reader, and the number of the last event before the subscription. */
export interface Subscription<Event> {
  readonly queue: Queue.Queue<Numbered<Event>, Cause.Done>
  readonly start: number
}

/**
 * Hands events to readers. Each reader has a buffer, and a full buffer drops its oldest event. So a slow reader neither
 * holds up the publisher nor fills the memory. A gap in the numbers shows the reader how many events it has missed.
 */
export class Hub<Event extends { readonly at: DateTime.Utc }> {
  private readonly readers = new Set<Queue.Queue<Numbered<Event>, Cause.Done>>()
  private readonly capacity: number
  private count = 0
  private isClosed = false

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Whether anybody reads. Without a reader no event need be made. */
  get isActive(): boolean {
    return this.readers.size > 0
  }

  publish(event: Event): void {
    const numbered = { number: ++this.count, event }
    for (const reader of this.readers) Queue.offerUnsafe(reader, numbered)
  }

  /** Subscribes a reader, who misses only the events that do not fit the buffer. */
  readonly subscribe: Effect.Effect<Subscription<Event>, never, Scope.Scope> = Effect.acquireRelease(
    Effect.suspend(() => this.open),
    ({ queue }) => Effect.sync(() => this.readers.delete(queue))
  )

  readonly events: Stream.Stream<Event | Lost> = Stream.unwrap(
    Effect.map(this.subscribe, ({ queue, start }) =>
      Stream.mapAccum(Stream.fromQueue(queue), () => start, withLost<Event>)
    )
  )

  private readonly open: Effect.Effect<Subscription<Event>> = Effect.suspend(() =>
    Effect.flatMap(Queue.sliding<Numbered<Event>, Cause.Done>(this.capacity), (queue) => {
      // The reader gets the events from here on, so the count must be that of this moment.
      const subscription = { queue, start: this.count }
      if (this.isClosed) return Effect.as(Queue.end(queue), subscription)
      this.readers.add(queue)
      return Effect.succeed(subscription)
    })
  )

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    return Effect.forEach(this.readers, (reader) => Queue.end(reader), { discard: true })
  })
}

const withLost = <Event extends { readonly at: DateTime.Utc }>(
  last: number,
  { event, number }: Numbered<Event>
): readonly [number, ReadonlyArray<Event | Lost>] => {
  const count = number - last - 1
  return [number, count === 0 ? [event] : [{ _tag: "Lost", at: event.at, count }, event]]
}

/**
 * Calls a handler for each event of a subscription, until the hub is closed. If the handler fails or dies, it has
 * missed the event, and `onMissed` is called. A stream would cost several times as much for each event.
 */
export const forEach = <Event extends { readonly at: DateTime.Utc }, R>(
  { queue, start }: Subscription<Event>,
  handler: (event: Event | Lost) => Effect.Effect<unknown, unknown, R>,
  onMissed: (event: Event | Lost, cause: Cause.Cause<unknown>) => Effect.Effect<void>
): Effect.Effect<void, never, R> => {
  let last = start
  let batch: ReadonlyArray<Event | Lost> = []
  let next = 0
  const handled = Effect.whileLoop({
    while: () => next < batch.length,
    body: () => effectOf(handler(batch[next]!)),
    step: () => next++
  })
  // The guard stands outside of the loop. After a miss the loop starts again, with the next event.
  const guarded: Effect.Effect<void, never, R> = Effect.catchCause(handled, (cause) =>
    Effect.andThen(
      Effect.suspend(() => onMissed(batch[next++]!, cause)),
      Effect.suspend(() => guarded)
    )
  )
  const turn = Effect.flatMap(Queue.takeAll(queue), (events) => {
    const found: Array<Event | Lost> = []
    for (const numbered of events) {
      found.push(...withLost(last, numbered)[1])
      last = numbered.number
    }
    batch = found
    next = 0
    return guarded
  })
  return Effect.catch(Effect.forever(turn), () => Effect.void)
}

/** An untyped caller may give an async function. */
const effectOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.isEffect(effect) ? effect : Effect.die(new TypeError(`a handler returned ${described(effect)}, not an Effect`))
