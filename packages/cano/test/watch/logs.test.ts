import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as Interpreter from "../../src/Interpreter.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

class Down extends Data.TaggedError("Down")<{}> {}

const Tags = Schema.Literals(["A", "B", "Done"])

/** Logs in each attempt of two states, the first of which is retried once. */
const logging = () => {
  let failures = 1
  const fetch = Effect.andThen(
    Effect.log("fetching"),
    Effect.suspend(() => (failures-- > 0 ? Effect.fail(new Down()) : Effect.succeed("B" as const)))
  )
  return Workflow.make("page", Tags, {
    initial: "A",
    exits: ["Done"],
    states: {
      A: { to: ["B"], run: Task.make({ run: fetch, retry: Retry.fixed(1, 0) }) },
      B: { to: ["Done"], run: Effect.as(Effect.log("storing"), "Done") }
    }
  })
}

/** What a logger of a console would print, and the annotations as they are at the log call. */
const linesOf = (program: Effect.Effect<unknown, unknown>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ fiber }) => {
    lines.push(inspect(fiber.getRef(References.CurrentLogAnnotations), { breakLength: Infinity }))
  })
  return Effect.map(inVirtualTime(Effect.provide(program, Logger.layer([logger]))), () => lines)
}

const line = (state: string, attempt: number, more = "") =>
  `{ 'cano.workflow.name': 'page', 'cano.state.name': '${state}', 'cano.attempt': ${attempt}${more} }`

describe("log annotations are plain values, right at the log call", () => {
  it.effect("in a run that nobody watches", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(Workflow.run(logging()))
      assert.deepStrictEqual(lines, [line("A", 1), line("A", 2), line("B", 1)])
    })
  )

  it.effect("in a run that is observed, with its id", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(Observer.record(Workflow.run(logging())))
      const id = ", 'cano.run.id': '1'"
      assert.deepStrictEqual(lines, [line("A", 1, id), line("A", 2, id), line("B", 1, id)])
    })
  )

  it.effect("in a run with interceptors, with the id that it was given", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(Interpreter.run(logging(), { id: "page-7", interceptors: [] }))
      const id = ", 'cano.run.id': 'page-7'"
      assert.deepStrictEqual(lines, [line("A", 1, id), line("A", 2, id), line("B", 1, id)])
    })
  )
})
