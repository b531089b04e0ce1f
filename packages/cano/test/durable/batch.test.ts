import { assert, describe, it } from "@effect/vitest"
import * as Concurrent from "effect-cano/Concurrent"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import * as Durable from "effect-cano/Durable"
import * as DurableError from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly n: number }> {}

const State = Schema.TaggedUnion({ Work: { n: Schema.Number }, Done: { n: Schema.Number } })

/** Takes `n` seconds; fails if `n` is odd and asked to. Tells whom it ran for. */
const makeWork = (options: { readonly failOdd?: boolean } = {}) => {
  const ran: Array<number> = []
  const work = Workflow.make("work", State, {
    initial: "Work",
    exits: ["Done"],
    states: {
      Work: {
        to: ["Done"],
        run: ({ n }) =>
          Effect.gen(function* () {
            ran.push(n)
            yield* Effect.sleep(`${n} seconds`)
            if (options.failOdd === true && n % 2 === 1) return yield* Effect.fail(new Broken({ n }))
            return { _tag: "Done", n } as const
          })
      }
    }
  })
  return { ran, work }
}

const workerOf = (work: ReturnType<typeof makeWork>["work"], concurrency = 100) =>
  Durable.register(work).pipe(Layer.provideMerge(Durable.layer({ concurrency, drain: 0, poll: 100 })))

const instancesOf = (...ns: ReadonlyArray<number>) =>
  ns.map((n) => ({ id: String(n), state: { _tag: "Work", n } as const }))

const brief = (results: ReadonlyArray<Concurrent.Result<any, any>>) => results.map(({ _tag, id }) => `${id} ${_tag}`)

const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let second = 0; second < seconds; second++) yield* pass("1 second")
    return yield* Fiber.join(fiber)
  })

