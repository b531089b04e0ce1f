/** The log lines of durable runs and of their worker. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as TestJournal from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import { compensated, machine, plain, toEnd, working } from "../support/durableScenarios.ts"

/** The message and the annotations of each line, the random part of the worker's name cut off. */
const linesOf = (program: Effect.Effect<unknown, unknown>) => {
  const lines: Array<readonly [string, Readonly<Record<string, unknown>>]> = []
  const logger = Logger.make(({ fiber, message }) => {
    const { "cano.worker.name": worker, ...rest } = fiber.getRef(References.CurrentLogAnnotations)
    const name = String(worker).replace(/-[0-9a-z]{16}$/, "")
    lines.push([String(Array.isArray(message) ? message[0] : message), { "cano.worker.name": name, ...rest }])
  })
  return Effect.map(inVirtualTime(Effect.provide(program, Logger.layer([logger]))), () => lines)
}

const inRun = { "cano.worker.name": "mail", "cano.run.id": "r", "cano.attempt": 1 }

describe("the log annotations of a durable run", () => {
  it.effect("its tasks name the run and the worker, and nothing of who started it", () =>
    Effect.gen(function* () {
      const logging = machine("logging", Effect.as(Effect.log("here"), "Done"))
      const run = working(logging, Effect.annotateLogs(toEnd(logging), "request", "1"), { worker: "mail" })
      const lines = yield* linesOf(Effect.provide(Effect.annotateLogs(run, "app", "shop"), Journal.layerMemory))
      assert.deepStrictEqual(lines, [
        ["here", { ...inRun, app: "shop", "cano.workflow.name": "logging", "cano.state.name": "Work" }]
      ])
    })
  )

  it.effect("its compensations name the state that is undone", () =>
    Effect.gen(function* () {
      const saga = compensated(Effect.log("undone"))
      const lines = yield* linesOf(Effect.provide(working(saga, toEnd(saga), { worker: "mail" }), Journal.layerMemory))
      assert.deepStrictEqual(lines, [
        ["undone", { ...inRun, "cano.workflow.name": "compensated", "cano.state.name": "Start" }]
      ])
    })
  )

  it.effect("a worker names itself", () =>
    Effect.gen(function* () {
      const broken = TestJournal.make(yield* Effect.service(Journal.Journal), ({ operation }) =>
        operation === "claim" ? "FailBefore" : undefined
      )
      const idle = working(plain, Effect.andThen(Durable.start(plain, { runId: "r" }), Effect.sleep("1 second")), {
        worker: "mail"
      })
      const lines = yield* linesOf(Effect.provideService(idle, Journal.Journal, broken.journal))
      assert.isNotEmpty(lines)
      for (const [message, annotations] of lines) {
        assert.strictEqual(message, "Durable runs could not be claimed")
        assert.deepStrictEqual(annotations, { "cano.worker.name": "mail" })
      }
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})
