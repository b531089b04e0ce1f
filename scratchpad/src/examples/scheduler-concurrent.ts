/**
 * Cano's scheduled concurrent workflows: every 30 seconds ten instances, of which eight successes are waited for; and its
 * monitoring loop, which shows the counters of the last batch.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Scheduler from "effect-cano/Scheduler"
import * as Trigger from "effect-cano/Trigger"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

const Item = Schema.TaggedUnion({ Process: { item: Schema.Number }, Done: {} })

const processing = Workflow.make("processing", Item, {
  initial: "Process",
  exits: ["Done"],
  states: {
    Process: {
      to: ["Done"],
      run: function* ({ item }) {
        yield* Effect.sleep(item * 100)
        if (item % 7 === 0) return yield* Effect.fail("bad item" as const)
        return { _tag: "Done" }
      }
    }
  }
})

// #region flows
const instances = Array.from({ length: 10 }, (_, index) => ({
  id: `item_${index + 1}`,
  state: { _tag: "Process" as const, item: index + 1 }
}))

const batch = Concurrent.workflow(processing, { instances, wait: Wait.quota(8) })

const flows = [
  Scheduler.flow("batch_process", Trigger.every("30 seconds"), batch),
  Scheduler.flow("daily_reports", Trigger.cron("0 2 * * *"), batch),
  Scheduler.flow("emergency_sync", Trigger.manual, batch)
]
// #endregion

// #region monitor
const monitor = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  for (const { id, lastCounters, runs } of yield* scheduler.list) {
    if (lastCounters === undefined) continue
    const { cancelled, completed, failed, total } = lastCounters
    yield* Console.log(
      `${id}: run ${runs}, ${completed} of ${total} completed, ${failed} failed, ${cancelled} cancelled`
    )
  }
})
// #endregion

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler.Scheduler
  yield* TestClock.adjust("10 seconds")
  for (let minute = 0; minute < 3; minute++) {
    yield* monitor
    yield* TestClock.adjust("1 minute")
  }
  yield* scheduler.trigger("emergency_sync")
  yield* TestClock.adjust("10 seconds")
  yield* monitor
})

NodeRuntime.runMain(program.pipe(Effect.provide(Scheduler.layerFlows(flows)), Effect.provide(TestClock.layer())))
