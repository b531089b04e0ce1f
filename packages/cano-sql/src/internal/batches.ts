import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalFailure } from "effect-cano/DurableError"
import type { Database, Fork } from "./database.ts"
import { failureOf, isOfValues } from "./failure.ts"

interface Job<I, A> {
  readonly item: I
  readonly size: number
  answer: (answer: Effect.Effect<A, JournalFailure>) => void
}

/** The most characters of a batch. One item may have more. */
const mostCharacters = 4 * 1024 * 1024

/**
 * Sends items that come together in one statement. One statement is under way at a time: what comes meanwhile is the next
 * batch, so that a writer who is alone never waits, and many share a commit.
 */
export class Batches<I, A> {
  private readonly database: Database
  private readonly fork: Fork
  private readonly operation: string
  private readonly most: number
  private readonly keyOf: (item: I) => string
  private readonly sizeOf: (item: I) => number
  private readonly send: (items: ReadonlyArray<I>) => Effect.Effect<ReadonlyArray<A>, SqlError>
  private queue: Array<Job<I, A>> = []
  private isSending = false
  private isClosed = false

  constructor(
    database: Database,
    fork: Fork,
    options: {
      readonly operation: string
      /** The most items of a batch. */
      readonly most: number
      /** No two items of a batch have the same key. */
      readonly keyOf: (item: I) => string
      /** The characters of an item. */
      readonly sizeOf: (item: I) => number
      readonly send: (items: ReadonlyArray<I>) => Effect.Effect<ReadonlyArray<A>, SqlError>
    }
  ) {
    this.database = database
    this.fork = fork
    this.operation = options.operation
    this.most = options.most
    this.keyOf = options.keyOf
    this.sizeOf = options.sizeOf
    this.send = options.send
  }

  /** Sends an item. Who is interrupted does not wait for the answer; the item is written, or not. */
  add(item: I): Effect.Effect<A, JournalFailure> {
    return Effect.callback((resume) => {
      const job: Job<I, A> = { item, size: this.sizeOf(item), answer: resume }
      this.queue.push(job)
      if (!this.isSending && !this.isClosed) {
        this.isSending = true
        this.fork(this.drain)
      }
      return Effect.sync(() => {
        job.answer = () => {}
      })
    })
  }

  private readonly drain: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    // What the fibers of this turn send comes along.
    yield* Effect.yieldNow
    while (this.queue.length > 0) yield* this.settle(this.take())
    this.isSending = false
  })

  /** Takes the next batch. Items with the same key keep their order. */
  private take(): ReadonlyArray<Job<I, A>> {
    const batch: Array<Job<I, A>> = []
    const left: Array<Job<I, A>> = []
    const keys = new Set<string>()
    let characters = 0
    for (const job of this.queue) {
      const key = this.keyOf(job.item)
      const isFull = batch.length >= this.most || (batch.length > 0 && characters + job.size > mostCharacters)
      if (isFull || keys.has(key)) left.push(job)
      else {
        batch.push(job)
        characters += job.size
      }
      keys.add(key)
    }
    this.queue = left
    return batch
  }

  /** Sends a batch, and in halves if the database refuses a value, so that one bad item fails alone. */
  private settle(jobs: ReadonlyArray<Job<I, A>>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const items = jobs.map((job) => job.item)
      return Effect.matchEffect(this.database.persist(Effect.suspend(() => this.send(items))), {
        onSuccess: (answers) =>
          Effect.sync(() => {
            for (const [n, job] of jobs.entries()) job.answer(Effect.succeed(answers[n]!))
          }),
        onFailure: (error) => {
          if (jobs.length > 1 && isOfValues(error)) {
            const half = Math.ceil(jobs.length / 2)
            return Effect.andThen(this.settle(jobs.slice(0, half)), this.settle(jobs.slice(half)))
          }
          const failure = Effect.fail(failureOf(this.operation, error))
          return Effect.sync(() => {
            for (const job of jobs) job.answer(failure)
          })
        }
      })
    })
  }

  /** Waits until all is written that has come. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const wait: Effect.Effect<void> = Effect.suspend(() =>
      this.isSending ? Effect.andThen(Effect.sleep(2), wait) : Effect.void
    )
    return Effect.andThen(
      wait,
      Effect.sync(() => void (this.isClosed = true))
    )
  })
}
