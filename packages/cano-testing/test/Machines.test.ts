import { assert, describe, it } from "@effect/vitest"
import { randomMachine } from "../src/Machines.ts"
import { interpret } from "../src/Reference.ts"
import { replay } from "../src/Seed.ts"

const { seed } = replay(1)

describe("random machines", () => {
  it("the same seed gives the same machine and the same outcome", () => {
    for (let i = 0; i < 100; i++) {
      assert.deepStrictEqual(randomMachine(seed + i), randomMachine(seed + i))
      assert.deepStrictEqual(interpret(randomMachine(seed + i)), interpret(randomMachine(seed + i)))
    }
  })

  it("the random machines reach every kind of end, form, retry, timeout and error edge", () => {
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    for (let i = 0; i < 2000; i++) {
      const machine = randomMachine(i)
      const { attempts, end, path } = interpret(machine)
      count(Object.keys(end)[0]!)
      if ("error" in end) count(end.error)
      if (attempts.some((line) => line.includes("#4"))) count("fourth attempt")
      if (new Set(path).size < path.length) count("loop")
      for (const tag of new Set(path)) if (machine.states[tag] !== undefined) count(machine.states[tag].form)
    }
    const expected = [
      "exit",
      "error",
      "defect",
      "MaxTransitionsExceeded",
      "AttemptTimeout",
      "E0",
      "fourth attempt",
      "loop"
    ]
    for (const what of [...expected, "pure", "effect", "function", "generator", "task", "node", "nested"]) {
      assert.isAbove(seen.get(what) ?? 0, 20, what)
    }
  })
})
