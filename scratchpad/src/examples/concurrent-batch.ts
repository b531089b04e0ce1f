/**
 * Cano's batch with a quota: many instances of one workflow, each with an id, a state to start in and a store of its
 * own, at most four at a time; ten successes are enough. Runs in virtual time.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Store from "effect-cano/Store"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

// #region workflow
class Unreadable extends Data.TaggedError("Unreadable")<{ readonly page: number }> {}

const Page = Schema.TaggedUnion({
  Fetch: { page: Schema.Number },
  Parse: {},
  Done: { words: Schema.Number }
})

const Text = Store.key("text", Schema.String)

const index = Workflow.make("index", Page, {
  initial: "Fetch",
  exits: ["Done"],
  states: {
    Fetch: {
      to: ["Parse"],
      run: function* ({ page }) {
        yield* Effect.sleep(20 + ((page * 7) % 5) * 10)
        if (page % 6 === 5) return yield* new Unreadable({ page })
        yield* Store.put(Text, "word ".repeat(page + 1).trim())
        return { _tag: "Parse" }
      }
    },
    Parse: {
      to: ["Done"],
      run: function* () {
        const text = yield* Store.get(Text)
        return { _tag: "Done", words: text.split(" ").length }
      }
    }
  }
})
// #endregion

// #region batch
const batch = Concurrent.workflow(index, {
  instances: Array.from({ length: 20 }, (_, page) => ({ id: `page ${page}`, state: { _tag: "Fetch", page } as const })),
  layer: Store.MemoryStore.layer, // a new store for each instance
  wait: Wait.quota(10),
  concurrency: 4
})
// #endregion

// #region results
const report = Effect.gen(function* () {
  const { results, status } = yield* batch
  for (const result of results) {
    switch (result._tag) {
      case "Completed":
        yield* Console.log(`${result.id}: ${result.value.words} words`)
        break
      case "Failed":
        yield* Console.log(`${result.id}: failed`)
        break
      case "Cancelled":
        break
    }
  }
  yield* Console.log(
    `${status.completed} completed, ${status.failed} failed, ${status.cancelled} cancelled of ${status.total}`
  )
})
// #endregion

const program = Effect.gen(function* () {
  const run = yield* Effect.forkChild(report)
  yield* TestClock.adjust("1 minute")
  yield* Fiber.join(run)
})

NodeRuntime.runMain(Effect.provide(program, TestClock.layer()))
