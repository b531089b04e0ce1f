import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Scope from "effect/Scope"
import type { Database, Fork } from "./database.ts"

/** The most ids, and the most bytes, of a notification: Postgres takes 8,000. */
const mostIds = 100
const mostCharacters = 2500

/** What `@effect/sql-pg` has beside a `SqlClient`: notifications. */
interface Listening {
  readonly listen: (
    channel: string
  ) => Effect.Effect<Queue.Dequeue<{ readonly payload: string }, SqlError>, SqlError, Scope.Scope>
}

const canListen = (sql: SqlClient): sql is SqlClient & Listening => "listen" in sql && typeof sql.listen === "function"

/**
 * Tells other processes of runs that may be claimed or have ended. Nothing needs hints to be right: those of a process
 * that cannot send them, or of a connection that was lost, are found by the next poll.
 */
export class Hints {
  readonly published: PubSub.PubSub<string>
  private readonly database: Database
  private readonly sql: SqlClient
  private readonly fork: Fork
  private readonly channel: string
  private noted = new Set<string>()
  private isSending = false

  constructor(database: Database, sql: SqlClient, fork: Fork, channel: string, published: PubSub.PubSub<string>) {
    this.database = database
    this.sql = sql
    this.fork = fork
    this.channel = channel
    this.published = published
  }

  /** Tells this process at once, and others after the commit. */
  readonly note = (runId: string): void => {
    PubSub.publishUnsafe(this.published, runId)
    if (!canListen(this.sql)) return
    this.noted.add(runId)
    if (this.isSending) return
    this.isSending = true
    this.fork(this.send)
  }

  private readonly send: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.noted.size > 0) {
      // One notification for many commits: they take turns at a lock of the whole server.
      yield* Effect.sleep(2)
      const runIds: Array<string> = []
      let characters = 0
      for (const runId of this.noted) {
        characters += JSON.stringify(runId).length + 1
        if (runIds.length === mostIds || characters > mostCharacters) break
        runIds.push(runId)
      }
      // The others find what is left out by their next poll.
      this.noted = new Set()
      yield* Effect.ignore(
        this.database.send("pool", "select pg_notify($1, $2)", [this.channel, JSON.stringify(runIds)])
      )
    }
    this.isSending = false
  })

  /** Hears of the hints of other processes, until interrupted. */
  readonly listen: Effect.Effect<void> = Effect.suspend(() => {
    const { sql } = this
    if (!canListen(sql)) return Effect.void
    const session = Effect.scoped(
      Effect.flatMap(sql.listen(this.channel), (queue) =>
        Effect.forever(Effect.map(Queue.take(queue), ({ payload }) => this.hear(payload)))
      )
    )
    return Effect.forever(Effect.andThen(Effect.ignore(session), Effect.sleep(1000)))
  })

  private hear(payload: string): void {
    for (const runId of idsOf(payload)) PubSub.publishUnsafe(this.published, runId)
  }
}

/** Anybody may notify the channel. */
const idsOf = (payload: string): ReadonlyArray<string> => {
  try {
    const ids: unknown = JSON.parse(payload)
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : []
  } catch {
    return []
  }
}
