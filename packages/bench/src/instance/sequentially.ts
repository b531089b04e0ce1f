import * as Effect from "effect/Effect"

/** Runs the runs one after another in one fiber. */
export const sequentially = <E, R>(runs: number, run: () => Effect.Effect<unknown, E, R>) =>
  Effect.suspend(() => {
    let finished = 0
    const loop = Effect.whileLoop({
      while: () => finished < runs,
      body: run,
      step: (exit) => {
        if (exit !== "Done") throw new Error("a run ended elsewhere")
        finished++
      }
    })
    return Effect.map(loop, () => finished)
  })
