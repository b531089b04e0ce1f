/**
 * Cano's strategies side by side, in virtual time: the same five instances under each, drawn as a timeline. A character
 * is 10 ms.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

const Job = Schema.TaggedUnion({
  Work: { millis: Schema.Number, isBroken: Schema.Boolean },
  Done: {}
})

const job = Workflow.make("job", Job, {
  initial: "Work",
  exits: ["Done"],
  states: {
    Work: {
      to: ["Done"],
      run: function* ({ millis, isBroken }) {
        yield* Effect.sleep(millis)
        if (isBroken) return yield* Effect.fail("broken" as const)
        return { _tag: "Done" }
      }
    }
  }
})

const instances = [
  { id: "a", state: { _tag: "Work", millis: 100, isBroken: false } },
  { id: "b", state: { _tag: "Work", millis: 300, isBroken: false } },
  { id: "c", state: { _tag: "Work", millis: 50, isBroken: true } },
  { id: "d", state: { _tag: "Work", millis: 200, isBroken: false } },
  { id: "e", state: { _tag: "Work", millis: 150, isBroken: false } }
] as const

// #region strategies
const strategies = [
  Wait.all,
  Wait.any,
  Wait.quota(3),
  Wait.quota(3, { count: "settled" }),
  Wait.percentage(50),
  Wait.duration("180 millis"),
  Wait.quotaOrDuration(3, "180 millis"),
  Wait.quota(5)
]
// #endregion

const signs = { Completed: "✓", Failed: "✗", Cancelled: "│" }

const show = Effect.fnUntraced(function* (wait: Wait.Wait) {
  const run = yield* Effect.forkChild(Concurrent.workflow(job, { instances, wait }))
  yield* TestClock.adjust("1 second")
  const { results, status } = yield* Fiber.join(run)
  yield* Console.log(`Wait: ${Wait.format(wait)}`)
  for (const [index, { _tag, id }] of results.entries()) {
    const { millis } = instances[index]!.state
    const until = _tag === "Cancelled" ? Duration.toMillis(status.duration) : millis
    yield* Console.log(`  ${id} ${"─".repeat(until / 10)}${signs[_tag]}`)
  }
  const { cancelled, completed, duration, end, failed } = status
  yield* Console.log(
    `  ${end} after ${Duration.toMillis(duration)} ms: ${completed} completed, ${failed} failed, ${cancelled} cancelled\n`
  )
})

NodeRuntime.runMain(Effect.provide(Effect.forEach(strategies, show, { discard: true }), TestClock.layer()))
