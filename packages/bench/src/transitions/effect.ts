import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"
import { makeRing, type State, type Working } from "./ring.ts"

type Table = Record<Working, Effect.Effect<State>>

/** The fastest loop that Effect has: `whileLoop` with an object that keeps its own state, effects built beforehand. */
class Loop {
  state: State = "S0"
  readonly table: Table
  constructor(table: Table) {
    this.table = table
  }
  while() {
    return this.state !== "Done"
  }
  body() {
    return this.table[this.state as Working]
  }
  step(next: State) {
    this.state = next
  }
}

const effectTable = (make: (target: Working) => Effect.Effect<State>): Table => ({
  S0: make("S1"),
  S1: make("S2"),
  S2: make("S3"),
  S3: make("S4"),
  S4: make("S5"),
  S5: make("S6"),
  S6: make("S7"),
  S7: make("S0")
})

export const whileLoop: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const table = effectTable((target) => Effect.sync(hop(target)))
  return () => {
    start()
    return Effect.runPromise(Effect.whileLoop(new Loop(table))).then(taken)
  }
}

/** The options object that the documentation shows: closures, and effects that are built when a state is entered. */
export const whileLoopClosures: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const build = (target: Working) => {
    const next = hop(target)
    return () => Effect.sync<State>(next)
  }
  const table: Record<Working, () => Effect.Effect<State>> = {
    S0: build("S1"),
    S1: build("S2"),
    S2: build("S3"),
    S3: build("S4"),
    S4: build("S5"),
    S5: build("S6"),
    S6: build("S7"),
    S7: build("S0")
  }
  return () => {
    start()
    let state: State = "S0"
    const loop = Effect.whileLoop({
      while: () => state !== "Done",
      body: () => table[state as Working](),
      step: (next) => {
        state = next
      }
    })
    return Effect.runPromise(loop).then(taken)
  }
}

/** The same loop over states that are generators with one `yield*`, each made once. */
export const whileLoopGenerators: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const table = effectTable((target) => {
    const next = Effect.sync(hop(target))
    return Effect.gen(function* () {
      return yield* next
    })
  })
  return () => {
    start()
    return Effect.runPromise(Effect.whileLoop(new Loop(table))).then(taken)
  }
}

/** What one writes first. It never yields to other fibers, and cannot be interrupted. */
export const genLoop: Prepare = (transitions) => {
  const { hop, start, taken } = makeRing(transitions)
  const table = effectTable((target) => Effect.sync(hop(target)))
  const loop = Effect.gen(function* () {
    let state: State = "S0"
    while (state !== "Done") state = yield* table[state]
    return state
  })
  return () => {
    start()
    return Effect.runPromise(loop).then(taken)
  }
}
