/**
 * `pnpm demo --durable`: the same runs, each kept in a SQLite file. Killed and started again, the demo goes on.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Durable from "effect-cano/Durable"
import * as Store from "effect-cano/Store"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"
import * as Report from "./report.ts"
import { order, outcomeOf, start } from "./workflow.ts"

const idOf = (index: number) => `film-${index + 1}`

const runDurably = (row: unknown, index: number) =>
  Effect.flatMap(Durable.run(order, { runId: idOf(index), state: start(row) }), (exit) =>
    outcomeOf(row, index, exit).pipe(Effect.provideServiceEffect(Store.MemoryStore, Durable.store(idOf(index))))
  )

/** All runs of the journal, page by page. */
const allRuns = Effect.gen(function* () {
  const runs: Array<Durable.Info> = []
  let after: string | undefined
  do {
    const page = yield* Durable.list({ workflow: "order", limit: 1000, after })
    runs.push(...page.runs)
    after = page.next
  } while (after !== undefined)
  return runs
})

const sayWhatIsThere = Effect.fnUntraced(function* (total: number) {
  const runs = yield* allRuns
  if (runs.length === 0) return
  const done = runs.filter(({ endedAt }) => endedAt !== undefined).length
  const begun = runs.length - done
  if (done >= total) return yield* Console.log("All runs of this journal are done: nothing runs again.")
  yield* Console.log(
    `The journal has ${Report.grouped(done)} runs that are done, and ${Report.grouped(begun)} that go on where they were.`
  )
})

/** Counts what the journal says of each record. */
const sayLedger = Effect.fnUntraced(function* (total: number) {
  const runs = yield* allRuns
  const ended = runs.filter(({ status }) => status === "done").length
  const taken = runs.filter(({ fence }) => fence > 1).length
  yield* Console.log(
    `Ledger: ${Report.grouped(total)} records, ${Report.grouped(runs.length)} runs, ${Report.grouped(ended)} of them ended once and none twice; ` +
      `${Report.grouped(taken)} went on after a process had left them.`
  )
})

export const runAllDurably = Effect.fnUntraced(function* (
  rows: ReadonlyArray<unknown>,
  concurrency: number,
  file: string
) {
  const worker = Durable.register(order).pipe(
    Layer.provideMerge(Durable.layer({ concurrency, staleAfter: "3 seconds", poll: "250 millis" })),
    Layer.provide(SqliteJournal.layer({ file }))
  )
  const all = Effect.gen(function* () {
    yield* sayWhatIsThere(rows.length)
    const onProgress = yield* Report.progress(rows.length)
    let completed = 0
    const outcomes = yield* Effect.forEach(
      rows,
      (row, index) =>
        Effect.tap(runDurably(row, index), () =>
          Effect.sync(() => onProgress({ total: rows.length, completed: ++completed, failed: 0, running: 0 }))
        ),
      { concurrency: "unbounded" }
    )
    yield* sayLedger(rows.length)
    return outcomes
  })
  return yield* Effect.scoped(all).pipe(Effect.provide(worker), Effect.orDie)
})
