import * as Effect from "effect/Effect"

/** Runs an operation again and again, in a loop that costs the same for every contender. */
export const repeat = <E, R>(
  times: number,
  operation: () => Effect.Effect<unknown, E, R>
): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    let done = 0
    const loop = Effect.whileLoop({
      while: () => done < times,
      body: operation,
      step: () => {
        done++
      }
    })
    return Effect.map(loop, () => done)
  })
