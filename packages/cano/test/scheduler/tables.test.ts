/** The tables of docs/scheduler.md list all that the types have, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Trigger from "../../src/Trigger.ts"
import { namesIn, tableOf } from "../support/contract.ts"

/** The compiler refuses a key that is missing here, and one that the type does not have. */
type Names<Keys extends PropertyKey> = Readonly<Record<Keys, true>>

const options = {
  overlap: true,
  missed: true,
  jitter: true,
  timeout: true,
  maxRuns: true,
  startAt: true,
  endAt: true,
  backoff: true,
  debounce: true,
  trip: true,
  span: true
} satisfies Names<keyof Scheduler.Options<Duration.Input>>

const schedulerOptions = { grace: true, buffer: true, journal: true } satisfies Names<keyof Scheduler.SchedulerOptions>

const reasons = {
  overlap: true,
  queueFull: true,
  superseded: true,
  paused: true,
  backoff: true,
  tripped: true,
  maxRuns: true,
  stopped: true,
  cancelled: true
} satisfies Names<Scheduler.SkipReason>

const events = {
  SchedulerStarted: {},
  SchedulerStopping: {},
  SchedulerStopped: { interrupted: true },
  Added: { flow: true },
  Removed: { flow: true },
  RunStarted: { flow: true, run: true, due: true, by: true, waited: true },
  RunWaiting: { flow: true, due: true },
  RunEnded: { flow: true, run: true, outcome: true },
  Skipped: { flow: true, due: true, reason: true, run: true, waited: true },
  Missed: { flow: true, from: true, count: true },
  TakenElsewhere: { flow: true, from: true, count: true },
  Paused: { flow: true },
  Resumed: { flow: true },
  BackedOff: { flow: true, until: true, streak: true },
  Tripped: { flow: true, streak: true },
  Reset: { flow: true },
  Completed: { flow: true },
  JournalAway: { reason: true },
  JournalBack: {},
  Lost: { count: true }
} satisfies {
  readonly [Tag in Scheduler.Event["_tag"]]: Names<
    Exclude<keyof Extract<Scheduler.Event, { readonly _tag: Tag }>, "_tag" | "at">
  >
}

const rowsOf = (table: string) => tableOf(table, "scheduler.md")

const firstColumnOf = (table: string): ReadonlyArray<string> =>
  rowsOf(table).flatMap(([cell]) => namesIn(cell!).map(({ name }) => name))

describe("the tables of docs/scheduler.md", () => {
  for (const [table, names] of Object.entries({ options, "scheduler options": schedulerOptions, reasons })) {
    it(`list all ${table}`, () => {
      assert.deepStrictEqual(firstColumnOf(table), Object.keys(names))
    })
  }

  it("list all events with all their fields", () => {
    const documented = rowsOf("events").map(([tag, fields]) => [
      namesIn(tag!)[0]!.name,
      namesIn(fields!).map(({ name }) => name)
    ])
    assert.deepStrictEqual(
      documented,
      Object.entries(events).map(([tag, fields]) => [tag, Object.keys(fields)])
    )
  })

  it.effect("list all that a status has", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler.make({ grace: 0 })
      const flow = yield* scheduler.add("flow", Trigger.manual, Effect.void)
      const status = yield* scheduler.status(flow)
      assert.deepStrictEqual(firstColumnOf("status").toSorted(), Object.keys(status).toSorted())
    })
  )
})
