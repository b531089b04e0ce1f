/** A workflow as a value: what it tells of itself. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Workflow from "../../src/Workflow.ts"

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

describe("the run", () => {
  const chain = Workflow.make("chain", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: { to: ["C", "Failed"], run: () => "C" },
      C: { to: ["Done"], run: () => "Done" }
    }
  })

  it.effect("describes itself: name, schema, initial, exits, edges", () =>
    Effect.sync(() => {
      assert.isTrue(Workflow.isWorkflow(chain))
      for (const other of [null, "chain", {}, Letters]) assert.isFalse(Workflow.isWorkflow(other))
      assert.strictEqual(chain.name, "chain")
      assert.strictEqual(chain.schema, Letters)
      assert.strictEqual(chain.initial, "A")
      assert.deepStrictEqual(chain.exits, ["Done", "Failed"])
      assert.deepStrictEqual(Array.from(chain.edges), [
        ["A", ["B"]],
        ["B", ["C", "Failed"]],
        ["C", ["Done"]]
      ])
    })
  )
})

describe("the state a run needs", () => {
  const Payment = Schema.TaggedUnion({ Charge: { cents: Schema.Number }, Paid: {} })
  const payment = Workflow.make("payment", Payment, {
    initial: "Charge",
    exits: ["Paid"],
    states: { Charge: { to: ["Paid"], run: () => ({ _tag: "Paid" }) } }
  })

  it("is not printed with the workflow, which shows its graph only", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(payment)), {
      _id: "Workflow",
      name: "payment",
      initial: "Charge",
      exits: ["Paid"],
      edges: { Charge: ["Paid"] }
    })
  })
})
