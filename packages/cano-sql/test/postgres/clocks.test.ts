/** Workers whose clocks are wrong. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { clientOf, live, missing, newDatabase, open } from "../support/journals.ts"
import { claimOf, ownedRun as newRun, row, workerOf } from "effect-cano-testing/JournalRows"

const hour = 3_600_000

/** A clock that is so many milliseconds ahead. */
const shifted = (by: number) =>
  Effect.map(Clock.Clock, (clock): Clock.Clock =>
    Object.assign(Object.create(clock) as Clock.Clock, {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + by,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + by)
    })
  )

describe.skipIf(missing !== undefined)("clocks", { timeout: 60_000 }, () => {
  it.effect("J11: two workers with clocks two hours apart wake nothing early, and take nothing over", () =>
    Effect.gen(function* () {
      const { url } = yield* newDatabase
      const openAt = (by: number) =>
        Effect.gen(function* () {
          const clock = yield* shifted(by)
          const sql: SqlClient = yield* clientOf(url)
          const journal = yield* open(sql, {}, clock)
          const at = <A, E>(effect: Effect.Effect<A, E>) => Effect.provideService(effect, Clock.Clock, clock)
          return { journal, at }
        })
      const behind = yield* openAt(-hour)
      const ahead = yield* openAt(hour)
      yield* behind.at(behind.journal.beat(workerOf("behind")))
      yield* ahead.at(ahead.journal.beat(workerOf("ahead")))
      yield* behind.at(behind.journal.create(newRun("running", { owner: "behind" })))
      yield* ahead.at(ahead.journal.create(newRun("other", { owner: "ahead" })))
      yield* behind.at(behind.journal.create(newRun("sleeps", { owner: "behind" })))
      yield* behind.at(
        behind.journal.append(row("sleeps", 1, { owner: "behind", status: "waiting", wake: { in: 60_000 } }))
      )
      for (const [name, { at, journal }] of Object.entries({ ahead, behind })) {
        const claimed = yield* at(journal.claim(claimOf(name)))
        assert.deepStrictEqual(claimed.runs, [])
        assert.closeTo(claimed.nextDueIn!, 60_000, 10_000)
      }
      // The times are those of the database, whoever wrote them.
      const heads = yield* ahead.journal.heads(["running", "other"])
      assert.closeTo(heads[0]!.createdAt, heads[1]!.createdAt, 10_000)
    }).pipe(live)
  )
})
