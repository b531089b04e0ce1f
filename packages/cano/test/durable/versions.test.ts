import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"

const Before = Schema.TaggedUnion({
  Start: {},
  Pay: { amount: Schema.Number },
  Wait: { id: Schema.String },
  Done: {}
})

const before = Workflow.make("order", Before, {
  initial: "Start",
  exits: ["Done"],
  states: {
    Start: { to: ["Pay"], run: () => ({ _tag: "Pay", amount: 1 }) },
    Pay: { to: ["Wait", "Done"], run: () => ({ _tag: "Wait", id: "a" }) },
    Wait: { to: ["Done"], run: Task.sleep("30 days", { _tag: "Done" }) }
  }
})

const Now = Schema.TaggedUnion({
  Start: {},
  Pay: { amount: Schema.Number, currency: Schema.String },
  Ship: {},
  Wait: { id: Schema.String.annotate({ description: "of the parcel" }) },
  Done: {}
})

const now = Workflow.make("order", Now, {
  initial: "Start",
  exits: ["Done"],
  states: {
    Start: { to: ["Pay", "Done"], run: () => ({ _tag: "Done" }) },
    Pay: { to: ["Wait"], run: () => ({ _tag: "Wait", id: "a" }) },
    Wait: { to: ["Ship"], run: () => ({ _tag: "Ship" }) },
    Ship: { to: ["Done"], run: () => ({ _tag: "Done" }) }
  }
})

describe("versions of a workflow", () => {
  it.effect("D7: the changes since a run's version are named, and a warning tells that nobody knows it", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const journal = yield* Journal.Journal
      const mine = Layer.succeed(Journal.Journal, journal)
      const seldom = { poll: "1 hour", staleAfter: "1 day" } as const
      yield* Effect.gen(function* () {
        yield* Durable.start(before, { runId: "r" })
        yield* pass("1 second")
        assert.deepStrictEqual(yield* Durable.changes(before, "r"), [])
      }).pipe(
        Effect.provide(Durable.register(before).pipe(Layer.provideMerge(Durable.layer(seldom)), Layer.provide(mine)))
      )
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* Durable.changes(now, "r"), [
          { _tag: "StateAdded", state: "Ship" },
          { _tag: "PayloadChanged", state: "Pay" },
          { _tag: "EdgeAdded", from: "Ship", to: "Done" },
          { _tag: "EdgeAdded", from: "Start", to: "Done" },
          { _tag: "EdgeAdded", from: "Wait", to: "Ship" },
          { _tag: "EdgeRemoved", from: "Pay", to: "Done" },
          { _tag: "EdgeRemoved", from: "Wait", to: "Done" }
        ])
        yield* pass("6 minutes")
        const warning = lines.filter((line) => String(line).includes('Runs of workflow "order" wait'))
        assert.strictEqual(warning.length, 2) // at the registration, and five minutes later
      }).pipe(
        Effect.provide(
          Durable.register(now).pipe(
            Layer.provideMerge(Durable.layer(seldom)),
            Layer.provide(mine),
            Layer.provideMerge(logger)
          )
        )
      )
    }).pipe(Effect.provide(Journal.layerMemory))
  )

  it.effect("D7: a run that no worker has ever known is warned of", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      yield* Effect.gen(function* () {
        yield* Durable.start(before, { runId: "r" })
        yield* pass("6 minutes")
        assert.strictEqual(lines.filter((line) => line.includes('Runs of workflow "order" wait')).length, 1)
      }).pipe(
        Effect.provide(
          Durable.layer({ poll: "1 hour", staleAfter: "1 day" }).pipe(
            Layer.provide(Journal.layerMemory),
            Layer.provideMerge(logger)
          )
        )
      )
    })
  )

  it.effect("a run that compensates goes on with the compensations of the new version", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      let isStuck = true
      const Old = Schema.TaggedUnion({ A: { id: Schema.String }, B: {}, Done: {} })
      const New = Schema.TaggedUnion({ A: { order: Schema.String }, B: {}, Done: {} })
      const old = Workflow.make("saga", Old, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: () => ({ _tag: "B" }),
            compensate: () => Effect.suspend(() => (isStuck ? Effect.never : Effect.void))
          },
          B: { to: ["Done"], run: () => Effect.fail("no") }
        }
      })
      const renewed = Workflow.make("saga", New, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: () => ({ _tag: "B" }),
            compensate: ({ order }) => Effect.sync(() => void log.push(`undo ${order}`))
          },
          B: { to: ["Done"], run: () => Effect.sync(() => (log.push("B again"), { _tag: "Done" as const })) }
        }
      })
      const journal = yield* Journal.Journal
      const mine = Layer.succeed(Journal.Journal, journal)
      yield* Effect.andThen(Durable.start(old, { runId: "s", state: { _tag: "A", id: "7" } }), pass("1 second")).pipe(
        Effect.provide(Durable.register(old).pipe(Layer.provideMerge(Durable.layer({ drain: 0 })), Layer.provide(mine)))
      )
      isStuck = false
      const migration = Durable.migration(Old, (state): typeof New.Type =>
        state._tag === "A" ? { _tag: "A", order: state.id } : state
      )
      yield* Effect.gen(function* () {
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("s")).status, "failed")
        assert.deepStrictEqual(log, ["undo 7"])
        // and the id is still the run that it was
        yield* Durable.start(renewed, { runId: "s", state: { _tag: "A", order: "7" } })
        yield* Durable.restart(renewed, { from: "s", sequence: 0, runId: "s2" })
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("s2")).status, "done")
      }).pipe(
        Effect.provide(
          Durable.register(renewed, { migrations: [migration] }).pipe(
            Layer.provideMerge(Durable.layer()),
            Layer.provide(mine)
          )
        )
      )
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})
