import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Prepare } from "../harness/contender.ts"
import { makeRing, type State, type Working } from "../transitions/ring.ts"
import { otelTracer } from "./otel.ts"
import { inMemoryTracer } from "./tracer.ts"

/** A span for the run and one for every state, as one would write it by hand. */
const spansUnder =
  (tracer: Tracer.Tracer): Prepare =>
  (transitions) => {
    const { hop, start, taken } = makeRing(transitions)
    const traced = (name: Working, target: Working) =>
      Effect.sync<State>(hop(target)).pipe(
        Effect.withSpan(name, { attributes: { state: name, workflow: "ring" } }, { captureStackTrace: false })
      )
    const table: Record<Working, Effect.Effect<State>> = {
      S0: traced("S0", "S1"),
      S1: traced("S1", "S2"),
      S2: traced("S2", "S3"),
      S3: traced("S3", "S4"),
      S4: traced("S4", "S5"),
      S5: traced("S5", "S6"),
      S6: traced("S6", "S7"),
      S7: traced("S7", "S0")
    }
    const program = Effect.suspend(() => {
      let state: State = "S0"
      return Effect.whileLoop({
        while: () => state !== "Done",
        body: () => table[state as Working],
        step: (next) => {
          state = next
        }
      })
    }).pipe(Effect.withSpan("ring"), Effect.provideService(Tracer.Tracer, tracer))
    return () => {
      start()
      return Effect.runPromise(program).then(taken)
    }
  }

export const withSpans = spansUnder(inMemoryTracer)
export const withOtelSpans = spansUnder(otelTracer)
