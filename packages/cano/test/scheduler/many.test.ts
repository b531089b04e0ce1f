import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Trigger from "../../src/Trigger.ts"
import { makeScheduler } from "../support/scheduling.ts"

describe(
  "S7: one adjustment of a TestClock loses no tick of very many flows that are due at one instant",
  { timeout: 60_000 },
  () => {
    const jobs = { "at once": Effect.void, "after a pause": Effect.yieldNow }
    for (const count of [4096, 10_000]) {
      for (const [when, work] of Object.entries(jobs)) {
        for (const firstRun of ["atStart", "afterInterval"] as const) {
          it.effect(`${count} flows whose runs end ${when}, ${firstRun}`, () =>
            Effect.gen(function* () {
              const scheduler = yield* makeScheduler
              for (let flow = 0; flow < count; flow++) {
                yield* scheduler.add(`${flow}`, Trigger.every("1 minute", { firstRun }), work)
              }
              yield* scheduler.start
              yield* TestClock.adjust("4 minutes")
              yield* TestClock.adjust("10 seconds")
              const runs = firstRun === "atStart" ? 5 : 4
              for (const status of yield* scheduler.list) {
                assert.deepInclude(status, { runs, successes: runs, missed: 0, skipped: 0 })
              }
            })
          )
        }
      }
    }
  }
)
