/** The tests with real input and output that the guide to testing shows; they run with the others. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Workflow } from "effect-cano"

// #region subject
class Unreadable extends Data.TaggedError("Unreadable")<{}> {}

const read = (file: string) =>
  Effect.tryPromise({ try: () => readFile(new URL(file, import.meta.url), "utf8"), catch: () => new Unreadable() })

const Report = Schema.TaggedUnion({
  Read: { file: Schema.String },
  Wait: { length: Schema.Number },
  Sent: { length: Schema.Number },
  Lost: {}
})

const report = Workflow.make("report", Report, {
  initial: "Read",
  exits: ["Sent", "Lost"],
  states: {
    Read: {
      to: ["Wait", "Lost"],
      run: function* ({ file }) {
        return { _tag: "Wait", length: (yield* read(file)).length }
      },
      catch: { Unreadable: "Lost" }
    },
    Wait: { to: ["Sent"], run: ({ length }) => Effect.as(Effect.sleep("1 hour"), { _tag: "Sent", length }) }
  }
})
// #endregion

describe("report", () => {
  // #region plain
  it.effect("a file that is not there is lost", () =>
    Effect.gen(function* () {
      // no timer on the way: the clock has nothing to do with it
      const exit = yield* Workflow.run(report, { _tag: "Read", file: "./nothing.txt" })
      assert.deepStrictEqual(exit, { _tag: "Lost" })
    })
  )
  // #endregion

  // #region step
  it.effect("is sent after an hour", () =>
    Effect.gen(function* () {
      // real time passes here, and the clock of the test stands still
      const waiting = yield* Workflow.step(report, { _tag: "Read", file: "./real-io.test.ts" })
      assert.strictEqual(waiting._tag, "Wait")
      // only timers from here on, so the clock can be moved
      const run = yield* Effect.forkChild(Workflow.run(report, waiting))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(run))._tag, "Sent")
    })
  )
  // #endregion

  // #region with-live
  it.effect("reads the file in time", () =>
    Effect.gen(function* () {
      // the timeout of 5 seconds is one of real time
      const next = Workflow.step(report, { _tag: "Read", file: "./real-io.test.ts" })
      const { _tag } = yield* TestClock.withLive(Effect.timeout(next, "5 seconds"))
      assert.strictEqual(_tag, "Wait")
      // the test has its clock as before
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    })
  )
  // #endregion

  // #region live
  it.live("reads the file, without a TestClock", () =>
    Effect.gen(function* () {
      const { _tag } = yield* Workflow.step(report, { _tag: "Read", file: "./real-io.test.ts" })
      assert.strictEqual(_tag, "Wait")
    })
  )
  // #endregion
})
