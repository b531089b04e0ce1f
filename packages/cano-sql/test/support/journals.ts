import { inject } from "vitest"
import { PgClient } from "@effect/sql-pg"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import * as Journal from "effect-cano/Journal"
import { make, type Settings } from "../../src/internal/journal.ts"
import { dialectOf } from "../../src/internal/names.ts"
import { tables } from "../../src/internal/schema.ts"

const server = inject("postgres")

/** Why there is no server; then the tests are skipped. */
export const missing = "missing" in server ? server.missing : undefined

const urlOf = (database: string): string => {
  if ("missing" in server) return ""
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return url.toString()
}

/** The clock that no test moves: the work of a journal goes on in a test in virtual time. */
const liveClock = Context.get(Context.empty(), Clock.Clock)

export const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, liveClock)

// -----------------------------------------------------------------------------
// databases
// -----------------------------------------------------------------------------

let count = 0

export interface TestDatabase {
  readonly name: string
  readonly url: string
}

/** Runs a statement as the superuser, on a connection of its own. */
export const execute = (text: string, database = "postgres") =>
  live(
    Effect.scoped(
      Effect.flatMap(
        Layer.build(PgClient.layer({ url: Redacted.make(urlOf(database)), maxConnections: 1 })),
        (context) => Context.get(context, SqlClient).unsafe(text).unprepared
      )
    )
  )

/** An empty database, which is dropped with the scope. */
export const newDatabase: Effect.Effect<TestDatabase, unknown, Scope.Scope> = Effect.acquireRelease(
  Effect.suspend(() => {
    const name = `t${process.pid}_${++count}`
    return Effect.as(execute(`create database ${name}`), { name, url: urlOf(name) })
  }),
  ({ name }) => Effect.ignore(execute(`drop database ${name} with (force)`))
)

/** A client, with a pool of its own. */
export const clientOf = (url: string, options?: Partial<PgClient.PgPoolConfig>) =>
  live(
    Effect.map(Layer.build(PgClient.layer({ url: Redacted.make(url), ...options })), (context) =>
      Context.get(context, SqlClient)
    )
  )

const settings: Settings = {
  dialect: dialectOf("cano"),
  hasHistory: true,
  maxBatch: 1000,
  maxPayload: 4 * 1024 * 1024,
  migrate: "auto"
}

/** Opens a journal on a client. */
export const open = (sql: SqlClient, changes?: Partial<Settings>, clock: Clock.Clock = liveClock) =>
  make({ ...settings, ...changes }).pipe(
    Effect.provideService(SqlClient, sql),
    Effect.provideService(Clock.Clock, clock)
  )

// -----------------------------------------------------------------------------
// virtual time
// -----------------------------------------------------------------------------

/** The clock of a journal in virtual time: a table that only tests move. */
const virtual = dialectOf("cano", "(select now from test_clock)")

/** Removes all rows. */
const clear = tables.flatMap((text) => {
  const name = /^create table (\w+)/.exec(text)?.[1]
  return name === undefined || name === "cano_meta" ? [] : [`delete from ${name}`]
})

/** Sets the clock of the journal to that of the test. */
const tick = (sql: SqlClient) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    live(
      sql.unsafe(`insert into test_clock values (true, ${now}) on conflict (id) do update set now = excluded.now`)
        .unprepared
    )
  )

/** A database for the tests of a file in virtual time, which are run one after another. */
export const shared = () => {
  // It lives as long as the process.
  const scope = Scope.makeUnsafe()
  let made: Promise<SqlClient> | undefined
  const make = Effect.gen(function* () {
    const { url } = yield* newDatabase
    const sql = yield* clientOf(url, { maxConnections: 20 })
    yield* Effect.scoped(open(sql))
    yield* sql`create table test_clock (id boolean primary key, now bigint not null)`
    return sql
  })
  const client = Effect.promise(() => (made ??= Effect.runPromise(Scope.provide(make, scope))))
  const ready = Effect.tap(client, (sql) =>
    Effect.andThen(live(sql.unsafe(`do $$ begin ${clear.join(";")}; end $$`).unprepared), tick(sql))
  )
  return {
    advance: (millis: number) => Effect.orDie(Effect.andThen(TestClock.adjust(millis), Effect.flatMap(client, tick))),
    layer: (changes?: Partial<Settings>) =>
      Layer.effect(
        Journal.Journal,
        Effect.flatMap(ready, (sql) => open(sql, { dialect: virtual, ...changes }))
      ),
    pair: Effect.flatMap(ready, (sql) => Effect.all([open(sql, { dialect: virtual }), open(sql, { dialect: virtual })]))
  }
}
