import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { JournalFailure } from "effect-cano/DurableError"
import type { Database } from "./database.ts"
import { failureOf, isBusy, isOfOneCall } from "./failure.ts"

/** What a call does within a transaction. It gives a failure before it has written anything, or throws. */
type Body<A, E> = (now: number) => Exit.Exit<A, E>

interface Job {
  readonly operation: string
  readonly fiberId: number
  readonly body: Body<unknown, unknown>
  exit: Exit.Exit<unknown, unknown>
  resume: ((exit: Exit.Exit<unknown, unknown>) => void) | undefined
}

/** The most calls in a commit: the process does nothing else while they are written. */
const mostJobs = 1000

/** Runs after what the fibers of a turn have to do. */
const lastPriority = 100

const isPending: Exit.Exit<never> = Exit.die("the call was not written")

/**
 * Writes calls in transactions. Calls that come in one turn of the event loop share a commit. A fiber that writes alone
 * does not wait for others: its call is written at once.
 */
export class Commits {
  private readonly db: Database
  private readonly clock: Clock.Clock
  private readonly patience: number
  private readonly fork: (effect: Effect.Effect<void>) => void
  private readonly onEnd: (isWritten: boolean) => void
  private queue: Array<Job> = []
  private isRetrying = false
  /** The fiber that wrote the latest commit, if it was alone in it. */
  private lastWriter: number | undefined = undefined

  constructor(
    db: Database,
    clock: Clock.Clock,
    /** The longest that a call waits for the lock of another process, in milliseconds. */
    patience: number,
    fork: (effect: Effect.Effect<void>) => void,
    /** Hears of each transaction that has ended, before those hear who called. */
    onEnd: (isWritten: boolean) => void
  ) {
    this.db = db
    this.clock = clock
    this.patience = patience
    this.fork = fork
    this.onEnd = onEnd
  }

  /** Does a call in a transaction. It cannot be interrupted once it has come. */
  write<A, E>(operation: string, body: Body<A, E>): Effect.Effect<A, E | JournalFailure> {
    return Effect.withFiber<A, E | JournalFailure>((fiber) => {
      const job: Job = { operation, fiberId: fiber.id, body, exit: isPending, resume: undefined }
      if (fiber.id === this.lastWriter && this.queue.length === 0 && this.commit([job]))
        return job.exit as Exit.Exit<A, E | JournalFailure>
      return Effect.uninterruptible(
        Effect.callback<A, E | JournalFailure>((resume) => {
          job.resume = resume as (exit: Exit.Exit<unknown, unknown>) => void
          this.enqueue(job, fiber)
        })
      )
    })
  }

  private enqueue(job: Job, fiber: Fiber.Fiber<unknown, unknown>): void {
    this.queue.push(job)
    if (this.queue.length > 1 || this.isRetrying) return
    fiber.currentDispatcher.scheduleTask(() => this.flush(fiber), lastPriority)
  }

  /** Writes what has come, and wakes those who called. */
  private flush(fiber: Fiber.Fiber<unknown, unknown>): void {
    if (this.isRetrying) return
    const jobs = this.queue.splice(0, mostJobs)
    if (!this.commit(jobs)) {
      this.queue.unshift(...jobs)
      this.isRetrying = true
      this.fork(this.retry(fiber))
      return
    }
    this.lastWriter = jobs.length === 1 ? jobs[0]!.fiberId : undefined
    if (this.queue.length > 0) fiber.currentDispatcher.scheduleTask(() => this.flush(fiber), lastPriority)
    for (const job of jobs) job.resume?.(job.exit)
  }

  /** Tries again until the lock is free, with pauses that leave the process to others. */
  private retry(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
    const startedAt = this.clock.currentTimeMillisUnsafe()
    const attempt: Effect.Effect<void> = Effect.suspend(() => {
      const jobs = this.queue.slice(0, mostJobs)
      const isDone = this.commit(jobs)
      const isOver = this.clock.currentTimeMillisUnsafe() - startedAt >= this.patience
      if (!isDone && !isOver) return pause
      if (!isDone) for (const job of jobs) job.exit = Exit.fail(unavailable(job.operation))
      this.queue.splice(0, jobs.length)
      this.isRetrying = false
      if (this.queue.length > 0) fiber.currentDispatcher.scheduleTask(() => this.flush(fiber), lastPriority)
      for (const job of jobs) job.resume?.(job.exit)
      return Effect.void
    })
    const pause = Effect.flatMap(Random.nextIntBetween(2, 20), (millis) =>
      Effect.andThen(Effect.sleep(millis), attempt)
    )
    return pause
  }

  /** Writes jobs in one transaction, and notes their exits. Gives `false` if another process holds the lock. */
  private commit(jobs: ReadonlyArray<Job>): boolean {
    const now = Math.floor(this.clock.currentTimeMillisUnsafe())
    try {
      this.db.begin()
      for (const job of jobs) job.exit = job.body(now)
      this.db.commit()
      this.onEnd(true)
      return true
    } catch (error) {
      this.db.rollback()
      this.onEnd(false)
      if (isBusy(error)) return false
      if (isOfOneCall(error) && jobs.length > 1) return this.commitApart(jobs, now)
      for (const job of jobs) job.exit = Exit.fail(failureOf(job.operation, error))
      return true
    }
  }

  /** As `commit`, so that a job which the database refuses fails alone. */
  private commitApart(jobs: ReadonlyArray<Job>, now: number): boolean {
    try {
      this.db.begin()
      for (const job of jobs) {
        try {
          job.exit = this.db.savepoint(() => job.body(now))
        } catch (error) {
          if (!isOfOneCall(error)) throw error
          job.exit = Exit.fail(failureOf(job.operation, error))
        }
      }
      this.db.commit()
      this.onEnd(true)
      return true
    } catch (error) {
      this.db.rollback()
      this.onEnd(false)
      if (isBusy(error)) return false
      for (const job of jobs) job.exit = Exit.fail(failureOf(job.operation, error))
      return true
    }
  }

  /** Reads. A reader is hardly ever locked out; then it tries again. */
  read<A>(operation: string, body: () => A): Effect.Effect<A, JournalFailure> {
    return Effect.suspend(() => {
      const startedAt = this.clock.currentTimeMillisUnsafe()
      const attempt: Effect.Effect<A, JournalFailure> = Effect.suspend(() => {
        try {
          return Effect.succeed(body())
        } catch (error) {
          const isOver = this.clock.currentTimeMillisUnsafe() - startedAt >= this.patience
          return isBusy(error) && !isOver ? pause : Effect.fail(failureOf(operation, error))
        }
      })
      const pause = Effect.flatMap(Random.nextIntBetween(2, 20), (millis) =>
        Effect.andThen(Effect.sleep(millis), attempt)
      )
      return attempt
    })
  }

  /** Writes what is left, before the file is closed. */
  end(): void {
    const jobs = this.queue.splice(0)
    if (jobs.length === 0) return
    if (!this.commit(jobs)) for (const job of jobs) job.exit = Exit.fail(unavailable(job.operation))
    for (const job of jobs) job.resume?.(job.exit)
  }
}

const unavailable = (operation: string): JournalFailure =>
  new JournalFailure({ operation, reason: "Unavailable", cause: "another process holds the lock of the file" })
