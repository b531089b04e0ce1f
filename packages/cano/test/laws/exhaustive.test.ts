/** W7: of all machines of three states with two edges each, those that cannot work are refused. */
import { assert, describe, it } from "@effect/vitest"
import { faults, graphs, machineOf } from "effect-cano-testing/SmallMachines"
import { build, makeLog } from "effect-cano-testing/Trial"
import { refusal } from "../support/refusal.ts"

describe(`laws of small machines: ${graphs.length} graphs`, () => {
  const sound = graphs.filter((graph) => faults(graph).length === 0)

  it(`W7: exactly the ${graphs.length - sound.length} graphs with a state out of reach or without a way out are refused`, () => {
    assert.strictEqual(graphs.length, 12 ** 3)
    for (const graph of graphs) {
      const define = () => build(machineOf(graph, false, []), makeLog())
      if (faults(graph).length === 0) define()
      else assert.deepStrictEqual(refusal(define).problems, faults(graph), JSON.stringify(graph))
    }
  })
})
