/** Hints between processes, also after the connection that listens was lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { clientOf, execute, missing, newDatabase, open } from "../support/journals.ts"
import { ownedRun as newRun } from "effect-cano-testing/JournalRows"

describe.skipIf(missing !== undefined)("hints", { timeout: 60_000 }, () => {
  it.live("J10: a run that one process creates is told to another one, again after its listener was cut off", () =>
    Effect.gen(function* () {
      const { name, url } = yield* newDatabase
      const writer = yield* Effect.flatMap(clientOf(url), (sql) => open(sql))
      const reader = yield* Effect.flatMap(clientOf(url), (sql) => open(sql))
      const heard = new Set<string>()
      yield* Effect.forkScoped(
        Stream.runForEach(reader.hints, (runId) => Effect.sync(() => void heard.add(runId.split("/")[0]!)))
      )
      /** Creates runs until one is heard of: hints that come while nobody listens are lost. */
      const hears = (prefix: string, n = 0): Effect.Effect<void, unknown> =>
        Effect.andThen(
          writer.create(newRun(`${prefix}/${n}`, { owner: undefined })),
          Effect.delay(
            Effect.suspend(() => (heard.has(prefix) ? Effect.void : hears(prefix, n + 1))),
            50
          )
        )
      yield* hears("first")
      const cut = yield* execute(
        `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
         where datname = '${name}' and query like 'LISTEN%'`
      )
      assert.isAbove((cut[0] as { readonly n: number }).n, 0)
      yield* Effect.sleep(100)
      yield* hears("second")
    })
  )
})
