import { assert, describe, it } from "@effect/vitest"
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Signal from "effect-cano/Signal"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { pass } from "../support/durable.ts"

const Note = Store.key("note", Schema.String)

class Declined extends Schema.TaggedError<Declined>("Declined")("Declined", { amount: Schema.Number }) {}

const Child = Schema.TaggedUnion({ Ask: { amount: Schema.Number }, Paid: { receipt: Schema.String } })

const payment = Workflow.make("payment", Child, {
  initial: "Ask",
  exits: ["Paid"],
  states: {
    Ask: {
      to: ["Paid"],
      run: Effect.fnUntraced(function* ({ amount }: { readonly amount: number }) {
        if (amount > 10) return yield* new Declined({ amount })
        const note = yield* Store.get(Note)
        yield* Store.put(Note, `${note}, paid`)
        return { _tag: "Paid", receipt: `r${amount}` } as const
      })
    }
  }
})

const Order = Schema.TaggedUnion({
  Start: { amount: Schema.Number },
  Pay: { amount: Schema.Number },
  Done: { receipt: Schema.String },
  Refused: { amount: Schema.Number }
})

const order = Workflow.make("order", Order, {
  initial: "Start",
  exits: ["Done", "Refused"],
  states: {
    Start: { to: ["Pay"], run: ({ amount }) => Effect.as(Store.put(Note, "begun"), { _tag: "Pay", amount }) },
    Pay: {
      to: ["Done", "Refused"],
      run: Workflow.asTask(
        payment,
        (exit) => ({ _tag: "Done", receipt: exit.receipt }),
        ({ amount }: { readonly amount: number }) => ({ _tag: "Ask", amount })
      ),
      catch: { Declined: (error) => ({ _tag: "Refused", amount: error.amount }) }
    }
  }
})

const worker = Durable.register(order, { errors: Declined }).pipe(
  Layer.provideMerge(Durable.layer()),
  Layer.provideMerge(Journal.layerMemory)
)

describe("child runs", () => {
  it.effect("a nested workflow is a run of its own, with the store of its parent", () =>
    Effect.gen(function* () {
      const exit = yield* Durable.run(order, { runId: "o", state: { _tag: "Start", amount: 5 } })
      assert.deepStrictEqual(exit, { _tag: "Done", receipt: "r5" })
      const { runs } = yield* Durable.list()
      assert.deepStrictEqual(
        runs.map(({ parent, runId, status }) => [runId, status, parent?.runId]),
        [
          ["o~1", "done", "o"],
          ["o", "done", undefined]
        ]
      )
      const journal = yield* Journal.Journal
      const loaded = yield* journal.load("o")
      assert.deepStrictEqual(loaded._tag === "Some" && loaded.value.store, [["note", '{"v":1,"value":"begun, paid"}']])
    }).pipe(Effect.provide(worker))
  )

  it.effect("the failure of a child takes the error edge of its parent", () =>
    Effect.gen(function* () {
      const exit = yield* Durable.run(order, { runId: "o", state: { _tag: "Start", amount: 50 } })
      assert.deepStrictEqual(exit, { _tag: "Refused", amount: 50 })
    }).pipe(Effect.provide(worker))
  )

  it.effect("a cancelled parent cancels its children first", () =>
    Effect.gen(function* () {
      const Go = Signal.make("go", Schema.Void)
      const waits = Workflow.make("waits", Schema.Literals(["Wait", "End"]), {
        initial: "Wait",
        exits: ["End"],
        states: { Wait: { to: ["End"], run: Task.awaitSignal(Go, () => "End") } }
      })
      const parent = Workflow.make("parent", Schema.Literals(["Nest", "Over"]), {
        initial: "Nest",
        exits: ["Over"],
        states: { Nest: { to: ["Over"], run: Workflow.asTask(waits, () => "Over") } }
      })
      const fork = Workflow.make("fork", Schema.Literals(["Split", "Over"]), {
        initial: "Split",
        exits: ["Over"],
        states: { Split: { to: ["Over"], run: Task.fork({ branches: { a: waits, b: waits }, join: () => "Over" }) } }
      })
      yield* Effect.gen(function* () {
        yield* Durable.start(parent, { runId: "p" })
        yield* Durable.start(fork, { runId: "f" })
        yield* pass("1 second")
        assert.strictEqual((yield* Durable.get("p")).status, "waiting")
        assert.strictEqual((yield* Durable.get("p~0")).status, "waiting")
        assert.strictEqual((yield* Durable.get("f")).status, "running")
        assert.strictEqual((yield* Durable.get("f~0~a")).status, "waiting")
        assert.strictEqual(yield* Durable.cancel("p"), "Requested")
        assert.strictEqual(yield* Durable.cancel("f"), "Requested")
        yield* pass("1 second")
        for (const id of ["p", "p~0", "f", "f~0~a", "f~0~b"])
          assert.strictEqual((yield* Durable.get(id)).status, "cancelled", id)
        yield* Durable.start(fork, { runId: "g" })
        yield* pass("1 second")
        yield* Durable.signal("g~0~a", Go, undefined)
        yield* Durable.signal("g~0~b", Go, undefined)
        yield* pass("1 second")
        assert.strictEqual(yield* Durable.awaitOutcome(fork, "g"), "Over")
      }).pipe(
        Effect.provide(
          Layer.mergeAll(Durable.register(parent), Durable.register(fork)).pipe(
            Layer.provideMerge(Durable.layer()),
            Layer.provide(Journal.layerMemory)
          )
        )
      )
    })
  )
})
