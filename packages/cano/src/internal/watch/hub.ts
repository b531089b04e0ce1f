import type * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Lost } from "../../Observer.ts"

interface Numbered<Event> {
  readonly number: number
  readonly event: Event
}

/**
 * Hands events to readers, each with a buffer of its own from which the oldest are dropped: a slow reader neither holds
 * up who publishes nor grows. The gap in the numbers tells it what it has missed.
 */
export class Hub<Event extends { readonly at: DateTime.Utc }> {
  private readonly readers = new Set<Queue.Queue<Numbered<Event>, Cause.Done>>()
  private readonly capacity: number
  private count = 0
  private isClosed = false

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Somebody reads: without a reader no event need be made. */
  get isActive(): boolean {
    return this.readers.size > 0
  }

  publish(event: Event): void {
    const numbered = { number: ++this.count, event }
    for (const reader of this.readers) Queue.offerUnsafe(reader, numbered)
  }

  /** A reader that loses nothing from now on but what its buffer cannot hold. */
  readonly subscribe: Effect.Effect<Stream.Stream<Event | Lost>, never, Scope.Scope> = Effect.map(
    Effect.acquireRelease(
      Effect.suspend(() => this.open),
      ({ reader }) => Effect.sync(() => this.readers.delete(reader))
    ),
    ({ reader, start }) => Stream.mapAccum(Stream.fromQueue(reader), () => start, withLost<Event>)
  )

  readonly events: Stream.Stream<Event | Lost> = Stream.unwrap(this.subscribe)

  private readonly open = Effect.suspend(() =>
    Effect.flatMap(Queue.sliding<Numbered<Event>, Cause.Done>(this.capacity), (reader) => {
      // What is published from here on is the reader's, so the count has to be of this moment.
      const opened = { reader, start: this.count }
      if (this.isClosed) return Effect.as(Queue.end(reader), opened)
      this.readers.add(reader)
      return Effect.succeed(opened)
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