describe("a durable batch", () => {
  it.effect("gives the results in input order, with the counters", () => {
    const { work } = makeWork({ failOdd: true })
    return Effect.gen(function* () {
      const batch = Durable.batch(work, { batchId: "b", instances: instancesOf(4, 1, 2) })
      const { results, status } = yield* inTime(batch, 6)
      assert.deepStrictEqual(brief(results), ["4 Completed", "1 Failed", "2 Completed"])
      assert.deepInclude(status, { total: 3, completed: 2, failed: 1, cancelled: 0, end: "settled" })
      const [first, second] = results
      assert.deepStrictEqual(first, { _tag: "Completed", id: "4", value: { _tag: "Done", n: 4 } })
      const failure = second!._tag === "Failed" ? Cause.findErrorOption(second!.cause) : Option.none()
      assert.deepInclude(Option.getOrThrow(failure), { _tag: "RunFailed", errorTag: "Broken" })
      const { runs } = yield* Durable.list({ labels: { batch: "b" } })
      assert.deepStrictEqual(runs.map(({ runId }) => runId).toSorted(), ["b/1", "b/2", "b/4"])
    }).pipe(Effect.provide(workerOf(work)), Effect.provide(Journal.layerMemory))
  })

  it.effect("called again after a crash, runs what has not ended, and nothing twice", () => {
    const { ran, work } = makeWork()
    const batch = Durable.batch(work, { batchId: "b", instances: instancesOf(1, 2, 30, 40) })
    return Effect.gen(function* () {
      const first = yield* Effect.forkChild(Effect.provide(batch, workerOf(work)))
      for (let second = 0; second < 5; second++) yield* pass("1 second")
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(ran, [1, 2, 30, 40])
      const { results } = yield* inTime(Effect.provide(batch, workerOf(work)), 60)
      assert.deepStrictEqual(brief(results), ["1 Completed", "2 Completed", "30 Completed", "40 Completed"])
      assert.deepStrictEqual(ran, [1, 2, 30, 40, 30, 40])
    }).pipe(Effect.provide(Journal.layerMemory))
  })

  it.effect("cancels the others when the quota is reached, awaits them, and remembers it", () => {
    const { ran, work } = makeWork()
    const batch = Durable.batch(work, { batchId: "b", instances: instancesOf(50, 1, 60, 2), wait: Wait.quota(2) })
    return Effect.gen(function* () {
      const { results, status } = yield* inTime(batch, 5)
      assert.deepStrictEqual(brief(results), ["50 Cancelled", "1 Completed", "60 Cancelled", "2 Completed"])
      assert.deepInclude(status, { completed: 2, failed: 0, cancelled: 2, end: "quota" })
      const { runs } = yield* Durable.list({ labels: { batch: "b" }, status: ["cancelled"] })
      assert.lengthOf(runs, 2)
      const again = yield* inTime(batch, 2)
      assert.deepStrictEqual(again.results, results)
      assert.deepInclude(again.status, { completed: 2, failed: 0, cancelled: 2 })
      assert.lengthOf(ran, 4)
    }).pipe(Effect.provide(workerOf(work)), Effect.provide(Journal.layerMemory))
  })

  it.effect("leaves runs of others alone that stand in the way of an id", () => {
    const { work } = makeWork()
    return Effect.gen(function* () {
      yield* Durable.start(work, { runId: "b/9", state: { _tag: "Work", n: 90 } })
      const batch = Durable.batch(work, { batchId: "b", instances: instancesOf(9, 1), wait: Wait.quota(1) })
      const { results } = yield* inTime(batch, 3)
      assert.deepStrictEqual(brief(results), ["9 Failed", "1 Completed"])
      assert.strictEqual((yield* Durable.get("b/9")).isCancelRequested, false)
    }).pipe(Effect.provide(workerOf(work)), Effect.provide(Journal.layerMemory))
  })

  it.effect("fails with the journal, and goes on when it is called again", () => {
    const { ran, work } = makeWork()
    return Effect.gen(function* () {
      const journal = yield* Journal.Journal
      let isAway = false
      const failure = new DurableError.JournalFailure({ operation: "load", reason: "Unavailable" })
      const failing = Layer.succeed(Journal.Journal, {
        ...journal,
        load: (runId) => (isAway ? Effect.fail(failure) : journal.load(runId))
      })
      yield* Effect.gen(function* () {
        const batch = Durable.batch(work, { batchId: "b", instances: instancesOf(1, 2) })
        isAway = true
        assert.strictEqual(yield* Effect.flip(inTime(batch, 3)), failure)
        isAway = false
        assert.deepStrictEqual(brief((yield* inTime(batch, 3)).results), ["1 Completed", "2 Completed"])
        assert.deepStrictEqual(ran, [1, 2])
      }).pipe(Effect.provide(workerOf(work)), Effect.provide(failing))
    }).pipe(Effect.provide(Journal.layerMemory))
  })

  it.effect("takes thousands of instances", () => {
    const { work } = makeWork()
    return Effect.gen(function* () {
      const instances = Array.from({ length: 3000 }, (_, index) => ({
        id: String(index),
        state: { _tag: "Work", n: 0 } as const
      }))
      const { status } = yield* inTime(Durable.batch(work, { batchId: "b", instances }), 30)
      assert.strictEqual(status.completed, 3000)
    }).pipe(Effect.provide(workerOf(work)), Effect.provide(Journal.layerMemory))
  })

  it.effect("refuses ids that no run can have, and two of one name", () => {
    const { work } = makeWork()
    return Effect.gen(function* () {
      const wrong = yield* Effect.flip(Durable.batch(work, { batchId: "b~", instances: instancesOf(1) }))
      assert.strictEqual(wrong._tag, "InvalidRun")
      assert.throws(
        () => Durable.batch(work, { batchId: "b", instances: instancesOf(1, 1) }),
        ConfigurationError,
        'two instances have the id "1"'
      )
    }).pipe(Effect.provide(Durable.layerClient), Effect.provide(Journal.layerMemory))
  })
})
