/**
 * W3: all machines of three states with two edges each, and every script of three decisions, each an edge, a failure or a
 * defect, with and without error edges.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type { Form, Machine } from "effect-cano-testing/Machines"
import { interpret } from "effect-cano-testing/Reference"
import { build, makeLog, observe } from "effect-cano-testing/Trial"
import { refusal } from "../support/refusal.ts"

const working = ["A", "B", "C"] as const
const targets = [...working, "X"]
const pairs = targets.flatMap((first) => targets.filter((second) => second !== first).map((second) => [first, second]))
const formOf = { A: "exit", B: "generator", C: "node" } satisfies Record<string, Form>

const graphs = pairs.flatMap((A) => pairs.flatMap((B) => pairs.map((C) => ({ A, B, C }))))
const decisions = [0, 1, "fail", "die"] as const
const scripts = decisions.flatMap((a) => decisions.flatMap((b) => decisions.map((c) => [a, b, c])))

/** Nothing here waits, so no time passes and the runs are synchronous. */
const still: Clock.Clock = {
  currentTimeMillisUnsafe: () => 0,
  currentTimeMillis: Effect.succeed(0),
  currentTimeNanosUnsafe: () => 0n,
  currentTimeNanos: Effect.succeed(0n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.die("a sleep")
}

const machineOf = (graph: (typeof graphs)[number], caught: boolean, choices: Machine["choices"]): Machine => ({
  records: false,
  start: "A",
  exits: ["X"],
  maxTransitions: 5,
  choices,
  states: Object.fromEntries(
    working.map((tag) => [
      tag,
      {
        to: graph[tag],
        form: formOf[tag],
        script: [],
        catch: caught ? { E0: { to: graph[tag][1]!, byFunction: tag === "B" } } : {}
      }
    ])
  )
})

/** What can be reached from a tag in any number of steps, by trying. */
const reachable = (graph: (typeof graphs)[number], from: string): ReadonlySet<string> => {
  let found = new Set([from])
  for (let round = 0; round < targets.length; round++) {
    found = new Set([...found].flatMap((tag) => [tag, ...(graph[tag as "A"] ?? [])]))
  }
  return found
}

const faults = (graph: (typeof graphs)[number]): ReadonlyArray<string> => [
  ...targets.filter((tag) => !reachable(graph, "A").has(tag)).map((tag) => `state "${tag}" cannot be reached from "A"`),
  ...working.filter((tag) => !reachable(graph, tag).has("X")).map((tag) => `no exit can be reached from state "${tag}"`)
]

describe(`laws of small machines: ${graphs.length} graphs, ${scripts.length} scripts`, () => {
  const sound = graphs.filter((graph) => faults(graph).length === 0)

  it(`W8 exactly the ${graphs.length - sound.length} graphs with a state out of reach or without a way out are refused`, () => {
    assert.strictEqual(graphs.length, 12 ** 3)
    for (const graph of graphs) {
      const define = () => build(machineOf(graph, false, []), makeLog())
      if (faults(graph).length === 0) define()
      else assert.deepStrictEqual(refusal(define).problems, faults(graph), JSON.stringify(graph))
    }
  })

  for (const caught of [false, true]) {
    it(`W3 the other ${sound.length} do what the reference does with every script, failures ${caught ? "" : "not "}caught`, () => {
      for (const graph of sound) {
        for (const choices of scripts) {
          const machine = machineOf(graph, caught, choices)
          const actual = Effect.runSync(Effect.provideService(observe(machine), Clock.Clock, still))
          if (!Equal.equals(actual, interpret(machine))) {
            assert.deepStrictEqual(actual, interpret(machine), JSON.stringify(machine))
          }
        }
      }
    }, 30_000)
  }
})
