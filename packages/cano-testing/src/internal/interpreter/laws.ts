/**
 * Laws: the runs of random and of small machines have the outcome that the reference interpreter predicts, and random
 * machines are interrupted at each of their steps. `CANO_SEED=7 CANO_RUNS=1` replays machine 7. A higher `CANO_RUNS`
 * tries more machines.
 */
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { randomMachine } from "../../Machines.ts"
import { interpret } from "../../Reference.ts"
import { replay } from "../../Seed.ts"
import { faults, graphs, machineOf, scripts } from "../../SmallMachines.ts"
import { agree, observe } from "../../Trial.ts"
import { interruptions } from "./interruptions.ts"
import type { Suite } from "./suite.ts"

/** A clock that stands still. Small machines do not sleep, so their runs are synchronous. */
const still: Clock.Clock = {
  currentTimeMillisUnsafe: () => 0,
  currentTimeMillis: Effect.succeed(0),
  currentTimeNanosUnsafe: () => 0n,
  currentTimeNanos: Effect.succeed(0n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.die("a sleep")
}

export const laws = (suite: Suite): void => {
  const { given, run, sizes } = suite
  const { runs, seed } = replay(sizes.machines)

  describe(`laws of the interpreter, seed ${seed}`, () => {
    given("once", "counts", "identity").effect(
      `W1, W2, W3, W4: ${runs} random machines do what the reference interpreter does`,
      () => agree(seed, runs, (seed) => observe(randomMachine(seed), { run })),
      60_000
    )

    const sound = graphs.filter((graph) => faults(graph).length === 0).filter((_, i) => i % sizes.stride === 0)
    for (const caught of [false, true]) {
      given("once", "counts", "synchronous").effect(
        `W1, W2, W3, W4: ${sound.length} machines of three states do it with each of ${scripts.length} scripts, failures ${caught ? "" : "not "}caught`,
        () =>
          Effect.sync(() => {
            for (const graph of sound) {
              for (const choices of scripts) {
                const machine = machineOf(graph, caught, choices)
                const actual = Effect.runSync(Effect.provideService(observe(machine, { run }), Clock.Clock, still))
                if (!Equal.equals(actual, interpret(machine))) {
                  assert.deepStrictEqual(actual, interpret(machine), JSON.stringify(machine))
                }
              }
            }
          }),
        60_000
      )
    }
  })

  interruptions(suite)
}
