/** W7: what types cannot say, and what untyped callers get wrong, is refused when the definition is made. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeUnchecked } from "effect-cano-testing/Runs"
import * as Retry from "../../src/Retry.ts"
import * as Workflow from "../../src/Workflow.ts"
import { refusal } from "../support/refusal.ts"

const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

const long = "x".repeat(257)

const go = (...to: ReadonlyArray<string>) => ({ to, run: () => to[0] })

const machine = (options: object) => () =>
  makeUnchecked("broken", Letters, { initial: "A", exits: ["Done"], states: { A: go("Done") }, ...options })

describe("W7: Workflow.make refuses", () => {
  const faults: Record<string, [define: () => unknown, problems: ReadonlyArray<string>]> = {
    "a state that cannot be reached": [
      machine({ states: { A: go("Done"), B: go("A") } }),
      ['state "B" cannot be reached from "A"']
    ],
    "an exit that cannot be reached": [
      machine({ exits: ["Done", "Failed"] }),
      ['state "Failed" cannot be reached from "A"']
    ],
    "a state from which no exit can be reached": [
      machine({ states: { A: go("B", "Done"), B: go("C"), C: go("B") } }),
      ['no exit can be reached from state "B"', 'no exit can be reached from state "C"']
    ],
    "a state without an edge": [
      machine({ states: { A: go("B", "Done"), B: go() } }),
      ['no exit can be reached from state "B"']
    ],
    "a key that a state does not have": [
      machine({ states: { A: { ...go("Done"), retry: Retry.fixed(1, 1), cath: {} } } }),
      [
        'state "A" has no "retry": a state has "to", "run", "catch" and "compensate"',
        'state "A" has no "cath": a state has "to", "run", "catch" and "compensate"'
      ]
    ],
    "a catch to a state that its edges do not list": [
      machine({ states: { A: { ...go("Done"), catch: { E: "B" } } } }),
      ['state "A" catches "E" with "B", which its "to" does not list']
    ],
    "a catch with a payload to a state that its edges do not list": [
      machine({ states: { A: { ...go("Done"), catch: { "*": { to: "B", with: () => ({}) } } } } }),
      ['state "A" catches "*" with "B", which its "to" does not list']
    ],
    "a catch that is no route": [
      machine({ states: { A: { ...go("Done"), catch: { E: { to: "Done" } } } }, catch: { F: 7 } }),
      [
        'state "A" catches "E" with an object, expected a tag, a function or { to, with }',
        'the workflow catches "F" with 7, expected a tag, a function or { to, with }'
      ]
    ],
    "a catch of the workflow to a state that no edges list": [
      machine({ states: { A: go("Done") }, catch: { E: "Nowhere" } }),
      ['the workflow catches "E" with "Nowhere", which no state\'s "to" lists']
    ],
    "a state without a definition, or without edges": [
      machine({ states: { A: go("Done"), B: undefined, C: { run: () => "Done" } } }),
      [
        'state "B" has no list of edges under "to"',
        'state "C" has no list of edges under "to"',
        'state "B" cannot be reached from "A"',
        'state "C" cannot be reached from "A"',
        'no exit can be reached from state "B"',
        'no exit can be reached from state "C"'
      ]
    ],
    "no exits": [machine({ exits: [] }), ["there is no exit", 'state "A" can go to "Done", which is not defined']],
    "an exit that is listed twice": [machine({ exits: ["Done", "Done"] }), ['exit "Done" is listed twice']],
    "an edge that is listed twice": [machine({ states: { A: go("Done", "Done") } }), ['state "A" lists "Done" twice']],
    "an exit with a definition": [
      machine({ states: { A: go("Done"), Done: go("A") } }),
      ['exit "Done" has a definition']
    ],
    "an initial state that is not defined": [
      machine({ initial: "Nowhere" }),
      ['initial state "Nowhere" is not defined']
    ],
    "a target that is not defined": [
      machine({ states: { A: go("Done", "Nowhere") } }),
      ['state "A" can go to "Nowhere", which is not defined']
    ],
    "an empty name": [
      () => makeUnchecked("", Letters, { initial: "A", exits: ["Done"], states: { A: go("Done") } }),
      ["the name is empty"]
    ],
    "a name that is too long": [
      () => makeUnchecked(long, Letters, { initial: "A", exits: ["Done"], states: { A: go("Done") } }),
      [`the name "${"x".repeat(40)}…" is 257 characters long, at most 256 are allowed`]
    ],
    "a name that is not a string": [
      () => makeUnchecked(7 as never, Letters, { initial: "A", exits: ["Done"], states: { A: go("Done") } }),
      ["the name is not a string"]
    ],
    "an empty tag": [machine({ states: { A: go("", "Done"), "": go("Done") } }), ["a state's name is empty"]],
    "a tag that is too long": [
      machine({ states: { A: go(long, "Done"), [long]: go("Done") } }),
      [`a state's name "${"x".repeat(40)}…" is 257 characters long, at most 256 are allowed`]
    ],
    "an exit's tag that is too long": [
      machine({ exits: [long], states: { A: go(long) } }),
      [`a state's name "${"x".repeat(40)}…" is 257 characters long, at most 256 are allowed`]
    ]
  }
  for (const [fault, [define, problems]] of Object.entries(faults)) {
    it(`${fault}, and names it`, () => {
      const error = refusal(define)
      assert.deepStrictEqual(error.problems, problems)
      for (const problem of problems) assert.include(error.message, problem)
      assert.isTrue(error.subject.startsWith("Workflow"))
    })
  }

  it("several faults at once, and lists them all", () => {
    const error = refusal(() =>
      makeUnchecked("", Letters, {
        initial: "Nowhere",
        exits: ["Done", "Done"],
        states: { A: go("B", "B"), B: go("Elsewhere") }
      })
    )
    assert.deepStrictEqual(error.problems, [
      "the name is empty",
      'exit "Done" is listed twice',
      'initial state "Nowhere" is not defined',
      'state "A" lists "B" twice',
      'state "B" can go to "Elsewhere", which is not defined'
    ])
    assert.strictEqual(error.message, `Workflow "": ${error.problems.join("; ")}`)
  })

  it("nothing that is right: names of 1 and of 256 characters, self loops, an initial state that is an exit's neighbour", () => {
    const tag = "y".repeat(256)
    makeUnchecked("x".repeat(256), Letters, { initial: "A", exits: ["D"], states: { A: go("A", tag), [tag]: go("D") } })
    makeUnchecked("x", Letters, { initial: "A", exits: ["D"], states: { A: go("D") } })
  })

  it("nothing because of a tag that objects know already", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    const states = Object.fromEntries(names.map((name, i) => [name, go(names[i + 1] ?? "Done")]))
    const workflow = makeUnchecked("names", Schema.Literals([...names, "Done"]), {
      initial: "__proto__",
      exits: ["Done"],
      states
    })
    assert.deepStrictEqual(Array.from(workflow.edges.keys()), names)
    assert.strictEqual(Effect.runSync(Workflow.run(workflow)), "Done")
  })
})

describe("withMaxTransitions refuses", () => {
  const fine = machine({})() as Workflow.Workflow<string, string>
  for (const n of [0, -1, 1.5, NaN, Infinity, 2 ** 53, "3", undefined, null]) {
    it(`${String(n)}`, () => {
      const error = refusal(() => Workflow.withMaxTransitions(fine, n as number))
      const shown = typeof n === "string" ? `"${n}"` : n
      assert.strictEqual(error.message, `Workflow "broken": maxTransitions is ${shown}, expected a whole number from 1`)
    })
  }
})
