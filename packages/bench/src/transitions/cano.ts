import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { makeRing, states, type Working } from "./ring.ts"

const Ring = Schema.Literals(states)

const runs = (run: Effect.Effect<"Done">, start: () => void, taken: () => number) => () => {
  start()
  return Effect.runPromise(run).then(taken)
}

/** Pure functions that return the next state. */
export const routes: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: hop("S1") },
      S1: { to: ["S2", "Done"], run: hop("S2") },
      S2: { to: ["S3", "Done"], run: hop("S3") },
      S3: { to: ["S4", "Done"], run: hop("S4") },
      S4: { to: ["S5", "Done"], run: hop("S5") },
      S5: { to: ["S6", "Done"], run: hop("S6") },
      S6: { to: ["S7", "Done"], run: hop("S7") },
      S7: { to: ["S0", "Done"], run: hop("S0") }
    }
  })
  return runs(Workflow.run(ring), start, taken)
}

/** An `Effect.sync` for each state. */
export const syncTasks: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: Effect.sync(hop("S1")) },
      S1: { to: ["S2", "Done"], run: Effect.sync(hop("S2")) },
      S2: { to: ["S3", "Done"], run: Effect.sync(hop("S3")) },
      S3: { to: ["S4", "Done"], run: Effect.sync(hop("S4")) },
      S4: { to: ["S5", "Done"], run: Effect.sync(hop("S5")) },
      S5: { to: ["S6", "Done"], run: Effect.sync(hop("S6")) },
      S6: { to: ["S7", "Done"], run: Effect.sync(hop("S7")) },
      S7: { to: ["S0", "Done"], run: Effect.sync(hop("S0")) }
    }
  })
  return runs(Workflow.run(ring), start, taken)
}

/** A function for each state that builds its `Effect.sync` when it is entered. */
export const functions: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const build = <const Target extends Working>(target: Target) => {
    const next = hop(target)
    return () => Effect.sync(next)
  }
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: build("S1") },
      S1: { to: ["S2", "Done"], run: build("S2") },
      S2: { to: ["S3", "Done"], run: build("S3") },
      S3: { to: ["S4", "Done"], run: build("S4") },
      S4: { to: ["S5", "Done"], run: build("S5") },
      S5: { to: ["S6", "Done"], run: build("S6") },
      S6: { to: ["S7", "Done"], run: build("S7") },
      S7: { to: ["S0", "Done"], run: build("S0") }
    }
  })
  return runs(Workflow.run(ring), start, taken)
}

/** A generator function with one `yield*` for each state. */
export const generators: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const generator = <const Target extends Working>(target: Target) => {
    const next = Effect.sync(hop(target))
    return function* () {
      return yield* next
    }
  }
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: generator("S1") },
      S1: { to: ["S2", "Done"], run: generator("S2") },
      S2: { to: ["S3", "Done"], run: generator("S3") },
      S3: { to: ["S4", "Done"], run: generator("S4") },
      S4: { to: ["S5", "Done"], run: generator("S5") },
      S5: { to: ["S6", "Done"], run: generator("S6") },
      S6: { to: ["S7", "Done"], run: generator("S7") },
      S7: { to: ["S0", "Done"], run: generator("S0") }
    }
  })
  return runs(Workflow.run(ring), start, taken)
}

/** An `Effect.sync` for each state, with a retry that is never needed. */
export const retried: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const retry = Retry.fixed(3, "1 second")
  const task = <const Target extends Working>(target: Target) => Task.make({ retry, run: Effect.sync(hop(target)) })
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1", "Done"], run: task("S1") },
      S1: { to: ["S2", "Done"], run: task("S2") },
      S2: { to: ["S3", "Done"], run: task("S3") },
      S3: { to: ["S4", "Done"], run: task("S4") },
      S4: { to: ["S5", "Done"], run: task("S5") },
      S5: { to: ["S6", "Done"], run: task("S6") },
      S6: { to: ["S7", "Done"], run: task("S7") },
      S7: { to: ["S0", "Done"], run: task("S0") }
    }
  })
  return runs(Workflow.run(ring), start, taken)
}

/** `Effect.succeed` for each state but the last, which counts the lap. */
export const succeed: Prepare = (transitions) => {
  let left = transitions
  const ring = Workflow.make("ring", Ring, {
    initial: "S0",
    exits: ["Done"],
    states: {
      S0: { to: ["S1"], run: Effect.succeed("S1") },
      S1: { to: ["S2"], run: Effect.succeed("S2") },
      S2: { to: ["S3"], run: Effect.succeed("S3") },
      S3: { to: ["S4"], run: Effect.succeed("S4") },
      S4: { to: ["S5"], run: Effect.succeed("S5") },
      S5: { to: ["S6"], run: Effect.succeed("S6") },
      S6: { to: ["S7"], run: Effect.succeed("S7") },
      S7: { to: ["S0", "Done"], run: () => ((left -= 8) > 0 ? "S0" : "Done") }
    }
  })
  return runs(
    Workflow.run(ring),
    () => {
      left = transitions
    },
    () => transitions - left
  )
}
