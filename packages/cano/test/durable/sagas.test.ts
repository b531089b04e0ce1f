import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { pass } from "../support/durable.ts"

const Trip = Schema.TaggedUnion({
  Flight: { n: Schema.Number },
  Hotel: { n: Schema.Number },
  Rest: {},
  Booked: {},
  Given: {}
})

/** A trip that undoes what it has booked, and what it undid. */
const trip = (end: "Booked" | "Given" | "failure" | "defect" | "rest") => {
  const undone: Array<string> = []
  const workflow = Workflow.make("trip", Trip, {
    initial: "Flight",
    exits: ["Booked", "Given"],
    compensateOn: ["Given"],
    states: {
      Flight: {
        to: ["Hotel"],
        run: ({ n }) => Effect.succeed({ _tag: "Hotel", n: n + 1 }),
        compensate: (entered, next) =>
          Effect.sync(
            () =>
              void undone.push(
                `Flight ${entered.n} ${Option.match(next, { onNone: () => "-", onSome: ({ _tag }) => _tag })}`
              )
          )
      },
      Hotel: {
        to: ["Rest", "Booked", "Given"],
        run: ({ n }) => {
          if (end === "rest") return Effect.succeed({ _tag: "Rest" })
          if (end === "failure") return Effect.fail(`no room ${n}`)
          return end === "defect" ? Effect.die("bad") : Effect.succeed({ _tag: end })
        },
        compensate: (entered, next) =>
          Effect.sync(
            () =>
              void undone.push(
                `Hotel ${entered.n} ${Option.match(next, { onNone: () => "-", onSome: ({ _tag }) => _tag })}`
              )
          )
      },
      Rest: { to: ["Booked"], run: Task.sleep("1 hour", { _tag: "Booked" }) }
    }
  })
  const worker = Durable.register(workflow).pipe(
    Layer.provideMerge(Durable.layer()),
    Layer.provide(Journal.layerMemory)
  )
  return { undone, workflow, worker }
}

const start = { runId: "t", state: { _tag: "Flight", n: 1 } } as const

const rows = Effect.map(Stream.runCollect(Durable.history("t")), (steps) =>
  Array.from(steps, ({ phase, sequence, status, tag }) => `${sequence} ${status} ${phase} ${tag}`)
)

describe("durable sagas", () => {
  for (const end of ["failure", "defect"] as const)
    it.effect(`a ${end} compensates the states, the one in flight first`, () =>
      Effect.gen(function* () {
        const { undone, worker, workflow } = trip(end)
        yield* Effect.gen(function* () {
          const failed = yield* Effect.flip(Durable.run(workflow, start))
          assert.strictEqual(typeof failed === "object" && failed._tag, "RunFailed")
          assert.deepStrictEqual(undone, ["Hotel 2 -", "Flight 1 Hotel"])
          assert.deepStrictEqual(yield* rows, [
            "0 running forward Flight",
            "1 running forward Hotel",
            "2 running compensating Hotel",
            "3 running compensating Hotel",
            "4 running compensating Hotel",
            "5 failed forward Hotel"
          ])
        }).pipe(Effect.provide(worker))
      })
    )

  it.effect("an exit of compensateOn compensates, and is still the exit", () =>
    Effect.gen(function* () {
      const { undone, worker, workflow } = trip("Given")
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* Durable.run(workflow, start), { _tag: "Given" })
        assert.deepStrictEqual(undone, ["Hotel 2 Given", "Flight 1 Hotel"])
      }).pipe(Effect.provide(worker))
    })
  )

  it.effect("a compensation that fails is told of, and the others run", () =>
    Effect.gen(function* () {
      class Stuck extends Schema.TaggedError<Stuck>()("Stuck", { at: Schema.String }) {}
      const undone: Array<string> = []
      const sticky = (fails: boolean) =>
        Workflow.make("sticky", Schema.Literals(["A", "B", "C", "Back"]), {
          initial: "A",
          exits: ["Back"],
          compensateOn: ["Back"],
          states: {
            A: { to: ["B"], run: () => "B", compensate: () => Effect.sync(() => void undone.push("A")) },
            B: { to: ["C"], run: () => "C", compensate: () => Effect.fail(new Stuck({ at: "B" })) },
            C: { to: ["Back"], run: () => (fails ? Effect.die("bad") : Effect.succeed("Back" as const)) }
          }
        })
      for (const fails of [false, true]) {
        const workflow = sticky(fails)
        const worker = Durable.register(workflow, { errors: Stuck }).pipe(
          Layer.provideMerge(Durable.layer()),
          Layer.provide(Journal.layerMemory)
        )
        yield* Effect.gen(function* () {
          const error = yield* Effect.flip(Durable.run(workflow, { runId: "s" }))
          // an exit that cannot be undone is a failure; the failure of a run comes before that of its compensation
          assert.strictEqual(error._tag, fails ? "RunFailed" : "Stuck")
          const info = yield* Durable.get("s")
          assert.strictEqual(info.status, "failed")
          assert.include(info.error ?? "", "the compensation of B failed")
        }).pipe(Effect.provide(worker))
      }
      assert.deepStrictEqual(undone, ["A", "A"])
    })
  )

  it.effect("another exit compensates nothing", () =>
    Effect.gen(function* () {
      const { undone, worker, workflow } = trip("Booked")
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* Durable.run(workflow, start), { _tag: "Booked" })
        assert.deepStrictEqual(undone, [])
      }).pipe(Effect.provide(worker))
    })
  )

  it.effect("a run that is cancelled while it sleeps compensates before it ends", () =>
    Effect.gen(function* () {
      const { undone, worker, workflow } = trip("rest")
      yield* Effect.gen(function* () {
        yield* Durable.start(workflow, start)
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("t")).status, "waiting")
        assert.strictEqual(yield* Durable.cancel("t"), "Requested")
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("t")).status, "cancelled")
        assert.deepStrictEqual(undone, ["Hotel 2 Rest", "Flight 1 Hotel"])
        const cancelled = yield* Effect.flip(Durable.awaitOutcome(workflow, "t"))
        assert.strictEqual(typeof cancelled === "object" && cancelled._tag, "RunCancelled")
      }).pipe(Effect.provide(worker))
    })
  )
})
